# SPDX-License-Identifier: GPL-2.0-or-later
"""A real guest and its host at one instant: vring on the one, vhostq on the other."""

import json

import pytest
import scenes_nested

VERSION = "9.0.2"


@pytest.fixture(scope="module")
def both(crash, kernel, make_dump, vring_so):
    """Return ({queue: as the guest's core has it}, {queue: as the host's core has it})."""
    one = kernel("6.1")
    folder = make_dump("nested-6.1", lambda f: scenes_nested.build(one, f))

    def queues(name, command):
        result = crash(VERSION).run(folder / name, one.vmlinux, [command], so=vring_so, minimal=True)
        document = json.loads(result.outputs[0])
        assert document["errors"] == []
        return {q["queue"]: q for q in document["queues"]}
    return queues("inner", "vring -j eth0"), queues("core", "vhostq -j tap0")


def test_same_rings(both):
    """Every queue but the control queue, which vhost does not have."""
    guest, host = both
    assert guest.keys() - host.keys() == {"ctrl"} and host.keys() <= guest.keys() and len(host) == 4
    for name, queue in host.items():
        assert queue["dma"] == guest[name]["dma"], name
        assert queue["num"] == guest[name]["num"], name
        assert int(queue["acked_features"], 16) & ~int(guest[name]["features"], 16) == 0, name


def test_same_words(both):
    guest, host = both
    for name, queue in host.items():
        for part in ("avail", "used"):
            shown = {k: v for k, v in guest[name][part].items() if k != "addr"}
            assert queue["ring"][part] == shown, name
    assert host["tx0"]["ring"]["used"]["idx"] > 20 and host["rx0"]["ring"]["used"]["idx"] > 20


def test_vhost_is_within_what_the_guest_published(both):
    guest, host = both
    for name, queue in host.items():
        taken = (queue["last_avail_idx"] - queue["last_used_idx"]) % 65536
        ahead = (guest[name]["avail"]["idx"] - queue["last_avail_idx"]) % 65536
        assert taken <= queue["num"] and ahead <= queue["num"], name
        assert queue["last_used_idx"] == guest[name]["used"]["idx"], name


def test_who_serves_it(both):
    _, host = both
    assert {q["owner"]["comm"] for q in host.values()} == {"qemu-system-x86"}
    assert len({q["vhost_net"] for q in host.values()}) == 2
    assert all(q["worker"]["comm"].startswith("vhost-") for q in host.values())
