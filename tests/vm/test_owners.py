# SPDX-License-Identifier: GPL-2.0-or-later
"""vring -b: who owns each buffer in flight, against what the guest was told to send and what drgn reads.

drgn knows by heart how each kernel's tokens are to be read; what was sent is known from the
scene, byte by byte; where a receive buffer lies is told by the ring's own descriptors.
"""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import scenes_owners as scene
from lab import kernels

# It opens every kernel at hand, in minimal mode.
VERSION = "9.0.2"
KERNELS = ["5.10", "6.1", "6.12", "7.3"]
READER = Path(__file__).parent / "owner_reader.py"

IPV4, IPV6, ARP, VLAN, TEST = 0x0800, 0x86DD, 0x0806, 0x8100, 0x88B5
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
ETHERNET, TAG, UDP_HEADER, ECHO_HEADER = 14, 4, 8, 8
IP_HEADER = {IPV4: 20, IPV6: 40}


class Shown:
    """What vring -b says of a dump, and drgn."""

    def __init__(self, dump, facts, documents, texts, second):
        self.dump, self.facts, self.texts = dump, facts, texts
        self.document, *self.others = documents
        self.second = second

    def owners(self, device: str, queue: str) -> list:
        return next(q["owners"] for q in self.document["queues"] if (q["device"], q["queue"]) == (device, queue))

    def kinds(self, device: str, queue: str) -> Counter:
        return Counter(owner["kind"] for owner in self.owners(device, queue))

    def packets(self, device: str = "eth0", kind: str = "sk_buff") -> list:
        return [owner[kind] for owner in self.owners(device, "tx0") if owner["kind"] == kind]


def run(crash, dump, vring_so, tmp_path, commands: list, texts=()) -> tuple:
    """Return the documents of some commands and the texts of others."""
    files = [tmp_path / str(n) for n in range(len(commands))]
    lines = [f"{command} > {file}" for command, file in zip(commands, files, strict=True)]
    result = crash(VERSION).run(dump.core, dump.kernel.vmlinux, [*lines, *texts], minimal=True, so=vring_so)
    assert len(result.outputs) == len(lines) + len(texts), result.stdout + result.stderr
    return [json.loads(file.read_text()) for file in files], result.outputs[len(lines):]


@pytest.fixture(scope="module")
def show(crash, make_dump, drgn, vring_so, tmp_path_factory):
    """show('6.1') -> Shown, of the guest in which nothing gets away"""
    made = {}

    def get(name):
        if name not in made:
            kernel = kernels.get(name)
            dump, facts = scene.load(kernel, make_dump(f"owned-{name}", lambda f: scene.owned(kernel, f)))
            # 5.10 takes the drivers' types from debuginfo in any case.
            commands = ["vring -a -b -j", *["vring -t dwarf -a -b -j"] * (name != "5.10")]
            documents, texts = run(crash, dump, vring_so, tmp_path_factory.mktemp("owned"), commands,
                                   ["vring -t btf -b eth0 tx0", "vring -b eth0", "vring -b virtio2"])
            made[name] = Shown(dump, facts, documents, texts, drgn.run(READER, dump.core, kernel, name))
        return made[name]
    return get


@pytest.fixture(params=KERNELS)
def shown(request, show):
    return show(request.param)


# ---- the second reader ------------------------------------------------------------------------

def summed(descs: list) -> tuple:
    """Bytes to read and to write of a chain's descriptors."""
    return (sum(length for _, length, flags in descs if not flags & 2),
            sum(length for _, length, flags in descs if flags & 2))


def pruned(flow) -> dict:
    return flow and {name: value for name, value in flow.items() if name != "protocol_name"}


