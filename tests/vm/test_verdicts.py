# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts over everything that was staged, against what is known from the staging.

With VRING_WRITE_DOCS=1 the confusion matrix goes into docs/verdicts.md; without, the one
that stands there must be this run's.
"""

import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import forge
import pytest
import scenes_faults
import scenes_host
import scenes_host_faults
import truth
from lab import kernels

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs/verdicts.md"
MARK = "<!-- What follows is written by tests/vm/test_verdicts.py. -->\n"

CRASH = {"5.10": "7.2.9", "6.1": "8.0.2", "6.12": "8.0.6", "7.3": "9.0.2"}
# Of vhostq: it opens all of them.
HOST_CRASH = "9.0.2"

GUESTS = [("faults", "6.1"), ("faults", "5.10"), ("faults", "7.3"), ("starved", "6.1"), ("starved", "7.3"),
          ("forged", "6.1"), ("forged", "5.10"), ("forged", "7.3"), ("instants", "6.1"), ("instants", "7.3"),
          ("panicked", "6.1"),
          ("zoo", "6.1"), ("zoo", "5.10"), ("zoo", "6.12"), ("zoo", "7.3"), ("busy_tap", "6.1"), ("wrapped", "6.1"),
          ("stalled", "6.1"), ("stalled", "6.12"), ("stalled_fifo", "6.1"), ("caught", "6.1"), ("five_levels", "6.1")]
MOMENTS = {"6.1": 4, "7.3": 2}
HOSTS = [("every", "6.1"), ("every", "5.10"), ("every", "6.12"), ("every", "7.3"), ("held", "6.1"), ("held", "5.10"),
         ("held", "6.12"), ("held", "7.3"), ("rare", "6.1"), ("faulty", "6.1"), ("faulty", "7.3"), ("busy", "6.1")]
HOW = {"every": scenes_host.WHOLE, "held": scenes_host.HELD, "rare": scenes_host.RARE,
       "faulty": scenes_host_faults.FAULTY}
BUSY_MOMENTS = 3


@dataclass
class Judged:
    """A queue: whose, what vring or vhostq says, and what is true. second: drgn's reading of a guest's."""

    who: str
    queue: dict
    truth: truth.Truth
    second: dict = None
    words: tuple = ()

    @property
    def verdict(self) -> dict:
        return self.queue["verdict"]


@pytest.fixture(scope="module")
def command(crash, kernel, vring_so, tmp_path_factory):
    """command('vring', version, '6.1', core) -> its document"""
    def run(what, version, name, path):
        file = tmp_path_factory.mktemp("json") / "out.json"
        result = crash(version).run(path, kernel(name).vmlinux, [f"{what} -j > {file}"], minimal=True, so=vring_so,
                                    timeout=300)
        assert len(result.outputs) == 1, result.stdout + result.stderr
        return json.loads(file.read_text())
    return run


@pytest.fixture(scope="module")
def guest(net_scene, make_dump, kernel, command):
    """guest('faults', '6.1') -> [Judged, ...]"""
    made = {}

    def get(scene, name):
        if (scene, name) not in made:
            made[scene, name] = list(_guest(scene, name, net_scene, make_dump, kernel, command))
        return made[scene, name]
    return get


def _guest(scene, name, net_scene, make_dump, kernel, command):
    if scene == "instants":
        folder = make_dump(f"net-instants-{name}",
                           lambda f: scenes_faults.instants(kernel(name), f, MOMENTS[name]))
        for path in sorted(folder.glob("core-*")):
            for queue in command("vring", CRASH[name], name, path)["queues"]:
                yield Judged(f"{path.name} {queue['device']} {queue['queue']}", queue, truth.MOVING)
        return
    base = net_scene("faults" if scene == "forged" else scene, name)
    devices = {device["net_device"]: device for device in base.devices}
    path = base.dump.core
    if scene == "forged":
        folder = make_dump(f"net-forged-{name}", lambda f: forge.forge(
            kernel(name), base.dump.core, f / "core", lambda what: scenes_faults.mac_of(scenes_faults.numbered(what))))
        path = folder / "core"
    for queue in command("vring", CRASH[name], name, path)["queues"]:
        device = devices[queue["net_device"]]
        second = next(q for q in device["queues"] if q["queue"] == queue["queue"])
        what = _name_of(scene, device)
        found, words = truth.of_guest("faults" if scene == "forged" else scene, name, what, second, device), ()
        if scene == "forged":
            found, words = _forged(what, queue["queue"], found)
        yield Judged(f"{what} {queue['queue']}", queue, found, second, words)


def _name_of(scene, device: dict) -> str:
    number = int(device["mac"].split(":")[-1], 16)
    if scene in ("faults", "forged"):
        return scenes_faults.NICS[number].what
    return scenes_faults.STARVED[number] if scene == "starved" else device["device"]


def _forged(what: str, label: str, otherwise) -> tuple:
    """Return the truth of a queue of the forged core, and what names the failed check."""
    for one in forge.FORGERIES:
        if (one.device, one.queue) == (what, label):
            return truth.Truth(f"forged: {one.what}", one.states, one.severities, "written into the core"), one.words
    if (what, label) in {(device, queue) for device, queue, _ in forge.HOLES}:
        return truth.Truth("ring's pages not in the dump", ("unreadable",), ("info", *truth.LOUD), "cut out"), ()
    return otherwise, ()


@pytest.fixture(scope="module")
def host(make_dump, kernel, command, host_session):
    """host('faulty', '6.1') -> [Judged, ...], each with what is expected and what the process told as second"""
    made = {}

    def get(scene, name):
        if (scene, name) not in made:
            made[scene, name] = list(_host(scene, name, make_dump, kernel, command, host_session))
        return made[scene, name]
    return get


def _host(scene, name, make_dump, kernel, command, host_session):
    if scene == "busy":
        folder = make_dump(f"host-busy-{name}",
                           lambda f: scenes_host_faults.instants(kernel(name), f, BUSY_MOMENTS))
        for path in sorted(folder.glob("core-*")):
            for queue in command("vhostq", HOST_CRASH, name, path)["queues"]:
                yield Judged(f"{path.name} {queue['device']} {queue['queue']}", queue, truth.MOVING)
        return
    for expected, told, ring, queue in host_session(name, scene, HOW[scene]).rings():
        device = told["vhost"]["name"]
        yield Judged(f"{device} vq {ring.vq}", queue, truth.of_host(scene, name, device, ring.vq, ring.backend),
                     {"expected": expected, "told": told})


# ---- that the scenes are what they are called --------------------------------------------------------------

@pytest.mark.parametrize("scene, name", [g for g in GUESTS if g[0] in ("faults", "starved") or "stalled" in g[0]])
def test_guest_staging_is_real(guest, scene, name):
    """By drgn's reading, which shares nothing with ours."""
    judged = guest(scene, name)
    wrong = [f"{one.who}: {one.second}" for one in judged if one.truth.proof and not one.truth.proof(one.second)]
    assert not wrong, "\n".join(["not what it should be:", *wrong])
    table = {"faults": truth.BYTE_LIMITS if name in ("6.12", "7.3") else truth.FAULTS, "starved": truth.STARVING}
    missing = {f"{what} {queue}" for what, queue in table.get(scene, ())} - {one.who for one in judged}
    assert not missing


