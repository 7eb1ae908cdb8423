# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparisons of agree.py notice a wrong value in each field of the contract."""

import copy
import json

import agree
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


def disagreements(queue: dict, device: dict, second: dict, scene) -> list:
    qemu = scene.qemu(device)
    told = next(q for q in qemu["queues"] if q["queue-index"] == second["index"])
    return [*agree.with_drgn(queue, device, second), *agree.with_qemu(queue, qemu, told),
            *agree.with_memory(queue, rings.words(scene.dump.core, told))]


@pytest.fixture(scope="module")
def queue(net_scene, crash, vring_so, tmp_path_factory):
    """(vring's tx1 of the busy guest, drgn's device and queue, scene)"""
    scene = net_scene("busy_tap", "6.1")
    file = tmp_path_factory.mktemp("agree") / "json"
    crash("8.0.2").run(scene.dump.core, scene.dump.kernel.vmlinux, [f"vring -j eth0 tx1 > {file}"],
                       minimal=True, so=vring_so)
    device = scene.devices[0]
    return (json.loads(file.read_text())["queues"][0], device,
            next(q for q in device["queues"] if q["queue"] == "tx1"), scene)


def test_each_field_is_compared(queue):
    ours, *others = queue
    assert not disagreements(ours, *others)
    for path in paths(ours):
        changed = copy.deepcopy(ours)
        place = changed
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = wrong_value(place[path[-1]])
        assert disagreements(changed, *others), f"nobody notices a wrong {'.'.join(path)}"


def test_each_field_is_in_the_contract(queue):
    ours = queue[0]
    document = {"schema": "vring/1", "command": "vring", "side": "guest", "nodename": "", "release": "",
                "live": False, "queues": [ours], "errors": []}
    assert not agree.with_contract(document)
    for name in agree.CONTRACT:
        for bad in ({k: v for k, v in ours.items() if k != name}, ours | {name: object()}):
            assert agree.with_contract(document | {"queues": [bad]}), name
