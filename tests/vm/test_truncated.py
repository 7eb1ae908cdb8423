# SPDX-License-Identifier: GPL-2.0-or-later
"""Cores that end too early, as a full disk or a broken copy leaves them, in ELF and in kdump's format.

crash opens what still has what it needs itself. The pages that are gone are chosen: those of some rings
and of what leads to them in a guest, QEMU's memory and its page tables in a host. All else is there, and
reads as in the whole core.
"""

import contextlib
import json
import os
import re

import agree
import hostile
import pytest
from host_session import READER_MODULES, VERSION, Session, bookkeeping
from hostile import lay_open
from lab import core, diskdump
from made_up import by_address, differences, louder

PAGE = 4096
MATRIX = pytest.mark.matrix
HOWS = [pytest.param("elf", "9.0.2"), pytest.param("cut", "9.0.2"), pytest.param("incomplete", "9.0.2"),
        *[pytest.param(how, "8.0.2", marks=MATRIX) for how in ("elf", "cut", "incomplete")]]
# What crash itself says of such a file.
SAYS = {"elf": r"WARNING: \S+: may be truncated or incomplete\s+PT_LOAD p_offset: \d+",
        "incomplete": "This dumpfile is incomplete",
        # Nothing: what is missing lies behind the end of the file, where it looks only when it is asked for it.
        "cut": ""}


def lose(how: str, whole, compressed, out, pages):
    """A core without these pages."""
    if how == "elf":
        return core.cut_off(whole, out, [(page, PAGE) for page in sorted(pages)])
    return diskdump.lose(compressed, out, pages, how == "incomplete")


def ask(crash, path, vmlinux, so, how, commands, folder) -> list:
    """Return the answers of a session, which must be usable, and cost no more than any other."""
    with crash.terminal(path, vmlinux, minimal=True, so=so) as terminal:
        assert re.search(SAYS[how], terminal.greeting), terminal.greeting
        session = hostile.Session(terminal, path, {}, folder)
        answers = [session.ask(command) for command in commands]
        assert "init_net" in terminal.command("sym init_net")
    for answer in answers:
        answer.check(8 << 20)
    return answers


# ---- a guest ---------------------------------------------------------------------------------------

# Of each: what is lost, whose queue that spoils, and what is said of it, with the address in {at}.
RX, TX, PACKED = ('vvq(vi("eth3").rq[0].vq)', 'vvq(vi("eth6").sq[0].vq)', 'vvq(vi("eth0").rq[1].vq)')
LOST = [
    (f"bytes_at({RX}.split.vring.desc, 16)", "eth3 rx0", r"descriptor table: cannot read \d+ bytes at {at}"),
    (f"bytes_at({RX}.split.vring.avail, 4)", "eth3 rx0", r"avail ring: cannot read \d+ bytes at {at}"),
    (f"bytes_at({TX}.split.vring.avail, 4)", "eth6 tx0", r"avail ring: cannot read \d+ bytes at {at}"),
    (f"bytes_at({PACKED}.packed.vring.desc, 16)", "eth0 rx1", r"descriptor ring: cannot read \d+ bytes at {at}"),
    ('dev("eth4").name', "eth4", r"net_device\.\w+: cannot read \d+ bytes at {at}"),
    ('vdev(8).index', "virtio8", r"virtio_device\.\w+: cannot read \d+ bytes at {at}"),
    ('vdev(2).index', "eth2", r"virtio_device\.\w+: cannot read \d+ bytes at {at}"),
    ('vi("eth5").rq[0].vq', "eth5 rx0", r"pointer to the virtqueue: cannot read \d+ bytes at {at}"),
]
NETS = [f"eth{n}" for n in range(7)]
# The first word of each array of receive or send queues: {expression: whose it is}.
ARRAYS = {f'vi("{net}").{array}[0].vq': (net, kind) for net in NETS for array, kind in (("rq", "rx"), ("sq", "tx"))}
GUEST = ["vring -a -j", "vring -d -b -j", "vring -a", "vring -d -b eth3", "vqwalk eth3", "vqwalk eth0"]


@pytest.fixture(scope="module")
def guest(virtio_scene):
    return virtio_scene("mixed", "6.1")


@pytest.fixture(scope="module")
def guest_places(guest, drgn):
    damages = [hostile.Damage("", ((expression, 0),), ()) for expression in [*(lost[0] for lost in LOST), *ARRAYS]]
    return lay_open(drgn, guest.dump.core, guest.dump.kernel, damages)


@pytest.fixture(scope="module")
def guest_pages(guest_places):
    """{page that is lost: its physical address}"""
    return {guest_places[lost[0]]["at"] & -PAGE: guest_places[lost[0]]["phys"] & -PAGE for lost in LOST}


