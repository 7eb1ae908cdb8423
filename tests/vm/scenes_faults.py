# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests in trouble: each device of one guest with one fault, real wherever one can be had."""

import contextlib
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import packed
import rings
from lab import core, net, scenes, store
from lab.guest import Guest
from lab.kernels import Kernel
from scenes_net import as_it_stands, guest_tool, remember

CPUS = 2
PARTS = ("fault_tool.c", "fault_send.c")
WIDE = 16
# A stop is a fault only when it has lasted longer than the stack's own limit, 5 s.
OLD = 6.5

# Nothing sends by itself.
QUIET = "ipv6.disable=1"

PING = "ping -A -c {count} -s {size} 10.99.{number}.1 >/dev/null"
UP = "ip link set {name} up; ip address add 10.99.{number}.2/24 dev {name}; " + PING


@dataclass(frozen=True)
class Nic:
    """A device with a fault: what it is made of, and what the guest does with it when.

    first is shell text for the start, with traffic; then is for when all have had theirs.
    {name} is the interface, {number} its number, {count} and {size} a ping's.
    """

    what: str
    pairs: int = 1
    options: str = ""
    first: str = UP
    then: str = ""
    # On a socket whose other end can stop reading, instead of a tap.
    wire: bool = False


# Into the void, so that nothing is sent later either, to find out where the peer has gone.
DEAF = ("arp -s 10.99.{number}.1 02:00:00:00:00:01; "
        "ping -c 4 -i 0.1 -W 1 10.99.{number}.1 >/dev/null")

# Frames of no protocol: nobody answers, and nobody has to.
ON_WIRE = "ip link set {name} up; guest_tool blast {name} {count}00"
# The traffic before has taught newer kernels that the device can have a lot at a time.
FEW_BYTES = "echo 2000 >/sys/class/net/{name}/queues/tx-0/byte_queue_limits/limit_max; "
# Without room in front of the packet for the header it takes a descriptor of its own.
TWO_PIECES = ",disable-modern=on,disable-legacy=off,any_layout=off,mrg_rxbuf=off"

# In this order: eth0 eth1 ..., net0 net1 ... for QEMU, tap0 tap1 ... on the host.
NICS = (
    Nic("healthy", 2),
    Nic("wide", WIDE, first="ip link set {name} up; ip address add 10.99.{number}.2/24 dev {name}; "
        f"guest_tool channels {{name}} {WIDE}; " + PING + "; for cpu in 1 2; do "
        "taskset $cpu fault_tool flows 10.99.{number}.1 120 3; done"),
    # Receive buffers of many descriptors, chained in the ring, or each in a table of its own.
    Nic("wide-chains", 6, ",mrg_rxbuf=off,indirect_desc=off", UP + "; guest_tool channels {name} 6"),
    Nic("wide-tables", 5, ",mrg_rxbuf=off", UP + "; guest_tool channels {name} 5"),
    Nic("irq-rx", then="fault_tool mask {name} 1"),
    Nic("irq-rx-few", then="fault_tool mask {name} 1"),
    Nic("irq-tx", first=ON_WIRE, then="fault_tool fill {name} driver; fault_tool mask {name} 2", wire=True),
    Nic("irq-tx-stack", first=ON_WIRE, then=FEW_BYTES + "fault_tool fill {name} stack; fault_tool mask {name} 2", wire=True),
    Nic("stalled", first=ON_WIRE, then="fault_tool fill {name} driver", wire=True),
    Nic("stalled-stack", first=ON_WIRE, then=FEW_BYTES + "fault_tool fill {name} stack", wire=True),
    Nic("stalled-indirect", 1, TWO_PIECES, ON_WIRE, "fault_tool fill {name} driver", wire=True),
    Nic("stalled-chains", 1, TWO_PIECES + ",indirect_desc=off", ON_WIRE, "fault_tool fill {name} driver", wire=True),
    Nic("no-kick", then="fault_tool command {name} 2; " + DEAF),
    Nic("no-master", then="fault_tool command {name} 4; " + DEAF),
    Nic("bad-used"),
    Nic("bad-used-undone"),
    Nic("bad-avail"),
    Nic("link-down"),
    Nic("down", first=UP + "; ip link set {name} down"),
    Nic("fewer-channels", 2, first=UP + "; guest_tool channels {name} 1"),
    Nic("no-tx-interrupts", first="fault_tool napi-tx {name} 0; " + UP),
    Nic("again", first=UP, then="bus=/sys/bus/virtio/drivers/virtio_net; id=$(basename $(readlink -f "
        "/sys/class/net/{name}/device)); echo $id >$bus/unbind; echo $id >$bus/bind; " + UP),
    Nic("just-up", first="", then="ip link set {name} up"),
)

