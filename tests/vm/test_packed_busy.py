# SPDX-License-Identifier: GPL-2.0-or-later
"""Packed rings in the middle of their traffic: the guest and QEMU held still at any moment, against
drgn and the descriptors themselves."""

import json
from pathlib import Path

import agree
import packed
import pytest
import scenes_faults
from lab import drgn
from virtio_shown import CRASH

READER = Path(__file__).parent / "drgn_reader.py"
# While a flood lasts, and after it.
MOMENTS = [("6.1", 0), ("6.1", 3), ("7.3", 0), ("7.3", 1)]
COUNT = {"6.1": 4, "7.3": 2}
NUMBERS = [n for n, nic in enumerate(scenes_faults.BUSY) if "packed" in nic.what]
# A CPU that stands still is in the middle of one queue at most.
ASIDE = scenes_faults.CPUS


def numbered(device: dict) -> int:
    return int(device["mac"].split(":")[-1], 16)


class Moment:
    """Packed queues of a core as vring, drgn and the bare core have them."""

    def __init__(self, document: dict, devices: list, qemu: list, core: Path):
        ours = {q["vring_virtqueue"]: q for q in document["queues"]}
        self.queues, self.aside = [], []
        for device in (d for d in devices if numbered(d) in NUMBERS):
            places = next(d for d in qemu if d["id"] == f"net{numbered(device)}")["queues"]
            for second in device["queues"]:
                words = packed.words(core, next(q for q in places if q["queue-index"] == second["index"]))
                try:
                    walk = packed.walk(core, words["ring"], second)
                except (AssertionError, KeyError) as reason:
                    # The driver was on its way from one step to the next.
                    self.aside.append(f"{device['device']} {second['queue']}: {reason!r}")
                    continue
                self.queues.append((ours[second["vring_virtqueue"]], second, words, walk))


@pytest.fixture(scope="module")
def moments(kernel, crash, vring_so, make_dump, tmp_path_factory):
    found = {}
    for name, number in MOMENTS:
        one = kernel(name)
        folder = make_dump(f"net-instants-{name}",
                           lambda f, one=one, name=name: scenes_faults.instants(one, f, COUNT[name]))
        core, file = folder / f"core-{number}", tmp_path_factory.mktemp("busy") / "json"
        crash(CRASH[name]).run(core, one.vmlinux, [f"vring -j -d > {file}"], so=vring_so, minimal=True, timeout=300)
        devices = drgn.Drgn().run(READER, core, one, timeout=300)["devices"]
        found[name, number] = Moment(json.loads(file.read_text()), devices,
                                     json.loads((folder / "queues.json").read_text()), core)
    return found


@pytest.fixture(params=MOMENTS, ids=lambda moment: "-".join(map(str, moment)))
def moment(request, moments):
    return moments[request.param]


def test_hardly_a_queue_is_between_two_steps(moment):
    assert len(moment.aside) <= ASIDE, moment.aside
    assert len(moment.queues) + len(moment.aside) == sum(2 * scenes_faults.BUSY[n].pairs + 1 for n in NUMBERS)


def test_what_drgn_reads(moment):
    wrong = [line for ours, second, _, _ in moment.queues for line in agree.queue_with_drgn(ours, second)]
    assert not wrong, "\n".join(wrong)


def test_positions_and_counts(moment):
    """Where the device is follows from the descriptors alone."""
    wrong = [line for found in moment.queues for line in agree.with_walk(*found)]
    assert not wrong, "\n".join(wrong)


def test_chains(moment):
    wrong = [line for ours, _, _, walk in moment.queues for line in agree.chains_with_walk(ours, walk)]
    assert not wrong, "\n".join(wrong)


def test_verdicts(moment):
    """They are healthy, however they were caught."""
    wrong = [(ours["device"], ours["queue"], ours["verdict"]) for ours, *_ in moment.queues
             if ours["verdict"]["severity"] not in ("ok", "info")]
    assert not wrong, wrong


def test_traffic(moments):
    """The scene's own check: something was on its way, both ways, and the rings went around."""
    queues = [found for moment in moments.values() for found in moment.queues]
    for way in ("rx", "tx"):
        mine = [(second, walk) for _, second, _, walk in queues if second["queue"].startswith(way)]
        assert any(walk.returned or way == "tx" and walk.held for _, walk in mine), way
        assert {second["used_wrap_counter"] for second, _ in mine} == {0, 1}, way
