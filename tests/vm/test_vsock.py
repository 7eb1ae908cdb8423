# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio-vsock, which vhost serves: a guest's three queues against drgn, and the host's two beside them."""

import json
from dataclasses import dataclass
from pathlib import Path

import agree
import pytest
import nested_host
import scenes_nested
from host_session import PARTS, against_drgn, by_drgn
from lab import drgn

VERSION = "9.0.2"
READER = Path(__file__).parent / "vsock_reader.py"
QUEUES = ("rx", "tx", "event")
# The event queue is QEMU's own business.
SERVED = ("rx", "tx")


@dataclass
class Shown:
    """What vring and vhostq say of one instant, each by the name of the queue, and drgn's readings."""

    name: str
    document: dict   # vring -a -j -d -b
    device: dict
    guest: dict
    blocks: dict     # vring -d -b of each
    hops: dict       # vqwalk -j of each
    host: dict       # of vhostq -j
    compared: dict   # of vhostq -j -c
    second: dict     # the guest's by drgn
    buffers: dict    # what is in them
    second_host: dict
    cid: int         # of the guest, as its driver has it


def _read(folder, kernel, crash, vring_so, scratch) -> Shown:
    pid = json.loads((folder / "pids.json").read_text())["a"]

    def run(path, *commands):
        result = crash(VERSION).run(path, kernel.vmlinux, commands, so=vring_so, minimal=True)
        assert len(result.outputs) == len(commands), result.stdout + result.stderr
        return result.outputs
    files = sorted((kernel.debugmods / "kernel/net/vmw_vsock").glob("*.ko"))
    buffers = drgn.Drgn().run(READER, folder / "a", kernel, *files, timeout=300)
    name, file = buffers["name"], scratch / f"{folder.name}.json"
    run(folder / "a", f"vring -a -j -d -b > {file}")
    document = json.loads(file.read_text())
    out = run(folder / "a", *(f"vring -d -b {name} {queue}" for queue in QUEUES),
              *(f"vqwalk -j {name} {queue}" for queue in QUEUES))
    host, compared = (json.loads(text) for text in run(folder / "core", f"vhostq -j -p {pid}", f"vhostq -j -c {file}"))
    hops = {queue: json.loads(text)["queues"][0]["hops"] for queue, text in zip(QUEUES, out[3:], strict=True)}
    seen = nested_host.guest_queues(folder / "a", kernel)
    return Shown(
        folder.name, document, next(d for d in document["devices"] if d["type"] == "vsock"),
        {q["queue"]: q for q in document["queues"] if q["virtio_name"] == name},
        dict(zip(QUEUES, out, strict=False)), hops,
        {q["queue"]: q for q in host["queues"] if q["device"] == "vhost-vsock"}, compared["compare"],
        {queue: seen[f"vsock {queue}"] for queue in QUEUES}, buffers["buffers"], by_drgn(folder / "core", kernel),
        buffers["cid"])


@pytest.fixture(scope="module")
def both(kernel, crash, vring_so, make_dump, tmp_path_factory):
    one = kernel("6.1")
    folder = make_dump("nested-6.1", lambda f: scenes_nested.build(one, f))
    scratch = tmp_path_factory.mktemp("vsock")
    return {name: _read(folder / name, one, crash, vring_so, scratch) for name in ("idle", "busy")}


@pytest.fixture(params=["idle", "busy"])
def shown(request, both):
    return both[request.param]


def test_contract(shown):
    assert not agree.with_contract(shown.document)
    assert [e for e in shown.document["errors"] if e["where"].startswith(shown.device["device"])] == []


def test_device(shown):
    """As its driver has it; vsock knows no older devices than these."""
    device = shown.device
    assert (device["driver"], device["transport"], device["legacy"]) == ("vmw_vsock_virtio_transport", "pci", False)
    assert {"SEQPACKET", "VERSION_1", "EVENT_IDX"} <= set(device["feature_names"]) and device["queues"] == len(QUEUES)


def test_queues_by_drgn(shown):
    assert tuple(shown.guest) == QUEUES and tuple(shown.second) == QUEUES
    wrong = [line for name in QUEUES for line in agree.queue_with_drgn(shown.guest[name], shown.second[name])]
    assert not wrong, "\n".join(wrong)