TRAFFIC, STAGED = "LAB-TRAFFIC", "LAB-STAGED"
PORTS = {TRAFFIC: 7000, STAGED: 7001}


def tools() -> dict:
    """Return the programs that a guest needs, as Guest takes files; compiled the first time."""
    here = Path(__file__).parent
    sources = [here / part for part in PARTS]
    newest = max(path.stat().st_mtime_ns for path in [*sources, here / "fault_tool.h"])

    def compile_it(folder):
        store.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-static", "-O2", "-Wall", "-Wextra", "-Werror",
                   "-o", folder / "fault_tool", *sources])
    return {"bin/guest_tool": guest_tool(),
            "bin/fault_tool": store.entry(f"fault_tool/{newest}", compile_it) / "fault_tool"}


def numbered(what: str) -> int:
    """Return a device's number."""
    return next(n for n, nic in enumerate(NICS) if nic.what == what)


def _filled(text: str, number: int) -> str:
    values = {"name": f"eth{number}", "number": number, "count": 5 + 3 * number, "size": 60 + 40 * number}
    for word, value in values.items():
        text = text.replace("{" + word + "}", str(value))
    return text


def _workload() -> str:
    lines = [_filled(nic.first, n) for n, nic in enumerate(NICS)]
    lines += [f"echo {TRAFFIC}", f"fault_tool await {PORTS[TRAFFIC]}"]
    lines += [_filled(nic.then, n) for n, nic in enumerate(NICS)]
    lines += [f"echo {STAGED}", f"fault_tool await {PORTS[STAGED]}"]
    # A device that has seen nonsense does nothing any more.
    lines.append(_filled(DEAF, numbered("bad-avail")))
    return "\n".join(lines)


def mac_of(number: int) -> str:
    """Return the hardware address of the device with a number."""
    return f"52:54:00:00:01:{number:02x}"


def _arguments(folder) -> list:
    arguments = []
    for number, nic in enumerate(NICS):
        options = f",mac={mac_of(number)},romfile={nic.options}"
        if nic.wire:
            arguments += ["-netdev", f"stream,id=net{number}-back,server=off,addr.type=unix,"
                          f"addr.path={folder}/wire{number}",
                          "-device", f"virtio-net-pci,netdev=net{number}-back,id=net{number}{options}"]
        else:
            arguments += scenes.tap_nic(nic.pairs, f"tap{number}", f"net{number}", options)
    return arguments


# Tells a guest to go on: a datagram that it waits for. Any number of packets of one flow, too.
DATAGRAMS = """
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(int(sys.argv[3])):
    sock.sendto(b"x" * 64, (sys.argv[1], int(sys.argv[2])))
    if n % 8 == 7:
        time.sleep(0.005)
"""


def _send(namespace, number: int, port: int = 9, count: int = 1) -> None:
    namespace.run("/usr/bin/python3", "-c", DATAGRAMS, f"10.99.{number}.2", str(port), str(count))


def _queue(guest: Guest, what: str, queue: int) -> dict:
    device = next(d for d in guest.queues() if d["id"] == f"net{numbered(what)}")
    return next(q for q in device["queues"] if q["queue-index"] == queue)


def twice(guest: Guest, what: str) -> None:
    """Make one receive buffer available three times: the device returns it as often, and the driver
    finds that it is none of its own any more. (The same on a transmit queue makes 6.1 loop for ever.)
    """
    queue = _queue(guest, what, rings.RX)
    slots = [queue["vring-avail"] + 4 + 2 * ((queue["last-avail-idx"] + n) % queue["vring-num"]) for n in range(3)]
    head = guest.peek(slots[0], 2)
    for slot in slots[1:]:
        guest.poke(slot, head)