def wrong(ours: dict, theirs: dict) -> list:
    """What differs between an owner as vring tells it and as drgn does."""
    pairs = [("head", ours["head"], theirs["head"]), ("token", ours["token"], theirs["token"]),
             ("kind", ours["kind"], theirs["kind"]),
             ("readable, writable", (ours["readable"], ours["writable"]), summed(theirs["descs"]))]
    inside = ours.get(theirs["kind"], {})
    for name in {"addr", "orphan", "len", "data_len", "protocol", "dev"} & set(theirs):
        pairs.append((name, inside.get(name), theirs[name]))
    if "flow" in theirs:
        pairs.append(("flow", pruned(inside.get("flow")), theirs["flow"]))
    if "truesize" in theirs:
        pairs.append(("truesize", ours["truesize"], theirs["truesize"]))
    return [f"{name}: vring {a!r}, drgn {b!r}" for name, a, b in pairs if a != b]


def compare(document: dict, second: dict) -> int:
    """Compare all owners of all queues; return how many there were."""
    ours = {q["vring_virtqueue"]: q for q in document["queues"]}
    found, count = [], 0
    for device in second["devices"]:
        for queue in device["queues"]:
            label = f"{device['device']} {queue['queue']}"
            mine = ours[queue["vring_virtqueue"]]
            listed = min(len(queue["owners"]), 256)
            if (len(mine["owners"]), mine["owners_left_out"]) != (listed, len(queue["owners"]) - listed):
                found.append(f"{label}: {len(mine['owners'])} owners, drgn {len(queue['owners'])}")
            for a, b in zip(mine["owners"], queue["owners"], strict=False):
                found += [f"{label} {b['head']} {line}" for line in wrong(a, b)]
            count += listed
    assert not found, "\n".join(["disagreements:", *found[:40]])
    return count


def test_what_drgn_reads(shown):
    assert compare(shown.document, shown.second) > 500
    assert shown.document["errors"] == []


@pytest.mark.parametrize("name", KERNELS[1:])
def test_same_by_debuginfo(show, name):
    """The types of tokens come from an enum, from members, and from members of unnamed structs."""
    shown = show(name)
    document, = shown.others
    assert document["queues"] == shown.document["queues"]


# ---- what was sent -------------------------------------------------------------------------------

def ends(packet: dict) -> tuple:
    flow = packet["flow"]
    return packet["protocol"], packet["len"], flow["src"], flow["dst"], flow["protocol"], flow["sport"], flow["dport"]


def sent_datagrams() -> list:
    """Frames of the scene's datagrams; of fragments, which only the first has ports, all of them."""
    frames = []
    for to, sport, dport, size in scene.DATAGRAMS:
        ethertype = IPV6 if ":" in to else IPV4
        tagged = to == scene.TAGGED
        source = {scene.TAGGED: scene.TAGGED_ADDRESS, scene.HOST: scene.ADDRESS}.get(to, scene.LINK_LOCAL)
        head, left, first = ETHERNET + TAG * tagged + IP_HEADER[ethertype], size + UDP_HEADER, True
        while left:
            # Offsets count in eights.
            piece = left if left <= 1480 else 1480
            frames.append((VLAN if tagged else ethertype, head + piece, source, to.split("%")[0], UDP,
                           sport if first else None, dport if first else None))
            left, first = left - piece, False
    return frames


def test_datagrams(shown):
    """Each once, with its length, addresses and ports."""
    udp = [ends(p) for p in shown.packets() if p["flow"] and p["flow"]["protocol"] == UDP]
    assert sorted(udp, key=str) == sorted(sent_datagrams(), key=str)
    assert len(udp) == len(scene.DATAGRAMS) + 2


def test_connection(shown):
    """The first packet of one that nobody answers, sent again and again."""
    to, sport, dport = scene.CONNECTION
    segments = [p for p in shown.packets() if p["flow"] and p["flow"]["protocol"] == TCP]
    assert segments
    assert {ends(p)[2:] for p in segments} == {(scene.ADDRESS, to, TCP, sport, dport)}


def test_pings(shown):
    for to, size in scene.PINGS.items():
        six = ":" in to
        protocol, kind, ethertype = (ICMP6, 128, IPV6) if six else (ICMP, 8, IPV4)
        found = [p for p in shown.packets() if p["flow"] and p["flow"]["icmp_type"] == kind and p["flow"]["dst"] == to]
        assert [(p["protocol"], p["len"], p["flow"]["protocol"], p["flow"]["src"]) for p in found] == [
            (ethertype, ETHERNET + IP_HEADER[ethertype] + ECHO_HEADER + size, protocol,
             scene.LINK_LOCAL if six else scene.ADDRESS)]