@pytest.mark.parametrize("name", ["6.1", "5.10", "7.3"])
def test_forgeries_change_nothing_else(guest, name):
    """Whatever was not forged reads as before."""
    before = {one.who: one for one in guest("faults", name)}
    forged = {f"{one.device} {one.queue}" for one in forge.FORGERIES} | {f"{d} {q}" for d, q, _ in forge.HOLES}
    # With a stopped queue the age begins to mean something.
    plain = [one for one in guest("forged", name) if one.who not in forged]
    assert len(plain) == len(before) - len(forged)
    for one in plain:
        assert one.queue | {"verdict": 0} == before[one.who].queue | {"verdict": 0}, one.who


@pytest.mark.parametrize("name", ["6.1", "7.3"])
def test_host_staging_is_real(host, name):
    """vhost's members are what follows from the script, and the words what the process saw itself."""
    wrong = []
    for one in host("faulty", name):
        queue, expected, told = one.queue, one.second["expected"], one.second["told"]
        wrong += [f"{one.who}: {what} is {queue[what]}, not {value}" for what, value in expected.items()
                  if value is not None and queue[what] != value]
        wrong += [f"{one.who}: {part} is {queue['ring'][part]}, not {told[part]}" for part in ("avail", "used")
                  if queue["ring"][part] != told[part]]
    assert not wrong, "\n".join(wrong)
    # What vhost has taken and what is still in the tap: how they share them depends on when it woke.
    waiting = {one.who: one.queue["rxq"]["pending"] + one.queue["tx_ring"]["used"] for one in host("faulty", name)
               if one.queue["rxq"]["pending"]}
    assert waiting == {"lost-rx vq 0": 26, "drained vq 0": 30, "too-small vq 0": 1}


def test_names_in_the_truth_exist():
    """A misspelt one would leave its queue among the healthy."""
    devices = {nic.what for nic in scenes_faults.NICS}
    assert {what for what, _ in truth.BYTE_LIMITS} <= devices
    assert {one.device for one in forge.FORGERIES} | {device for device, _, _ in forge.HOLES} <= devices
    assert {what for what, _ in truth.STARVING} <= set(scenes_faults.STARVED)
    names = truth.host_names() | set(scenes_host_faults.faulty().vhosts) | {"held"}
    assert {name for name, _ in truth.HOST} <= names
    for one in vars(truth).values():
        if isinstance(one, truth.Truth):
            assert set(one.states) <= set(truth.STATES) and set(one.severities) <= {*truth.CALM, *truth.LOUD}


# ---- verdicts ------------------------------------------------------------------------------------------------

# They come with check.c.
judge = pytest.mark.skipif(not (TOP / "check.c").exists(), reason="no verdicts yet")