def take_back(guest: Guest, what: str) -> None:
    """Forget what a device has returned and the driver has not accepted."""
    queue = _queue(guest, what, rings.RX)
    guest.poke(queue["vring-used"] + 2, struct.pack("<H", (queue["used-idx"] - 2) % 65536))


def forge_avail(guest: Guest, what: str, jump: int) -> None:
    """Have the driver claim that it has made so many more receive buffers available."""
    queue = _queue(guest, what, rings.RX)
    idx = (queue["last-avail-idx"] + 100) % 65536
    guest.poke(queue["vring-avail"] + 2, struct.pack("<H", (idx + jump) % 65536))


def _break(guest: Guest, namespace, peers: dict) -> None:
    """The host's part: packets for queues that are deaf, answers that were held back, lies in memory."""
    guest.qmp("set_link", name=f"net{numbered('link-down')}", up=False)
    _send(namespace, numbered("irq-rx"), count=600)
    _send(namespace, numbered("irq-rx-few"), count=7)
    for what in ("irq-tx", "irq-tx-stack"):
        peers[what].flow(True)
    for what in ("bad-used", "bad-used-undone"):
        twice(guest, what)
        _send(namespace, numbered(what), count=3)
    time.sleep(0.5)
    take_back(guest, "bad-used-undone")
    forge_avail(guest, "bad-avail", 1000)
    _send(namespace, numbered("bad-avail"), count=1)


def faults(kernel: Kernel, folder: Path) -> None:
    """A guest with all devices of NICS."""
    with contextlib.ExitStack() as stack:
        wires = stack.enter_context(tempfile.TemporaryDirectory(prefix="vring-peer-"))
        namespace = stack.enter_context(net.Namespace())
        peers = {}
        for number, nic in enumerate(NICS):
            if nic.wire:
                peers[nic.what] = stack.enter_context(net.SilentPeer(f"{wires}/wire{number}"))
            else:
                namespace.tap(f"tap{number}", f"10.99.{number}.1/24", multi_queue=nic.pairs > 1)
                # It must not be asked again once the guest is deaf.
                namespace.run("ip", "neigh", "replace", f"10.99.{number}.2", "lladdr", mac_of(number),
                              "nud", "permanent", "dev", f"tap{number}")
        guest = stack.enter_context(Guest(
            kernel, _workload(), _arguments(wires), netns=namespace, cpus=CPUS, memory=512, append=QUIET,
            files=tools()))
        for peer in peers.values():
            peer.accept(flowing=True)
        with store.step(f"guest {kernel.release}: boot with {len(NICS)} devices"):
            guest.wait_for(TRAFFIC)
        for what in ("healthy", "wide", "wide-chains", "wide-tables", "fewer-channels"):
            namespace.blast(f"10.99.{numbered(what)}.2", flows=60, packets=4)
        for peer in peers.values():
            peer.flow(False)
        time.sleep(0.2)
        with store.step(f"guest {kernel.release}: break"):
            _send(namespace, 0, PORTS[TRAFFIC])
            guest.wait_for(STAGED)
            _break(guest, namespace, peers)
            _send(namespace, 0, PORTS[STAGED])
            guest.wait_for()
            time.sleep(OLD)
        (folder / "console").write_text(guest.console())
        queues = guest.queues()
        as_it_stands(guest, folder)
    remember(queues, folder)