def test_counts(shown):
    """By the words that drgn reads."""
    for name, queue in shown.guest.items():
        second = shown.second[name]
        avail, used, reaped = second["avail_idx"], second["used_idx"], second["last_used_idx"]
        assert [queue[count] for count in ("in_flight", "device_pending", "driver_pending")] == [
            (a - b) % 65536 for a, b in ((avail, reaped), (avail, used), (used, reaped))], name


def test_chains(shown):
    """Each lies where drgn finds the driver's buffer, and is as long as drgn's reading of the ring."""
    for name, queue in shown.guest.items():
        theirs = {int(head): one for head, one in shown.buffers[name].items()}
        assert len(queue["chains"]) == queue["device_pending"], name
        for chain in queue["chains"]:
            found = [(int(part["addr"], 16), part["len"], part["flags"]) for part in chain["desc"]
                     if not part["flags"] & 4]
            one = theirs[chain["head"]]
            assert found == [tuple(part) for part in one["chain"]] and chain["stop"] == "end", (name, chain)
            assert found[0][0] == one["at"], (name, chain)
    assert len(shown.guest["event"]["chains"]) == 8
    assert {chain["writable"] for chain in shown.guest["event"]["chains"]} == {4}


def test_owners(shown):
    """Nothing is known of this driver's tokens but what they are, and none is followed."""
    for name, queue in shown.guest.items():
        assert {one["head"]: one["token"] for one in queue["owners"]} == {
            int(head): one["token"] for head, one in shown.buffers[name].items()}, name
        assert {one["kind"] for one in queue["owners"]} <= {"token"}
        for one in queue["owners"]:
            assert one["token"].removeprefix("0x") in shown.blocks[name], (name, one)


def test_hops_lead_to_the_rings(shown):
    for name, hops in shown.hops.items():
        ends = {hop["next"] for hop in hops}
        assert {shown.second[name][part] for part in ("vring_virtqueue", *PARTS)} <= ends, name


def test_the_host_has_the_same_rings(shown):
    assert tuple(shown.host) == SERVED
    for name, queue in shown.host.items():
        guest = shown.guest[name]
        assert queue["dma"] == guest["dma"] and queue["num"] == guest["num"] == 128
        assert queue["guest_cid"] == shown.cid
        for part in ("avail", "used"):
            assert queue["ring"][part] == {k: v for k, v in guest[part].items() if k != "addr"}, name


def test_the_host_by_drgn(shown):
    for name, queue in shown.host.items():
        second = shown.second_host[queue["owner"]["pid"], queue["desc"]]
        assert second["kind"] == "vsock" and against_drgn(second, queue) == [], name
        assert second["ring"] == {part: queue["ring"][part] for part in ("avail", "used")}


def test_compared(shown):
    pairs = {pair["guest"]["queue"]: pair for pair in shown.compared["pairs"]
             if pair["guest"]["device"] == shown.device["device"]}
    assert tuple(pairs) == SERVED
    for name, pair in pairs.items():
        assert pair["host"] == {"device": "vhost-vsock", "netns": None, "queue": name,
                                "vhost_virtqueue": shown.host[name]["vhost_virtqueue"]}
        assert pair["same_moment"] is True and pair["verdict"]["severity"] in ("ok", "info"), pair
    alone = [end["queue"] for end in shown.compared["guest_alone"] if end["device"] == shown.device["device"]]
    assert alone == ["event"]


def test_no_alarm(shown):
    verdicts = {name: q["verdict"] for name, q in [*shown.guest.items(), *shown.host.items()]}
    assert all(verdict["severity"] in ("ok", "info") for verdict in verdicts.values()), verdicts


def test_traffic(both):
    """The scene's own check: both ways have moved, and one of them was in the middle of it."""
    idle, busy = both["idle"].guest, both["busy"].guest
    for name in SERVED:
        assert 0 < idle[name]["used"]["idx"] != busy[name]["used"]["idx"], name
    assert busy["rx"]["driver_pending"] or busy["tx"]["in_flight"], busy