@contextlib.contextmanager
def removed(path):
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def guest_compressed(guest, tmp_path_factory):
    with removed(tmp_path_factory.mktemp("kdump") / "core") as path:
        yield core.filtered(guest.dump.core, path, 0, "-c")


@pytest.fixture(scope="module")
def guest_whole(guest, crash, vring_so):
    outputs = crash(VERSION).run(guest.dump.core, guest.dump.kernel.vmlinux, GUEST[:2], minimal=True, so=vring_so).outputs
    return [json.loads(text) for text in outputs]


def on_one(address, size, pages) -> bool:
    return bool(address) and any(int(address, 16) < page + PAGE and page < int(address, 16) + size for page in pages)


def array_is_lost(queue: dict, places: dict, pages) -> bool:
    """Is the queue's send_queue or receive_queue gone?"""
    return any(places[word]["at"] & -PAGE in pages for word, (net, kind) in ARRAYS.items()
               if queue["device"] == net and queue["queue"].startswith(kind))


def mates(places: dict, pages, queues: list) -> set:
    """Addresses of the queues of which some part lies on a page that is lost, whatever it was lost for."""
    return {queue["vring_virtqueue"] for queue in queues if on_one(queue["vring_virtqueue"], 512, pages)
            or array_is_lost(queue, places, pages) or on_one(queue["net_device"], PAGE, pages)
            or on_one(queue["virtio_device"], 1024, pages)}


def has_told(document: dict, pages) -> set:
    """Of whom something is said that lies on such a page: a driver's tokens may, or what they lead to."""
    told = set()
    for error in document["errors"]:
        read = re.search(r"cannot read (\d+) bytes at ([0-9a-f]{16})$", error["what"])
        if read and on_one(read[2], int(read[1]), pages):
            told.add(error["where"])
    return told


def still_there(places: dict, pages, queues: list, bus: bool) -> set:
    """Addresses of the queues that something leads to: the driver's pointer, or the list of the virtio device,
    to which the net_device leads, and (-a) the bus."""
    there = set()
    for queue in queues:
        net = queue["net_device"] and not on_one(queue["net_device"], PAGE, pages)
        pointer = net and not array_is_lost(queue, places, pages)
        listed = (net or bus) and not on_one(queue["virtio_device"], 1024, pages)
        if (pointer or listed) and not on_one(queue["vring_virtqueue"], 512, pages):
            there.add(queue["vring_virtqueue"])
    return there


@pytest.mark.parametrize("how, version", HOWS)
def test_guest(guest, guest_places, guest_pages, guest_compressed, guest_whole, crash, vring_so, scratch, how, version):
    path = lose(how, guest.dump.core, guest_compressed, scratch / "core", set(guest_pages.values()))
    answers = ask(crash(version), path, guest.dump.kernel.vmlinux, vring_so, how, GUEST, scratch)
    spoils = {name for _, name, _ in LOST}
    for whole, answer, bus in zip(guest_whole, answers[:2], (True, False), strict=True):
        document = answer.document()
        assert not agree.with_contract(document)
        before, now = by_address(whole["queues"]), by_address(document["queues"])
        near, excused = mates(guest_places, guest_pages, whole["queues"]), has_told(document, guest_pages)
        sound = [address for address, queue in before.items()
                 if not hostile.is_spoiled(queue, spoils | excused) and address not in near]
        assert len(sound) > len(before) // 4
        for address in sound:
            assert now.get(address) == before[address], before[address]["device"]
        # Of the others nothing is made up, and all are there that anything leads to.
        known = {address: queue for address, queue in now.items() if address}
        assert known.keys() <= before.keys()
        assert known.keys() >= still_there(guest_places, guest_pages, whole["queues"], bus)
        wrong = differences({a: before[a] for a in known}, known)
        assert not wrong, "\n".join(wrong[:20])
    told = "\n".join(hostile.said(answers[0].document()) + hostile.said(answers[1].document()))
    for (expression, name, pattern) in LOST:
        at = f"{guest_places[expression]['at'] // PAGE:x}[0-9a-f]{{3}}"
        assert re.search(pattern.replace("{at}", at), told), f"{name}: no {pattern} with {at} in\n{told}"


# ---- a host ----------------------------------------------------------------------------------------

DEV, AVAIL = 'vhost("tx").vqs[1].vq.dev', 'vhost("tx").vqs[1].vq.avail.value_()'
TABLE = f"page_table({DEV}.mm.pgd, {AVAIL}, 1)"
HOST = ["vhostq -j", "vhostq -d -j", "vhostq", "vhostq -m", "vqwalk tx"]


@pytest.fixture(scope="module")
def host(host_session):
    return host_session("6.1")