# eth1's interrupts and eth2's and eth3's NAPI threads go to CPU 1.
TO_CPU_1 = """
for irq in $(grep 'virtio1-' /proc/interrupts | cut -d: -f1); do echo 2 >/proc/irq/$irq/smp_affinity; done
for irq in $(grep 'virtio[023]-' /proc/interrupts | cut -d: -f1); do echo 1 >/proc/irq/$irq/smp_affinity; done
for n in 2 3; do
    [ -e /sys/class/net/eth$n/threaded ] && echo 1 >/sys/class/net/eth$n/threaded
    for comm in $(grep -l "^napi/eth$n-" /proc/[0-9]*/comm); do taskset -p 2 $(echo $comm | cut -d/ -f3); done
done
"""
# Threads wait there for ever then.
HOGGED = """
echo -1 >/proc/sys/kernel/sched_rt_runtime_us
mount -t debugfs debugfs /sys/kernel/debug
[ -d /sys/kernel/debug/sched/fair_server ] && echo 0 >/sys/kernel/debug/sched/fair_server/cpu1/runtime
fault_tool hog 1 &
sleep 0.2
"""
# What becomes of eth0, eth1 ...
STARVED = ("no-answer", "no-buffers", "napi-held", "napi-held-few")
# Its device does not hear of this command: who sent it waits, takes a CPU, and holds a lock that many want.
UNANSWERED = "fault_tool command eth0 2; fault_tool readdress eth0 5 &"


def starved(kernel: Kernel, folder: Path) -> None:
    """A guest with a CPU of two that never comes back, and without receive buffers.

    eth0's control queue gets no answer. eth1 gets no buffers since there is no memory, or, where the driver can do with the pages it has,
    since a process that promised buffers gives none. eth2 and eth3 have NAPI threads that never run.
    """
    recycles = kernel.name == "7.3"
    with net.Namespace() as namespace:
        arguments = []
        for number in range(len(STARVED)):
            namespace.tap(f"tap{number}", f"10.99.{number}.1/24", multi_queue=False)
            namespace.run("ip", "neigh", "replace", f"10.99.{number}.2", "lladdr", mac_of(number),
                          "nud", "permanent", "dev", f"tap{number}")
            options = f",mac={mac_of(number)},romfile=,iommu_platform=on,disable-legacy=on"
            arguments += scenes.tap_nic(1, f"tap{number}", f"net{number}", options)
        last = [UNANSWERED, "sleep 0.5", "fault_tool xsk eth1 0" if recycles else "fault_tool nomem"]
        workload = "\n".join([TO_CPU_1, *(_filled(UP, n) for n in range(len(STARVED))), f"echo {TRAFFIC}",
                              f"fault_tool await {PORTS[TRAFFIC]}", HOGGED, f"echo {STAGED}", *last])
        with Guest(kernel, workload, arguments, netns=namespace, cpus=CPUS, append=QUIET,
                   files=tools()) as guest:
            guest.wait_for(TRAFFIC)
            _send(namespace, 0, PORTS[TRAFFIC])
            guest.wait_for(STAGED)
            time.sleep(1.5)
            _send(namespace, 1, count=600)
            # Before 5.12 there are no such threads.
            if "new affinity mask" in guest.console():
                _send(namespace, 2, count=600)
                _send(namespace, 3, count=5)
            time.sleep(4.5)
            queues = guest.queues()
            as_it_stands(guest, folder)
            (folder / "console").write_text(guest.console())
    remember(queues, folder)


# Healthy, whatever moment it is: guests are held still while packets go both ways.
BUSY = (
    Nic("busy", 2),
    Nic("busy-flags", 1, ",event_idx=off"),
    Nic("busy-legacy", 1, ",disable-modern=on,disable-legacy=off"),
    Nic("busy-1024", 1, ",rx_queue_size=1024"),
    Nic("busy-chains", 1, ",mrg_rxbuf=off,indirect_desc=off"),
    Nic("busy-polled"),
    Nic("busy-reaped-late", first="fault_tool napi-tx {name} 0; " + UP),
    Nic("busy-packed", 2, ",packed=on", first=UP + "; guest_tool blast {name} 1000000000 &"),
    Nic("busy-packed-plain", 1, ",packed=on,indirect_desc=off,event_idx=off"),
)
RETAKES = 20
# To every device by turns, with a pause after each round.
FLOOD = """
import socket, sys, time
socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
for n, sock in enumerate(socks):
    sock.bind(("", int(sys.argv[1]) + n))
while True:
    for n in range(int(sys.argv[2])):
        for sock in socks:
            sock.sendto(b"x" * 200, (f"10.99.{n}.2", 7100))
    time.sleep(float(sys.argv[3]))
"""