def disagreements(judged) -> list:
    wrong = []
    for one in judged:
        verdict, true = one.verdict, one.truth
        if verdict is None:
            wrong.append(f"{one.who}: no verdict")
            continue
        said = f"{verdict['state']}/{verdict['severity']}"
        reasons = "; ".join(f"{r['check']}: {r['text']}" for r in verdict["reasons"])
        if verdict["state"] not in true.states or verdict["severity"] not in true.severities:
            wrong.append(f"{one.who}: {said} ({reasons}), not {'|'.join(true.states)}/{'|'.join(true.severities)}: "
                         f"{true.staged}, {true.why}")
        elif verdict["severity"] in truth.LOUD and not reasons:
            wrong.append(f"{one.who}: {said} for no reason")
        elif one.words and not truth.named(reasons, one.words):
            wrong.append(f"{one.who}: {true.staged}, but the reasons are {reasons}")
    return wrong


@judge
@pytest.mark.parametrize("scene, name", GUESTS)
def test_guest_verdicts(guest, scene, name):
    wrong = disagreements(guest(scene, name))
    assert not wrong, "\n".join(["disagreements:", *wrong])


@judge
@pytest.mark.parametrize("scene, name", HOSTS)
def test_host_verdicts(host, scene, name):
    wrong = disagreements(host(scene, name))
    assert not wrong, "\n".join(["disagreements:", *wrong])


# The scenes of one kernel, and of all.
WHICH = pytest.mark.parametrize("which", [("6.1",), tuple(kernels.SUITES)], ids=["6.1", "all"])


def scenes_of(scenes, which) -> list:
    return [(scene, name) for scene, name in scenes if name in which]


@judge
@WHICH
def test_no_false_alarm(guest, host, which):
    """No healthy queue is warned of, wherever it is."""
    healthy = (truth.HEALTHY, truth.MOVING, truth.UNUSED, truth.PANICKED)
    loud = [f"{scene} {name} {one.who}: {one.verdict}" for get, scenes in ((guest, GUESTS), (host, HOSTS))
            for scene, name in scenes_of(scenes, which) for one in get(scene, name)
            if one.truth in healthy and one.verdict["severity"] in truth.LOUD]
    assert not loud, "\n".join(loud)


# ---- the table in the documentation ----------------------------------------------------------------------------

def column(state: str) -> str:
    """Which of the two a queue at rest is called may depend on its last packet."""
    return "idle, active" if state in ("idle", "active") else state


def counted(title: str, judged) -> list:
    """Return lines of Markdown: counts of queues, what was staged by what the verdict was."""
    counts = {}
    for one in judged:
        counts.setdefault(one.truth.staged, Counter())[column(one.verdict["state"])] += 1
    order = list(dict.fromkeys(map(column, truth.STATES)))
    columns = [state for state in order if any(seen[state] for seen in counts.values())]
    lines = [f"## {title}", "", "| staged | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    for staged in sorted(counts, key=lambda s: (s.startswith("forged"), not s.startswith("healthy"), s)):
        lines.append(f"| {staged} | " + " | ".join(str(counts[staged][state] or "") for state in columns) + " |")
    return [*lines, ""]


def matrix(title: str, scenes, get) -> list:
    """Return the table of some scenes, and one of those where the state depends on the moment."""
    still, moving = [], {}
    for scene, name in scenes:
        for one in get(scene, name):
            if one.truth in (truth.MOVING, truth.PANICKED):
                seen = moving.setdefault((scene, name), Counter())
                seen["loud" if one.verdict["severity"] in truth.LOUD else "calm"] += 1
            else:
                still.append(one)
    lines = counted(title, still)
    lines += ["Healthy and at work, so that the state depends on the moment:", "",
              "| scene | kernel | queues | of these warn or error |", "|---|---|--:|--:|"]
    lines += [f"| {scene} | {name} | {seen.total()} | {seen['loud']} |" for (scene, name), seen in moving.items()]
    return [*lines, ""]


def shape(table: str) -> list:
    """Return which verdict was given to what, without how often: a scene's queues may vary by a few."""
    return [re.sub(r"(?<=\| )\d+(?= \|)", "n", line) for line in table.strip().splitlines()]


def said(table: str) -> set:
    """Return the (what was staged, verdict) pairs of a document's tables."""
    pairs, columns = set(), []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| staged "):
            columns = cells[1:]
        elif line.startswith("| ") and columns:
            pairs |= {(cells[0], verdict) for verdict, count in zip(columns, cells[1:], strict=True) if count}
        else:
            columns = columns if line.startswith("|-") else []
    return pairs


@judge
@WHICH
def test_confusion_matrix(guest, host, which):
    lines = [*matrix("Guests", scenes_of(GUESTS, which), guest), *matrix("Hosts", scenes_of(HOSTS, which), host)]
    text = "\n".join(lines)
    before, mark, after = DOCS.read_text().partition(MARK)
    assert mark, f"{DOCS.name} has lost its mark"
    if len(which) < len(kernels.SUITES):
        # Of a part of the scenes, all of it is in there.
        assert said(text) and said(text) <= said(after)
    elif os.environ.get("VRING_WRITE_DOCS") == "1":
        DOCS.write_text(before + mark + "\n" + text)
    else:
        assert shape(after) == shape(text), "VRING_WRITE_DOCS=1 writes this run's table"
