# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts in a guest: taps and vhost devices in every state that one dump can hold."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

from host_model import (
    ACCESS_PLATFORM,
    BATCH,
    FLAGS_ONLY,
    IN_TABLE,
    LEGACY,
    MODERN,
    NEXT,
    TAP_RING,
    USUAL,
    WRITE,
    Process,
    Ring,
)
from lab import core, scenes, store
from lab.guest import Guest
from lab.kernels import Kernel

MODULES = ("tun", "tap", "macvtap", "ipvtap", "veth", "brd", "vhost_net", "vhost_vsock", "vhost_scsi")
PARTS = ("host_tool.c", "host_setup.c", "host_ring.c", "host_fault.c", "host_pages.c", "host_state.c")

# Guests of one kind all look like this from inside: the same guest addresses everywhere.
LOW, MAIN, HIGH = (0, 0xA0000), (0x100000, 28 << 20), (0x100000000, 8 << 20)
IOVA = 0x7000000000

# No packets but ours: an interface that comes up would send some for IPv6. It is so in each
# network namespace anew.
NO_IPV6 = "for knob in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$knob; done"

WORKLOAD = f"""
{NO_IPV6}
echo 6 >/proc/sys/vm/nr_hugepages
mkswap /dev/ram0 >/dev/null && swapon /dev/ram0 || echo LAB: no swap
# Without a name the other end becomes veth0, veth1.
ip link add name low type veth
ip link add name flat type veth
ip link set low up; ip link set veth0 up; ip link set flat up; ip link set veth1 up
ip link add link low name mv0 type macvtap
ip link add link flat name iv0 type ipvtap
"""

# A CPU may be kept from everybody else for as long as one likes.
NO_MERCY = """
echo -1 >/proc/sys/kernel/sched_rt_runtime_us
mount -t debugfs debugfs /sys/kernel/debug
[ -d /sys/kernel/debug/sched/fair_server ] && echo 0 >/sys/kernel/debug/sched/fair_server/cpu1/runtime
"""


def host_tool() -> Path:
    """Return the program, compiled the first time."""
    here = Path(__file__).parent
    sources = [here / part for part in PARTS]
    newest = max(path.stat().st_mtime_ns for path in [*sources, here / "host_tool.h"])

    def compile_it(folder):
        store.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-static", "-pthread", "-O2", "-Wall", "-Wextra", "-Werror",
                   "-o", folder / "host_tool", *sources])
    return store.entry(f"host_tool/{newest}", compile_it) / "host_tool"


def _plain(p: Process) -> None:
    """Devices as a guest's driver leaves them."""
    p.wired("idle")
    ready = p.wired("ready")
    ready.rx.publish(64).kick()

    rx = p.wired("rx", USUAL)
    rx.rx.publish(64).kick().settle()
    p.inject("rx", 10)
    rx.rx.comes_back(10)

    tx = p.wired("tx", USUAL)
    tx.tx.publish(20).kick().comes_back(20)
    tx.tx.publish(7).kick().comes_back(7)

    _both_ways(p, p.wired("wrap", num=16, base=65530), 14, 30)
    _both_ways(p, p.wired("flags", FLAGS_ONLY), 9, 11)
    _both_ways(p, p.wired("legacy", LEGACY), 5, 6)
    _both_ways(p, p.wired("spread", regions=(2, 1, 0)), 3, 4)
    for num in (1, 2, 1024, 32768):
        _both_ways(p, p.wired(f"size{num}", num=num), min(num, 40), min(num, 30))


def _both_ways(p: Process, pair, packets: int, sent: int) -> None:
    """Fill the receive ring, let some packets in, and send some, all within what the rings hold."""
    while packets > 0:
        part = min(packets, pair.rx.num)
        pair.rx.publish(part).kick().settle(30)
        p.inject(pair.name, part)
        pair.rx.comes_back(part)
        packets -= part
    while sent > 0:
        part = min(sent, pair.tx.num)
        pair.tx.publish(part).kick().comes_back(part)
        sent -= part