def _flood(stack, namespace, port: int, pause: float):
    """Start a flood that ends with the stack; returns its process."""
    process = stack.enter_context(subprocess.Popen([
        *namespace.prefix, "setpriv", "--pdeathsig", "KILL", "/usr/bin/python3", "-c", FLOOD, str(port),
        str(len(BUSY)), str(pause)]))
    stack.callback(process.kill)
    return process


def _rounds(path: Path, queues: list) -> set:
    """Return {(way, wrap bit)} of the packed rings of BUSY: in which round the device used the first slot."""
    found = set()
    for number, nic in enumerate(BUSY):
        mine = next(d for d in queues if d["id"] == f"net{number}")["queues"] if "packed" in nic.what else ()
        for ring in (r for r in mine if r["queue-index"] < 2 * nic.pairs):
            flags = struct.unpack("<QIHH", core.read_phys(path, ring["vring-desc"], 16))[3]
            found.add((("rx", "tx")[ring["queue-index"] % 2], bool(flags & packed.USED)))
    return found


def instants(kernel: Kernel, folder: Path, count: int) -> None:
    """The guest of BUSY at several moments: core-0, core-1, ...; QEMU's reading is of a moment before."""
    with contextlib.ExitStack() as stack:
        namespace = stack.enter_context(net.Namespace())
        arguments, lines = [], []
        for number, nic in enumerate(BUSY):
            namespace.tap(f"tap{number}", f"10.99.{number}.1/24", multi_queue=nic.pairs > 1)
            arguments += scenes.tap_nic(nic.pairs, f"tap{number}", f"net{number}",
                                        f",mac={mac_of(number)},romfile={nic.options}")
            lines.append(_filled(nic.first, number))
        polled = next(n for n, nic in enumerate(BUSY) if nic.what == "busy-polled")
        lines.append(f"fault_tool listen 10.99.{polled}.2 7100 &")
        lines += [f"guest_tool blast eth{n} 1000000000 &" for n in range(0, len(BUSY), 3)]
        lines += [f"ping -A -s 1000 10.99.{n}.1 >/dev/null &" for n in range(len(BUSY))]
        guest = stack.enter_context(Guest(kernel, "\n".join(lines), arguments, netns=namespace, cpus=CPUS,
                                          append=QUIET, files=tools()))
        guest.wait_for()
        queues = guest.queues()
        remember(queues, folder)
        heavy = _flood(stack, namespace, 30000, 0)
        _flood(stack, namespace, 31000, 0.005)
        for number in range(count):
            if number == count // 2:
                heavy.kill()
            # The last is taken until, beside the first, packed rings are in rounds of both wrap counters.
            for _ in range(RETAKES if number == count - 1 else 1):
                time.sleep(0.7)
                with guest.frozen():
                    guest.copy_ram(folder / "ram")
                core.wrap_ram(folder / "ram", folder / f"core-{number}")
                if len(_rounds(folder / "core-0", queues) | _rounds(folder / f"core-{number}", queues)) == 4:
                    break
        (folder / "ram").unlink()


def panicked(kernel: Kernel, folder: Path) -> None:
    """A guest that was fine until its kernel panicked; its devices went on for a while."""
    pairs = 2
    with net.Namespace() as namespace:
        namespace.tap("tap0", "10.99.0.1/24")
        namespace.run("ip", "neigh", "replace", "10.99.0.2", "lladdr", mac_of(0), "nud", "permanent", "dev", "tap0")
        workload = "\n".join([_filled(UP, 0), f"echo {TRAFFIC}", f"fault_tool await {PORTS[TRAFFIC]}",
                              "echo c >/proc/sysrq-trigger"])
        nic = scenes.tap_nic(pairs, options=f",mac={mac_of(0)},romfile=")
        with Guest(kernel, workload, nic, netns=namespace, cpus=CPUS, append=f"{QUIET} panic=0", files=tools()) as guest:
            guest.wait_for(TRAFFIC)
            namespace.blast("10.99.0.2", flows=16, packets=8)
            _send(namespace, 0, PORTS[TRAFFIC])
            guest.wait_for("end Kernel panic")
            namespace.blast("10.99.0.2", flows=16, packets=48)
            queues = guest.queues()
            as_it_stands(guest, folder)
    remember(queues, folder)
