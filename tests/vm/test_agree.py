# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparisons of agree.py notice a wrong value in each field of the contract."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path

import agree
import packed
import pytest
import rings

# Not judged by a second reader, and null where nothing is known.
UNJUDGED = ("irq", "kick", "interrupt", "verdict")


def paths(queue: dict, contract=None, before=()):
    """Yield the path of every value that the contract names."""
    for name, wanted in (contract or agree.CONTRACT).items():
        if name in UNJUDGED:
            continue
        if isinstance(wanted, dict) and queue[name] is not None:
            yield from paths(queue[name], wanted, (*before, name))
        else:
            yield (*before, name)


def wrong_value(value):
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return value[1:]
    return hex(int(value, 16) + 1) if value and value.startswith("0x") else f"{value}x"


@dataclass
class Told:
    """A queue by vring, and by all the others."""

    ours: dict
    device: dict  # drgn's
    second: dict
    qemu: dict
    core: Path

    def disagreements(self, queue: dict) -> list:
        told = next(q for q in self.qemu["queues"] if q["queue-index"] == self.second["index"])
        wrong = [*agree.with_drgn(queue, self.device, self.second), *agree.with_qemu(queue, self.qemu, told)]
        if self.second["layout"] == "split":
            return wrong + agree.with_memory(queue, rings.words(self.core, told))
        words = packed.words(self.core, told)
        return wrong + agree.with_walk(queue, self.second, words, packed.walk(self.core, words["ring"], self.second))


@pytest.fixture(scope="module", params=["split", "packed"])
def queue(request, net_scene, virtio_scene, crash, vring_so, tmp_path_factory):
    """tx1 of the busy guest, or of the first device of a guest with packed rings."""
    split = request.param == "split"
    scene = net_scene("busy_tap", "6.1") if split else virtio_scene("mixed", "6.1")
    file = tmp_path_factory.mktemp("agree") / "json"
    crash("8.0.2").run(scene.dump.core, scene.dump.kernel.vmlinux, [f"vring -j eth0 tx1 > {file}"],
                       minimal=True, so=vring_so)
    device = next(d for d in scene.devices if d["device"] == "eth0")
    return Told(json.loads(file.read_text())["queues"][0], device,
                next(q for q in device["queues"] if q["queue"] == "tx1"),
                scene.qemu(device if split else device["virtio_name"]), scene.dump.core)


def test_each_field_is_compared(queue):
    assert not queue.disagreements(queue.ours)
    for path in paths(queue.ours):
        changed = copy.deepcopy(queue.ours)
        place = changed
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = wrong_value(place[path[-1]])
        assert queue.disagreements(changed), f"nobody notices a wrong {'.'.join(path)}"


def test_each_field_is_in_the_contract(queue):
    ours = queue.ours
    document = {"schema": "vring/1", "command": "vring", "side": "guest", "nodename": "", "release": "",
                "live": False, "queues": [ours], "errors": []}
    assert not agree.with_contract(document)
    for name in agree.CONTRACT:
        for bad in ({k: v for k, v in ours.items() if k != name}, ours | {name: object()}):
            assert agree.with_contract(document | {"queues": [bad]}), name