def _stuck(p: Process) -> None:
    """Devices in trouble, each in one kind of it."""
    for name, packets in (("starved", 30), ("starved-more", 200), ("starved-full", 3000)):
        starve(p, name, packets)
    nokick = p.wired("nokick")
    nokick.tx.settle().publish(5)
    nokick.rx.publish(6)
    chains = p.wired("chains")
    chains.tx.settle().publish(2, chain=3).publish(1, chain=4, indirect=True).publish(1).say("tell", 16)
    chains.rx.publish(3, chain=2).publish(1, chain=3, indirect=True).say("tell", 16)
    _broken(p.wired("broken").tx.settle())

    for name in ("bad-head", "bad-address", "bad-index"):
        tx = p.wired(name).tx.publish(3).kick().comes_back(3)
        if name == "bad-head":
            tx.head(4711)
        elif name == "bad-address":
            tx.descriptor(3, 0xdead0000000, 100, 0).head(3, [3], "end")
        else:
            tx.jump(300)
        # What vhost does with the index before it finds it impossible has changed over time.
        tx.fails(seen=name != "bad-index")

    stopped = p.wired("stopped")
    _both_ways(p, stopped, 5, 6)
    stopped.rx.stop()
    stopped.tx.stop()
    restarted = p.wired("remainder", base=1000, used=990)
    restarted.tx.publish(4).kick().comes_back(4)


