# SPDX-License-Identifier: GPL-2.0-or-later
"""A real guest and its host at one instant, idle and busy: vring on the one, vhostq on the other, drgn on both."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import scenes_nested
from host_session import PARTS, against_drgn, by_drgn
from lab import drgn

VERSION = "9.0.2"
GUEST_READER = Path(__file__).parent / "drgn_reader.py"
ALL = {f"{way}{pair}" for way in ("rx", "tx") for pair in range(scenes_nested.CPUS)}


@dataclass
class Both:
    """What the two sides say of one instant, each by the name of the queue."""

    folder: Path
    guest: dict
    host: dict


@pytest.fixture(scope="module")
def pairs(crash, kernel, make_dump, vring_so):
    """{"idle": Both, "busy": Both}"""
    one = kernel("6.1")
    folder = make_dump("nested-6.1", lambda f: scenes_nested.build(one, f))

    def queues(core, command):
        result = crash(VERSION).run(core, one.vmlinux, [command], so=vring_so, minimal=True)
        document = json.loads(result.outputs[0])
        # A driver that is stopped while it takes descriptors has them neither here nor there.
        told = [error["what"] for error in document["errors"]]
        assert [text for text in told if core.parent.name == "idle" or "free list" not in text] == []
        return {q["queue"]: q for q in document["queues"]}
    return {name: Both(folder / name, queues(folder / name / "a", "vring -j eth0"),
                       queues(folder / name / "core", "vhostq -j tap0")) for name in ("idle", "busy")}


@pytest.fixture(scope="module", params=["idle", "busy"])
def both(request, pairs):
    return pairs[request.param]


def test_same_rings(both):
    """Every queue but the control queue, which vhost does not have."""
    guest, host = both.guest, both.host
    assert host.keys() == ALL and guest.keys() == ALL | {"ctrl"}
    for name, queue in host.items():
        assert set(queue["dma"]) == set(PARTS) and queue["dma"] == guest[name]["dma"], name
        assert queue["num"] == guest[name]["num"], name
        assert int(queue["acked_features"], 16) & ~int(guest[name]["features"], 16) == 0, name
    assert len({queue["dma"]["desc"] for queue in host.values()}) == len(ALL)


def test_same_words(both):
    for name, queue in both.host.items():
        assert queue["ring"]["readable"] is True
        for part in ("avail", "used"):
            shown = {k: v for k, v in both.guest[name][part].items() if k != "addr"}
            assert queue["ring"][part] == shown, name


def test_vhost_is_within_what_the_guest_published(both):
    """Neither may be ahead of the other by more than the ring holds, at whatever instant."""
    for name, queue in both.host.items():
        seen = both.guest[name]
        steps = [queue["last_avail_idx"] - queue["last_used_idx"], seen["avail"]["idx"] - queue["last_avail_idx"],
                 seen["avail"]["idx"] - queue["avail_idx"], queue["last_used_idx"] - seen["used"]["idx"],
                 seen["used"]["idx"] - seen["last_used_idx"]]
        assert all(step % 65536 <= queue["num"] for step in steps), (name, steps)


def test_the_host_by_drgn(both, kernel):
    read = by_drgn(both.folder / "core", kernel("6.1"))
    second = {key: queue for key, queue in read.items() if queue["kind"] == "net"}
    queues = {(q["owner"]["pid"], q["desc"]): q for q in both.host.values()}
    assert second.keys() == queues.keys()
    assert [line for key in queues for line in against_drgn(second[key], queues[key])] == []
    for key, seen in second.items():
        assert seen["ring"] == {part: queues[key]["ring"][part] for part in ("avail", "used")}


def test_the_guest_by_drgn(both, kernel):
    devices = drgn.Drgn().run(GUEST_READER, both.folder / "a", kernel("6.1"))["devices"]
    second = {queue["queue"]: queue for device in devices for queue in device["queues"] if device["device"] == "eth0"}
    assert second.keys() == both.guest.keys()
    for name, seen in second.items():
        for member in ("num", "num_free", "free_head", "last_used_idx"):
            assert both.guest[name][member] == seen[member], (name, member)


def test_traffic(pairs):
    """The scene's own check, by vring and vhostq: every queue has moved since, and something was under way."""
    idle, busy = pairs["idle"].host, pairs["busy"].host
    assert {name for name in ALL if idle[name]["last_used_idx"] == busy[name]["last_used_idx"]} == set()
    assert all(queue["last_used_idx"] > 20 for queue in idle.values())
    under_way = {name for name, queue in pairs["busy"].guest.items() if name != "ctrl"
                 and (queue["used"]["idx"] != queue["last_used_idx"]
                      or pairs["busy"].host[name]["last_avail_idx"] != pairs["busy"].host[name]["last_used_idx"])}
    assert len(under_way) >= 2, under_way


def test_who_serves_it(both):
    host = both.host
    assert {q["owner"]["comm"] for q in host.values()} == {"qemu-system-x86"}
    assert len({q["vhost_net"] for q in host.values()}) == scenes_nested.CPUS
    assert all(q["worker"]["comm"].startswith("vhost-") for q in host.values())