@pytest.fixture(scope="module")
def host_compressed(host, tmp_path_factory):
    with removed(tmp_path_factory.mktemp("kdump") / "core") as path:
        yield core.filtered(host.core, path, 0, "-c")


@pytest.fixture(scope="module")
def host_pages(host, drgn):
    """{what: (physical pages, pid of whom they are)}: all of a process's rings, and one page table of its"""
    drivers = host.host.kernel.debugmods / "kernel/drivers"
    files = [file for pattern in READER_MODULES for file in sorted(drivers.glob(pattern))]
    place = lay_open(drgn, host.core, host.host.kernel, [hostile.Damage("", ((TABLE, 0),), ())], *files)[TABLE]
    (first,) = {pid for pid, _ in host.second if host.second[pid, _]["owner"]["comm"] == "vmm-first"}
    rings = {int(address, 16) & -PAGE for (pid, _), queue in host.second.items() if pid == first
             for address in queue["physical"].values() if address}
    assert len(rings) > 20
    return {"user pages": (rings, first), "a page table": ({place["phys"] & -PAGE}, first)}


WHY = {"user pages": {"not in the dump"}, "a page table": {"page tables missing from the dump", "not in the dump"}}


def check_host_queue(before: dict, after: dict, lost: bool, why: set) -> bool:
    """vhost's own words are all there, and the ring is whole or said to be missing."""
    assert bookkeeping(after) == bookkeeping(before)
    if not lost:
        assert after == before, after["device"]
        return False
    if after["ring"] == before["ring"]:
        return False
    assert not after["ring"]["readable"] and after["ring"]["why"] in why, after["ring"]
    assert not differences(before["ring"], after["ring"] | {"why": before["ring"]["why"], "readable": True})
    return True


@pytest.mark.parametrize("what", WHY)
@pytest.mark.parametrize("how, version", HOWS)
def test_host(host, host_pages, host_compressed, crash, vring_so, scratch, how, version, what):
    pages, owner = host_pages[what]
    path = lose(how, host.core, host_compressed, scratch / "core", pages)
    answers = ask(crash(version), path, host.host.kernel.vmlinux, vring_so, how, HOST, scratch)
    document = answers[0].document()
    now = {(queue["owner"]["pid"], queue["desc"]): queue for queue in document["queues"]}
    assert now.keys() == host.queues.keys()
    gone = [check_host_queue(before, now[key], key[0] == owner, WHY[what]) for key, before in host.queues.items()]
    assert sum(gone) >= (20 if what == "user pages" else 1), sum(gone)
    # Chains of rings that are there are the whole core's.
    chains = {(q["owner"]["pid"], q["desc"]): q for q in answers[1].document()["queues"]}
    for key, before in host.chains.items():
        if key[0] != owner:
            assert chains[key] == before
    # What is gone makes no queue sick.
    assert not louder(by_address(host.document["queues"]), by_address(document["queues"]))


# ---- cut anywhere ------------------------------------------------------------------------------------

@pytest.mark.parametrize("how", ["elf", "cut"])
@pytest.mark.parametrize("part, version", [(0.98, "9.0.2"), (0.02, "9.0.2"), pytest.param(0.5, "9.0.2", marks=MATRIX),
                                           pytest.param(0.9, "8.0.2", marks=MATRIX), pytest.param(0.02, "8.0.2", marks=MATRIX)])
def test_cut_anywhere(guest, guest_compressed, guest_whole, crash, vring_so, scratch, how, part, version):
    """Where a kernel has its memory is chance: crash opens such a file or refuses it; of 2 % it makes nothing."""
    path = core.copy(guest.dump.core if how == "elf" else guest_compressed, scratch / "core")
    os.truncate(path, int(path.stat().st_size * part))
    file = scratch / "json"
    result = crash(version).run(path, guest.dump.kernel.vmlinux, [f"vring -a -j > {file}", "sym init_net"],
                                minimal=True, so=vring_so)
    assert re.search(SAYS[how], result.greeting), result.greeting
    if not result.outputs:
        # It ends at once, and with no more words than these.
        assert result.returncode == 1 and result.seconds < hostile.SECONDS
        return
    assert part > 0.1 and result.returncode == 0 and len(result.outputs) == 2
    assert not result.outputs[0].strip() and "init_net" in result.outputs[1]
    assert file.stat().st_size < 8 << 20
    document = json.loads(file.read_text())
    before = by_address(guest_whole[0]["queues"])
    known = {address: queue for address, queue in by_address(document["queues"]).items() if address}
    wrong = differences({address: before[address] for address in known}, known)
    assert not wrong, "\n".join(wrong[:20])
    if document["queues"] != guest_whole[0]["queues"]:
        assert document["errors"]