def test_other_frames(shown):
    """Of a protocol without a name, with which both rings were filled, and an ARP request, sent again on a slow machine."""
    for device in ("eth0", "eth1"):
        fillers = [p for p in shown.packets(device) if p["protocol"] == TEST]
        # From 6.11 the stack stops a queue by its bytes, which it learns; then it is not the ring that is full.
        least = 4 if shown.dump.kernel.name in ("6.12", "7.3") else 16
        assert len(fillers) >= least and {(p["len"], p["flow"], p["dev"]) for p in fillers} == {(1400, None, device)}
    assert {p["protocol_name"] for p in shown.packets() if p["protocol"] == ARP} == {"ARP"}


def test_orphans(shown):
    """eth0 sends without NAPI; since 6.11 its tokens say that the sk_buffs left their sockets. eth1 has NAPI."""
    told = shown.dump.kernel.name in ("6.12", "7.3")
    assert {p["orphan"] for p in shown.packets()} == {told}
    assert {p["orphan"] for p in shown.packets("eth1")} == {False}


def test_bounced_frames(shown):
    """XDP_TX on eth0, and XDP_REDIRECT from eth1: frames of the lengths that the host sent."""
    frames = shown.packets(kind="xdp_frame")
    sent = [] if shown.dump.kernel.name in scene.NO_XDP else [*scene.BOUNCED, *scene.PASSED]
    assert sorted(f["len"] for f in frames) == [length + scene.HEADER for length in sent]
    assert all(ends(f)[2:] == (scene.HOST, scene.ADDRESS, UDP, 6000, 7000) for f in frames)


def test_text_is_the_same(shown):
    """A line an owner, in the form that people know."""
    rows = re.findall(r"^ +(\d+)  +([0-9a-f]+)  +(\d+)  (.*)$", shown.texts[0], re.M)
    owners = shown.owners("eth0", "tx0")
    assert [(int(head), int(token, 16), int(size)) for head, token, size, _ in rows] == [
        (o["head"], int(o["token"], 16), o["len"]) for o in owners]
    text = "\n".join(row[3] for row in rows)
    orphaned = "orphaned " if owners[0]["sk_buff"]["orphan"] else ""
    for line in (f"{orphaned}sk_buff  len 142  eth0  IPv4  10.99.0.2:4001 > 10.99.0.1:5001 udp",
                 f"{orphaned}sk_buff  len 346  eth0  VLAN  10.98.0.2:4004 > 10.98.0.1:5004 udp",
                 f"{orphaned}sk_buff  len 262  eth0  IPv6  [{scene.LINK_LOCAL}]:4003 > [ff02::99]:5003 udp",
                 f"{orphaned}sk_buff  len 342  eth0  IPv4  10.99.0.2 > 10.99.0.1 icmp type 8",
                 f"{orphaned}sk_buff  len 42  eth0  ARP", f"{orphaned}sk_buff  len 1400  eth0  protocol 88b5"):
        assert text.count(line) >= 1, line
    assert f"  owners of buffers in flight: {len(owners)}\n" in shown.texts[0]
    # The device's other queues in full, one after the other.
    assert shown.texts[1].count("  owners of buffers in flight: ") == 3


# ---- receive buffers -------------------------------------------------------------------------------

@pytest.mark.parametrize("name", KERNELS)
def test_receive_buffers(crash, net_scene, drgn, vring_so, tmp_path, name):
    """Mergeable, small and big ones: what the ring says where they lie, the tokens say too."""
    dump = net_scene("zoo", name).dump
    (document,), _ = run(crash, dump, vring_so, tmp_path, ["vring -b -j"])
    second = drgn.run(READER, dump.core, dump.kernel, name)
    assert compare(document, second) > 3000
    kinds = Counter()
    for device in second["devices"]:
        for queue in device["queues"]:
            for owner in queue["owners"]:
                if queue["queue"].startswith("rx"):
                    kinds[owner["kind"], owner.get("truesize") is not None] += 1
                    check_place(owner)
    # The zoo has all three.
    assert set(kinds) == {("buffer", True), ("buffer", False), ("pages", False)}
    assert document["errors"] == []