def _broken(tx: Ring) -> None:
    """Publish chains that no driver may make; vhost is not told of them."""
    tx.descriptor(20, "buffers", 10, NEXT, 21).descriptor(21, "buffers", 20, NEXT, 20)
    tx.head(20, [20, 21] * (tx.num // 2), "loop")
    tx.descriptor(30, "buffers", 10, NEXT, tx.num).head(30, [30], "index out of range")
    tx.head(tx.num)
    # A table's length: no multiple of a descriptor's, none at all, and more than a ring may have.
    for at, length in ((40, 24), (41, 0), (42, 16 * 32769)):
        tx.descriptor(at, "buffers", length, IN_TABLE)
        tx.head(at, [at], "indirect table of a bad length")
    sound = ("buffers", 10, NEXT, 1), ("buffers", 20, 0x8000 | WRITE, 0)
    tables = {
        50: (sound, [0, 1], "end"),
        51: ((("buffers", 10, IN_TABLE, 0), ("buffers", 10, 0, 0)), [0],
             "indirect table inside an indirect table"),
        52: ((("buffers", 10, NEXT, 1), ("buffers", 10, NEXT, 0)), [0, 1], "loop"),
        53: ((("buffers", 10, NEXT, 2), ("buffers", 10, 0, 0)), [0], "index out of range"),
    }
    for at, (entries, places, stop) in tables.items():
        name = tx.table(1, *entries)
        tx.descriptor(at, name, 16 * len(entries), IN_TABLE)
        tx.head(at, [at, *(("table", k) for k in places)], stop)
    # The table is outside of the guest's memory.
    tx.descriptor(54, 0xdead0000000, 32, IN_TABLE).head(54, [54], "unreadable")
    # A table behind a plain descriptor, and with a flag that it must not have.
    name = tx.table(1, *sound)
    tx.descriptor(55, "buffers", 5, NEXT, 56).descriptor(56, name, 32, IN_TABLE | NEXT, 57)
    tx.head(55, [55, 56, ("table", 0), ("table", 1)], "end")
    tx.descriptor(57, "buffers", 0xffffffff, 0xfff8, 65535).head(57, [57], "end").say("tell", 64)


def starve(p: Process, name: str, packets: int) -> None:
    """Let packets wait in a tap before vhost gets it, with four buffers for them."""
    p.tap(name)
    p.inject(name, packets)
    pair = p.pair(name)
    pair.rx.publish(4).attach(name).comes_back(4)
    pair.rx.starved = True
    pair.tx.attach(name)
    taken = min(packets, BATCH)
    left = min(packets, TAP_RING) - taken
    if packets > BATCH:
        # What vhost has taken out leaves room for more.
        p.say("settle", 100)
        p.inject(name, packets)
        left = min(left + packets, TAP_RING)
    pair.rx.waiting = taken - 4, left


def _quiet(p: Process) -> None:
    """Interrupts and kicks not wanted; polling."""
    quiet = p.wired("quiet", FLAGS_ONLY)
    p.say("interrupts quiet 1 1 0")
    quiet.tx.publish(8).kick().comes_back(8)
    event = p.wired("event")
    p.say("interrupts event 1 0 5")
    event.tx.publish(9).kick().comes_back(9)
    busy = p.wired("busyloop")
    for ring in busy.rings:
        ring.say("busyloop", 50)
        ring.busy = True
    _both_ways(p, busy, 3, 4)


def _queues(p: Process) -> None:
    """Taps of several queues, some of them detached."""
    p.tap("mq", 3)
    for queue in range(3):
        pair = p.pair(f"mq{queue}", num=128)
        pair.rx.attach("mq", queue)
        pair.tx.attach("mq", queue).publish(3 + queue).kick().comes_back(3 + queue)
        pair.rx.publish(64).kick()
        pair.rx.loose = True
    p.say("settle", 100)
    # The last one goes: the others keep their numbers.
    p.say("queue mq 2 detach")
    p.vhosts["mq2"].moved(2, detached=True)
    p.inject("mq", 40)
    p.tap("mid", 3)
    for queue in range(3):
        pair = p.pair(f"mid{queue}")
        pair.tx.attach("mid", queue).publish(5 + queue).kick().comes_back(5 + queue)
    # The first one goes: the last one takes its place.
    p.say("queue mid 0 detach")
    p.vhosts["mid0"].moved(0, detached=True)
    p.vhosts["mid2"].moved(0)
    p.tap("half", 2)
    pair = p.pair("half0")
    pair.rx.attach("half", 0)
    pair.tx.attach("half", 0)
    p.tap("both", 2)
    pair = p.pair("both1")
    pair.tx.attach("both", 1).publish(2).kick().comes_back(2)


def _others(p: Process) -> None:
    """Taps without vhost, macvtap, ipvtap, and devices that are no NICs."""
    p.tap("plain")
    p.inject("plain", 7)
    p.tap("persist")
    p.say("persist persist")
    for name in ("mv0", "iv0"):
        p.taps[name] = 1
        p.say("macvtap", name, 12)
        pair = p.pair(name)
        pair.rx.publish(32)
        for ring in pair.rings:
            ring.attach(name)
        pair.tx.publish(6).kick().comes_back(6)
        pair.rx.kick().settle()
    p.inject("veth0", 4, "mv0")
    p.vhosts["mv0"].rx.comes_back(4)
    vsock = p.pair("vsock", kind="vsock", num=128)
    vsock.rx.publish(16)
    vsock.rx.backend = vsock.tx.backend = "vsock"
    p.say("start vsock 77")
    vsock.rx.kick()
    vsock.tx.publish(3, size=44).kick().comes_back(3)
    vsock.rx.comes_back(3)
    scsi = p.vhost("scsi", "scsi", MODERN)
    scsi.rings = [Ring(scsi, vq, num=64) for vq in range(3)]


def first() -> Process:
    p = Process("vmm-first", [HIGH, MAIN, LOW])
    for part in (_plain, _stuck, _quiet, _queues, _others):
        part(p)
    return p


def second() -> Process:
    """Another VMM, with large pages, guests behind an IOMMU, and memory that is hard to read."""
    p = Process("vmm-second", [(0x100000, 6 << 20, "huge"), (0x40000000, 8 << 20), (0x80000000, 2 << 20, "huge"),
                               (0x90000000, 1 << 20)])
    huge = p.wired("huge", regions=(0, 0, 0), num=512)
    _both_ways(p, huge, 12, 13)
    gone = p.wired("gone")
    _both_ways(p, gone, 3, 2)
    for ring in gone.rings:
        ring.stop().say("forget")
    swapped = p.wired("swapped")
    _both_ways(p, swapped, 4, 3)
    for region in (2, 3):
        _both_ways(p, p.wired(f"protected{region}", regions=(region, region, region)), 5 + region, 8 + region)
    _behind_iommu(p)
    # More queues of a tap that the first process has two of.
    p.tap("both", 2)
    pair = p.pair("both3")
    pair.tx.attach("both", 1).publish(9).kick().comes_back(9)
    pair.moved(3)
    p.say("settle", 200)
    for ring in swapped.rings:
        ring.say("pageout")
    for region in (2, 3):
        p.say("protect", region)
    return p


def _behind_iommu(p: Process) -> None:
    p.tap("iommu")
    pair = p.pair("iommu", MODERN | ACCESS_PLATFORM, iova=IOVA)
    p.say("map iommu 0x40000000", 8 << 20)
    pair.rx.attach("iommu").publish(2, chain=2)
    name = pair.rx.table(1, ("buffers", 10, NEXT | WRITE, 1), ("buffers", 20, WRITE, 0))
    pair.rx.descriptor(10, name, 32, IN_TABLE).head(10, [10, ("table", 0), ("table", 1)], "end")
    # The table is in memory that the IOMMU does not map.
    pair.rx.publish(1, chain=3, indirect=True).say("tell", 16)
    pair.rx.chains[-1] = (4, [("ring", 4)], "unreadable")
    pair.tx.attach("iommu").publish(6).kick().comes_back(6)
    p.tap("unmapped")
    pair = p.pair("unmapped", MODERN | ACCESS_PLATFORM, iova=IOVA)
    p.say("map unmapped 0x40000000", 8 << 20)
    pair.rx.attach("unmapped")
    pair.tx.attach("unmapped").publish(3).kick().comes_back(3).publish(2)
    p.say("unmap unmapped 0x40000000", 8 << 20)
    # It asks for the entry once more, and waits.
    pair.tx.kick()
    pair.tx.seen = 3


def third() -> Process:
    """One in another network namespace, with names that exist outside too."""
    p = Process("vmm-third", [LOW, MAIN], netns=True)
    _both_ways(p, p.wired("rx"), 21, 22)
    p.tap("plain")
    return p


PROCESSES = (first, second, third)


def five_levels() -> Process:
    """A process whose memory is beyond what four levels of page tables can reach."""
    p = Process("vmm-high", [LOW, (*MAIN, "high")])
    _both_ways(p, p.wired("high"), 21, 22)
    return p


def giant() -> Process:
    """A process with its guest's memory in one page of 1 GiB."""
    p = Process("vmm-giant", [LOW, (0x100000, 1 << 30, "giant")])
    _both_ways(p, p.wired("giant"), 23, 24)
    return p


def zero_copy() -> Process:
    """Packets that vhost has lent to the network, which has not given them back."""
    p = Process("vmm-lender", [LOW, MAIN])
    p.say("plug low")
    p.taps["mv0"] = 1
    p.say("macvtap mv0 12")
    pair = p.pair("mv0")
    for ring in pair.rings:
        ring.attach("mv0")
    # Small ones are copied.
    pair.tx.publish(12, size=1000).kick().lends(12)
    done = p.wired("returned").tx
    done.publish(9, size=1000).kick().comes_back(9)
    return p


def held() -> Process:
    """A kick that is on the worker's list, with the worker ready but never given a CPU.

    Nothing must come behind this in the guest: it may wait for that CPU for ever.
    """
    p = Process("vmm-held", [LOW, MAIN])
    pair = p.wired("held")
    _both_ways(p, pair, 3, 4)
    pair.rx.publish(8)
    p.say("hog 1")
    pair.tx.publish(5).kick()
    return p


def halted() -> Process:
    """A kick after the owner was stopped: newer kernels stop the worker with it."""
    p = Process("vmm-halted", [LOW, (*MAIN, "shared")])
    pair = p.wired("halted")
    _both_ways(p, pair, 3, 4)
    p.say("halt")
    pair.tx.publish(5).kick()
    pair.tx.loose = True
    return p


def many(pairs: int):
    """Return a maker of a process with so many devices, four queues a tap."""
    def make() -> Process:
        p = Process("vmm-many", [(0, 0xA0000), (0x100000, (pairs * 290 << 10) + (1 << 20))])
        for number in range(pairs):
            tap, queue = f"many{number // 4}", number % 4
            if not queue:
                p.tap(tap, 4)
            pair = p.pair(f"many{number}")
            pair.rx.publish(10 + number % 200).attach(tap, queue)
            pair.tx.attach(tap, queue).publish(1 + number % 100).kick().comes_back(1 + number % 100)
        return p
    return make

# What each dump holds besides: arguments of build().
WHOLE = {}
HELD = {"processes": (halted, held), "prepare": NO_MERCY, "cpus": 2}
# What is rare, and what takes a kernel and a machine that are set up for it.
RARE = {"processes": (five_levels, giant, zero_copy), "cpu": "max,la57=on", "memory": 3200,
        "append": "hugepagesz=1G hugepages=1", "prepare": """
rmmod vhost_net
insmod /modules/vhost_net.ko experimental_zcopytx=1
""", "modules": ("sch_plug",)}
BIG = 2048  # megabytes
MANY_PAIRS = 256
MANY = {"processes": (many(MANY_PAIRS),), "memory": 1024}


@dataclass(frozen=True)
class Host:
    """A dump with what its processes told before it was taken."""

    kernel: Kernel
    core: Path
    states: list      # of host_tool, one for each process
    processes: list   # of Process, in the same order

    def process(self, name: str) -> tuple:
        """Return (state, Process) of one."""
        return next((s, p) for s, p in zip(self.states, self.processes, strict=True) if p.name == name)

    def rings(self):
        """Yield (state of its process, state of its device, state of it, Ring) of every ring."""
        for state, process in zip(self.states, self.processes, strict=True):
            for told in state["vhosts"]:
                vhost = process.vhosts[told["name"]]
                for one in told["rings"]:
                    yield state, told, one, vhost.rings[one["vq"]]

    def tap(self, process: str, name: str) -> dict:
        return next(tap for tap in self.process(process)[0]["taps"] if tap["name"] == name)


def parse(console: str) -> list:
    """Return the states on a console; whatever went wrong in the guest ends the test here."""
    wrong = re.findall(r"^LAB: .*$", console, re.M)
    if wrong:
        raise store.LabError("\n".join(wrong))
    states = [json.loads(line) for line in re.findall(r"^LAB-STATE (\{.*\})\s*$", console, re.M)]
    if any(state["failures"] for state in states):
        raise store.LabError("host_tool failed")
    return states


def build(kernel: Kernel, folder: Path, processes=PROCESSES, prepare: str = "", modules=(), then=None,
          **more) -> None:
    """Boot a guest, run host_tool's scripts in it and leave core and state.json in a folder.

    prepare is more shell text for the guest, modules more modules for it, then(guest) is called
    once the core is written, more goes to Guest.
    """
    made = [make() for make in processes]
    files = {"bin/host_tool": host_tool()} | {f"scripts/{p.name}": p.script() for p in made}
    runs = [f"{'unshare -n ' * p.netns}sh -c '{NO_IPV6}; host_tool /scripts/{p.name}' || echo LAB: {p.name} ended"
            for p in made]
    more.setdefault("memory", 384)
    workload = WORKLOAD + prepare + "\n".join(runs)
    with Guest(kernel, workload, modules=(*MODULES, *modules), files=files, **more) as guest:
        with store.step(f"host {kernel.release}: boot and run {len(made)} processes"):
            guest.wait_for()
        time.sleep(0.2)
        states = parse(guest.console())
        if len(states) != len(made):
            raise store.LabError(f"{len(states)} states of {len(made)}")
        with store.step(f"host {kernel.release}: dump"):
            if more["memory"] < BIG:
                scenes.save(guest, folder)
            else:
                # QEMU would write every zero of it.
                with guest.frozen():
                    core.wrap_ram(guest.ram, folder / "core")
        if then:
            then(guest)
    (folder / "state.json").write_text(json.dumps(states, indent=1))


def load(kernel: Kernel, folder: Path, processes=PROCESSES) -> Host:
    """Return what build() left in a folder."""
    states = json.loads((folder / "state.json").read_text())
    return Host(kernel, folder / "core", states, [make() for make in processes])
