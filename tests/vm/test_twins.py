# SPDX-License-Identifier: GPL-2.0-or-later
"""vring -c and vhostq -c with two guests alike on one host, and with faults that guest and host made together."""

import json
import os
import re
from dataclasses import dataclass

import pytest
import scenes_nested
import scenes_twins
import test_verdicts
import truth
from nested_host import NAMES, TAPS, VSOCK, guest_physical, guest_queues, host_devices
from test_compare import VERSION, answer, both_ways, joint, pairs

GUESTS = tuple(TAPS)
NET, SERVED = list(NAMES), [*NAMES, *(name.removeprefix("vsock ") for name in VSOCK)]
CALM = ("idle", "ok", "nobody")

# What scenes_twins stages: in words, and the joint verdict that is right for it.
KNOWN = {
    scenes_twins.is_unreaped: ("guest's QEMU stopped, vhost returns and signals",
                               ("lost-interrupt", "warn", "interrupt")),
    scenes_twins.is_unheard: ("guest's kicks go nowhere", ("lost-kick", "warn", "kick")),
    # One look does not tell a worker that starves from one that was woken just now.
    scenes_twins.is_unserved: ("vhost was kicked, worker gets no CPU", ("kick-not-served", "info", "vhost worker")),
    scenes_twins.is_cut_off: ("backend taken away, the guest goes on sending", ("stopped", "warn", "backend")),
    scenes_twins.is_starved: ("guest has no memory for buffers, packets wait", ("rx-starved", "warn", "guest driver")),
}
FAULTY = [instant for instant, guests in scenes_twins.INSTANTS.items() if guests]
MARK = "<!-- This table is written by tests/vm/test_twins.py. -->\n"


@dataclass
class Moment:
    """What the sessions of one instant say: text, document of each command with the other side's document."""

    folder: object
    pids: dict
    own: dict       # {"a", "b", "host", ("host", guest), ("tap", guest)}: documents without -c
    in_guest: dict  # {(guest, which host document): of vring -c}
    in_host: dict   # {(guest, which arguments): of vhostq -c}


@pytest.fixture(scope="module")
def folder(kernel, make_dump):
    one = kernel("6.1")
    return make_dump("nested-6.1", lambda f: scenes_nested.build(one, f))


@pytest.fixture(scope="module")
def moments(kernel, crash, vring_so, folder, tmp_path_factory):
    """moments("twins") -> Moment"""
    one, made = kernel("6.1"), {}

    def run(path, commands):
        result = crash(VERSION).run(path, one.vmlinux, commands, so=vring_so, minimal=True)
        assert len(result.outputs) == len(commands), result.stdout + result.stderr
        return result.outputs

    def look(instant) -> Moment:
        place, scratch = folder / instant, tmp_path_factory.mktemp(instant)
        pids = json.loads((place / "pids.json").read_text())
        # The host's: all of it, then what is one guest's by its process and by its tap's name.
        words = {"host": "", **{("host", name): f"-p {pids[name]}" for name in GUESTS},
                 **{("tap", name): TAPS[name] for name in GUESTS}}
        files = {key: scratch / ("-".join(key) if isinstance(key, tuple) else key) for key in (*words, *GUESTS)}
        run(place / "core", [f"vhostq -j {how} > {files[key]}" for key, how in words.items()])
        in_guest, in_host = {}, {}
        for name in GUESTS:
            lines = [line for key in words for line in both_ways("vring -a", files[key])]
            out = run(place / name, [f"vring -a -j > {files[name]}", *lines])[1:]
            in_guest |= {(name, key): answer(out[2 * n:2 * n + 2]) for n, key in enumerate(words)}
        keys = [(name, key) for name in GUESTS for key in words]
        out = run(place / "core", [f"{line} {words[key]}" for name, key in keys
                                   for line in both_ways("vhostq", files[name])])
        in_host |= {key: answer(out[2 * n:2 * n + 2]) for n, key in enumerate(keys)}
        own = {key: json.loads(path.read_text()) for key, path in files.items()}
        return Moment(place, pids, own, in_guest, in_host)

    def get(instant) -> Moment:
        if instant not in made:
            made[instant] = look(instant)
        return made[instant]
    return get


@pytest.fixture(scope="module")
def places(folder, kernel):
    """{pid: {guest-physical address of a ring: its vhost_virtqueue}} of "apart", by drgn."""
    found = {}
    for device in host_devices(folder / "apart/core", kernel("6.1")):
        found.setdefault(device["owner"]["pid"], {}).update(
            {hex(guest_physical(device, q["desc"])): q["vhost_virtqueue"] for q in device["queues"]})
    return found