def check_place(owner: dict) -> None:
    """The memory that the token stands for is where the ring's descriptors are."""
    if owner["kind"] == "pages":
        # The header is in front of the packet on the first page.
        header, rest = owner["descs"][:2]
        assert owner["phys"] == header[0] and rest[0] > header[0] and rest[0] >> 12 == header[0] >> 12
    elif owner["truesize"] is not None:
        assert owner["phys"] == owner["descs"][0][0] and owner["truesize"] >= owner["descs"][0][1]
    else:
        # With room in front.
        assert 0 <= owner["descs"][0][0] - owner["phys"] < 4096


# ---- the disk ----------------------------------------------------------------------------------------

SECTOR = 512
# Of the specification (5.2.6): a header, a status, and a range to be discarded.
BLK_HEADER, BLK_STATUS, BLK_RANGE = 16, 1, 16


def disk_owners(shown) -> list:
    owners = [o for q in shown.document["queues"] if q["name"].startswith("req") for o in q["owners"]]
    assert {o["kind"] for o in owners} == {"request"}
    return owners


def test_requests_that_were_asked_for(shown):
    """Each once, with its operation, sector and length, and the descriptors that it takes."""
    told = sorted(((o["request"]["op_name"], o["request"]["sector"], o["request"]["data_len"], o["readable"],
                    o["writable"]) for o in disk_owners(shown)), key=str)
    asked = []
    for operation, start, length in scene.REQUESTS:
        out = {"WRITE": length, "DISCARD": BLK_RANGE}.get(operation, 0)
        asked.append((operation, None if start is None else start // SECTOR, length or 0, BLK_HEADER + out,
                      BLK_STATUS + (length if operation == "READ" else 0)))
    assert told == sorted(asked, key=str)


def test_requests_that_the_tags_know(shown):
    """drgn finds them from the other side: by the tags of the disk's hardware queues."""
    names = ("addr", "disk", "op_name", "op", "sector", "data_len", "tag", "state")
    told = {o["token"]: {name: o["request"][name] for name in names} for o in disk_owners(shown)}
    assert told == {r["token"]: {name: r[name] for name in names} for r in shown.second["requests"]}
    assert {o["request"]["state_name"] for o in disk_owners(shown)} == {"in_flight"}


def test_ages(shown):
    """Since when they wait: by the kernel's own record, and between what the guest's clock showed."""
    issued = {r["token"]: r["issued"] or r["allocated"] for r in shown.second["requests"]}
    assert all(issued.values())
    facts = shown.facts
    for owner in disk_owners(shown):
        age = owner["request"]["age_ms"]
        assert owner["request"]["age_from"] in ("io_start_time_ns", "start_time_ns")
        # drgn takes the time from the timekeeper, which the last tick has brought up to date, too.
        assert abs(age - (shown.second["now"] - issued[owner["token"]]) / 10**6) < 20
        assert facts["end"] - facts["issued"] < age / 1000 < facts["end"] - facts["begin"] + facts["waited"] + 20


def test_text_of_requests(shown):
    rows = re.findall(r"^ +\d+  [0-9a-f]{16}  +(\d+)  request [0-9a-f]{16}  vda  (\w+)  sector (\w+)  len (\d+)  "
                      r"tag (\d+)  in_flight  (\d+) ms since \w+_time_ns$", shown.texts[2], re.M)
    assert [(int(size), op, sector, int(length), int(tag), int(age)) for size, op, sector, length, tag, age in rows] == [
        (o["len"], r["op_name"], "none" if r["sector"] is None else str(r["sector"]), r["data_len"], r["tag"], r["age_ms"])
        for o in disk_owners(shown) for r in [o["request"]]]
    assert len(rows) == len(scene.REQUESTS)