def both(moment: Moment, name: str, key="host") -> list:
    """Return the two ends' documents about one guest, after a look that they say the same."""
    here, there = moment.in_guest[name, key], moment.in_host[name, key]
    assert here[1]["compare"] == there[1]["compare"]
    assert here[0] == there[0]
    return [here[1], there[1]]


def served_by(document) -> set:
    return {(pair["host"]["device"], pair["guest"]["device"] == "eth0") for pair in document["compare"]["pairs"]}


# ---- who belongs to whom ---------------------------------------------------------------------------

def test_rings_have_equal_addresses(moments, kernel):
    """By drgn's reading of both guests."""
    folder = moments("twins").folder
    a, b = (guest_queues(folder / name, kernel("6.1")) for name in GUESTS)
    assert {name: a[name]["desc"] for name in a} == {name: b[name]["desc"] for name in b}


@pytest.mark.parametrize("instant", scenes_twins.INSTANTS)
def test_ends_have_equal_addresses(moments, instant):
    """All of the one guest's are the other's too, and nothing on the host is both's."""
    moment = moments(instant)
    dma = [{q["queue"]: q["dma"] for q in moment.own["tap", name]["queues"]} for name in GUESTS]
    assert dma[0] == dma[1] and set(dma[0]) == set(NET)
    ends = [{q["vhost_virtqueue"] for q in moment.own["host", name]["queues"]} for name in GUESTS]
    assert not ends[0] & ends[1] and len(ends[0]) == len(ends[1]) == len(SERVED)


@pytest.mark.parametrize("name", GUESTS)
def test_twins_are_ambiguous(moments, name):
    """Both are told, and neither is taken."""
    moment = moments("twins")
    for document in both(moment, name):
        rest = document["compare"]
        assert rest["pairs"] == []
        assert sorted((c["guest"], c["host"], c["plausible"]) for c in rest["ambiguous"] if c["guest"] == "eth0") == [
            ("eth0", "tap0", True), ("eth0", "tap1", True)]
        assert [(c["host"], c["plausible"]) for c in rest["ambiguous"] if c["guest"] != "eth0"] == [
            ("vhost-vsock", True)] * 2
        assert len(rest["host_alone"]) == 2 * len(SERVED)
    text = moment.in_guest[name, "host"][0]
    for guest in GUESTS:
        assert re.search(rf"^eth0 may be {TAPS[guest]} of {moment.pids[guest]} \(qemu-system-x86\): so may others",
                         text, re.M)


@pytest.mark.parametrize("other", GUESTS)
@pytest.mark.parametrize("name", GUESTS)
def test_who_is_named_is_joined(moments, name, other):
    """Of two that nothing tells apart, whoever is asked for: by process, with its vsock, or by tap."""
    moment = moments("twins")
    for key, queues in ((("host", other), SERVED), (("tap", other), NET)):
        for document in both(moment, name, key):
            assert list(pairs(document)) == queues
            assert {device for device, _ in served_by(document)} == {TAPS[other], "vhost-vsock"} - (
                {"vhost-vsock"} if key[0] == "tap" else set())
            assert {joint(pair) for pair in pairs(document).values()} == {CALM}
            assert document["compare"]["ambiguous"] == []


@pytest.mark.parametrize("name", GUESTS)
def test_indices_tell_them_apart(moments, places, name):
    """Each is joined with its own host's end, by drgn's reading of whose memory it is in."""
    moment = moments("apart")
    for document in both(moment, name):
        assert list(pairs(document)) == SERVED
        assert served_by(document) == {(TAPS[name], True), ("vhost-vsock", False)}
        assert {joint(pair) for pair in pairs(document).values()} == {CALM}
        (other,) = set(TAPS.values()) - {TAPS[name]}
        assert [(c["guest"], c["host"], c["plausible"]) for c in document["compare"]["ambiguous"]
                if c["guest"] == "eth0"] == [("eth0", other, False)]
    ends = places[moment.pids[name]]
    own = {q["queue"]: q["dma"]["desc"] for q in moment.own[name]["queues"] if q["device"] == "eth0"}
    for queue in NET:
        assert ends[own[queue]] == pairs(moment.in_host[name, "host"][1])[queue]["host"]["vhost_virtqueue"]


@pytest.mark.parametrize("name, other", [("a", "b"), ("b", "a")])
def test_a_guest_without_its_host(moments, name, other):
    """The other's end alone fits by its addresses, and is not taken even where it is asked for."""
    moment = moments("apart")
    for key in (("host", other), ("tap", other)):
        for document in both(moment, name, key):
            rest = document["compare"]
            assert rest["pairs"] == []
            assert [c["plausible"] for c in rest["ambiguous"]] == [False] * len(rest["ambiguous"]) != []
            assert {q["queue"] for q in rest["guest_alone"]} >= set(SERVED)
        text = moment.in_guest[name, key][0]
        assert f"eth0 may be {TAPS[other]} of {moment.pids[other]} (qemu-system-x86): the addresses fit" in text
        assert "\n0 pairs; nothing of the one side is the other end of the other's: guest '" in text


def test_a_tap_without_vhost(moments):
    """The guests' second devices are QEMU's own business: nobody is taken for their other end."""
    moment = moments("apart")
    for name in GUESTS:
        alone = moment.in_guest[name, "host"][1]["compare"]["guest_alone"]
        assert {q["queue"] for q in alone if q["device"] == "eth1"} == {"rx0", "tx0", "ctrl"}


# ---- faults ----------------------------------------------------------------------------------------

def staged(instant: str, name: str) -> dict:
    """{queue: (what it is in words, the joint verdict)} of the faulty ones."""
    return {queue: KNOWN[proof] for queue, proof in scenes_twins.INSTANTS[instant].get(name, {}).items()}


def wanted(instant: str, name: str) -> dict:
    return dict.fromkeys(SERVED, CALM) | {queue: verdict for queue, (_, verdict) in staged(instant, name).items()}


@pytest.mark.parametrize("name", GUESTS)
@pytest.mark.parametrize("instant", FAULTY)
def test_faults(moments, instant, name):
    moment = moments(instant)
    # What is not in time with each other may look like another guest's: this one is asked for.
    for document in both(moment, name, ("host", name)):
        assert {queue: joint(pair) for queue, pair in pairs(document).items()} == wanted(instant, name)
        assert all(pair["same_moment"] for pair in pairs(document).values())
    text = moment.in_guest[name, ("host", name)][0]
    for _, (state, severity, at) in staged(instant, name).values():
        assert f"together: {state} ({severity}), it is at: {at}\n" in text


@pytest.mark.parametrize("name", GUESTS)
@pytest.mark.parametrize("instant", FAULTY)
def test_faults_without_being_asked_for(moments, instant, name):
    """The same verdicts, of a whole host."""
    moment = moments(instant)
    for document in both(moment, name):
        assert {queue: joint(pair) for queue, pair in pairs(document).items()} == wanted(instant, name)
        assert served_by(document) == {(TAPS[name], True), ("vhost-vsock", False)}


@pytest.mark.parametrize("instant", scenes_twins.INSTANTS)
def test_ends_are_sound(moments, instant):
    """Neither end alone calls anything corrupt, and no healthy queue is warned of."""
    moment = moments(instant)
    faulty = {(name, queue) for name in GUESTS for queue in staged(instant, name)}
    taps = {tap: name for name, tap in TAPS.items()}
    for key in ("host", *GUESTS):
        for q in moment.own[key]["queues"]:
            who = taps.get(q["device"]) if key == "host" else key if q["device"] == "eth0" else None
            assert q["verdict"]["state"] not in ("corrupt", "broken", "unreadable", "vhost-stopped-on-error"), q
            assert (who, q["queue"]) in faulty or q["verdict"]["severity"] in ("ok", "info"), q


def test_confusion_matrix(moments):
    """The table of joint verdicts in docs/verdicts.md is this run's."""
    judged = []
    for instant in ("apart", *FAULTY):
        for name in GUESTS:
            for queue, pair in pairs(moments(instant).in_host[name, ("host", name)][1]).items():
                what, (state, severity, at) = staged(instant, name).get(queue, (truth.HEALTHY.staged, CALM))
                judged.append(test_verdicts.Judged(f"{instant} {name} {queue}", pair, truth.Truth(
                    what, (state,), (severity,), f"it is at: {at}")))
    assert not test_verdicts.disagreements(judged)
    text = "\n".join(test_verdicts.counted("Guest and host together", judged))
    before, mark, after = test_verdicts.DOCS.read_text().partition(MARK)
    old, end, after = after.partition(test_verdicts.MARK)
    assert mark and end, f"{test_verdicts.DOCS.name} has lost its marks"
    if os.environ.get("VRING_WRITE_DOCS") == "1":
        test_verdicts.DOCS.write_text(before + mark + "\n" + text + "\n" + end + after)
    else:
        assert test_verdicts.shape(old) == test_verdicts.shape(text), "VRING_WRITE_DOCS=1 writes this run's table"
