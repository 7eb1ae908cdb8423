# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests whose virtio-net devices are set up in every way that split rings know."""

import json
from dataclasses import dataclass
from pathlib import Path

import rings
from lab import core, net, scenes, store
from lab.guest import CPU, Guest
from lab.kernels import Kernel

CPUS = 2
# Both indices go around once, and then some.
MANY = 70000
# How often a guest at work is held still before it is given up to find a packet under way.
CATCHES = 20

# Floods a guest until its tap has handed over so many packets; the tap drops what is too fast.
FLOOD = """
import re, socket, sys, time
target, tap, goal = sys.argv[1], sys.argv[2], int(sys.argv[3])
def sent():
    # The tenth number of its line; /sys would show another namespace.
    line = re.search(rf"^ *{tap}:(.*)$", open("/proc/net/dev").read(), re.M)[1]
    return int(line.split()[9])
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end = time.monotonic() + 60
while sent() < goal and time.monotonic() < end:
    for _ in range(200):
        sock.sendto(b"x" * 64, (target, 9))
print(sent(), "packets")
"""


@dataclass(frozen=True)
class Nic:
    """One device of the zoo: how QEMU makes it, and what the guest does with it.

    setup is shell text in the guest, where {name} is the device's first name, {number} its
    number and {ping} a command that sends some packets through it.
    """

    what: str
    pairs: int = 1
    options: str = ""
    setup: str = "ip link set {name} up; ip address add 10.99.{number}.2/24 dev {name}; {ping}"


NEXT_DOOR = ("ip link set {name} netns $room; nsenter -t $room -n sh -c '{rename}"
             "ip address add 10.99.{number}.2/24 dev {final}; ip link set {final} up; {ping}'")

ODD_NAME = 'é"\\'

# In this order: eth0 eth1 ..., net0 net1 ... for QEMU, tap0 tap1 ... on the host.
ZOO = (
    Nic("busy", 2),
    # 6.1 takes as many pairs as there are CPUs.
    Nic("pairs-beyond-cpus", 4),
    Nic("legacy", 2, ",disable-modern=on,disable-legacy=off"),
    Nic("no-event-idx", 2, ",event_idx=off"),
    # With a name that JSON and a terminal would choke on (the kernel itself refuses a %).
    Nic("no-indirect", 1, ",indirect_desc=off",
        f"ip link set {{name}} name '{ODD_NAME}'; " + Nic.setup.replace("{name}", f"'{ODD_NAME}'")),
    Nic("rx-1024", 1, ",rx_queue_size=1024"),
    Nic("idle", 2, setup="ip link set {name} up"),
    Nic("fewer-channels", 2, setup=Nic.setup + "; guest_tool channels {name} 1"),
    Nic("down", 1, setup=Nic.setup + "; ip link set {name} down"),
    Nic("never-up", 2, setup=":"),
    Nic("link-down"),
    Nic("next-door", setup=NEXT_DOOR.replace("{rename}", "").replace("{final}", "{name}")),
    Nic("same-name", setup=NEXT_DOOR.replace("{rename}", "ip link set {name} name eth0; ").replace(
        "{final}", "eth0")),
    # A name that is a hexadecimal number, too.
    Nic("fade", setup="ip link set {name} name fade; " + Nic.setup.replace("{name}", "fade")),
    # A receive buffer is a chain of descriptors.
    Nic("chains", 1, ",mrg_rxbuf=off,indirect_desc=off"),
    Nic("bare", 1, ",ctrl_vq=off,ctrl_rx=off,ctrl_vlan=off,ctrl_mac_addr=off,ctrl_guest_offloads=off,"
        "guest_announce=off,mrg_rxbuf=off,gso=off,csum=off,guest_csum=off,"
        "guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off,event_idx=off,indirect_desc=off"),
)


@dataclass(frozen=True)
class Scene:
    """A dump with QEMU's reading of it, and drgn's."""

    dump: scenes.Dump
    devices: list  # of drgn_reader

    def qemu(self, device: dict) -> dict:
        """Return QEMU's reading of the device that drgn tells of."""
        last = int(device["mac"].split(":")[-1], 16)
        return self.dump.device("net0" if len(self.devices) == 1 else f"net{last}")

    def of(self, what: str) -> dict:
        """Return drgn's reading of a device of the zoo."""
        wanted = f":{numbered(what):02x}"
        return next(d for d in self.devices if d["mac"].endswith(wanted))


def numbered(what: str) -> int:
    """Return a zoo device's number."""
    return next(n for n, nic in enumerate(ZOO) if nic.what == what)


def guest_tool() -> Path:
    """Return the guests' own program, compiled the first time."""
    source = Path(__file__).parent / "guest_tool.c"

    def compile_it(folder):
        flags = ["-std=c11", "-D_GNU_SOURCE", "-static", "-O2", "-Wall", "-Wextra", "-Werror"]
        store.run(["cc", *flags, "-o", folder / "guest_tool", source])
    # By its time, so that an edit makes a new one.
    return store.entry(f"guest_tool/{source.stat().st_mtime_ns}", compile_it) / "guest_tool"


def _zoo_arguments() -> list:
    arguments = []
    for number, nic in enumerate(ZOO):
        # Without its boot ROM, which each would cost a moment.
        mac = f"mac=52:54:00:00:00:{number:02x}"
        options = f",{mac},romfile={nic.options}"
        arguments += scenes.tap_nic(nic.pairs, f"tap{number}", f"net{number}", options)
    return arguments


def _zoo_workload() -> str:
    # A namespace is as good as the process in it.
    lines = ["unshare -n sleep 100000 & room=$!", "sleep 0.2"]
    for number, nic in enumerate(ZOO):
        ping = f"ping -A -c {5 + 3 * number} -s {60 + 50 * number} 10.99.{number}.1 >/dev/null"
        setup = nic.setup.replace("{name}", f"eth{number}").replace("{number}", str(number))
        lines.append(setup.replace("{ping}", ping))
    for cpu in range(CPUS):
        lines.append(f"taskset {1 << cpu:x} ping -A -s {100 + 900 * cpu} 10.99.0.1 >/dev/null &")
    return "\n".join(lines)


def zoo(kernel: Kernel, folder: Path) -> None:
    """A guest with all devices of ZOO, eth0 in the middle of its traffic."""
    with net.Namespace() as namespace:
        for number, nic in enumerate(ZOO):
            namespace.tap(f"tap{number}", f"10.99.{number}.1/24", multi_queue=nic.pairs > 1)
        with Guest(kernel, _zoo_workload(), _zoo_arguments(), netns=namespace, cpus=CPUS, memory=384,
                   files={"bin/guest_tool": guest_tool()}) as guest:
            with store.step(f"guest {kernel.release}: boot with {len(ZOO)} devices"):
                guest.wait_for()
            guest.qmp("set_link", name=f"net{numbered('link-down')}", up=False)
            for number, nic in enumerate(ZOO):
                if nic.pairs > 1:
                    namespace.blast(f"10.99.{number}.2", packets=20 + 20 * number)
            scenes.save(guest, folder)


def wrapped(kernel: Kernel, folder: Path) -> None:
    """A guest whose indices have passed 65535 in both directions."""
    with net.Namespace() as namespace:
        namespace.tap("tap0", f"{scenes.HOST}/24", multi_queue=False)
        workload = f"{scenes.pings(1)}\nguest_tool blast eth0 {MANY}"
        with Guest(kernel, workload, scenes.tap_nic(1), netns=namespace,
                   files={"bin/guest_tool": guest_tool()}) as guest:
            with store.step(f"guest {kernel.release}: boot and send {MANY}"):
                guest.wait_for()
            with store.step(f"guest {kernel.release}: send it {MANY}") as notes:
                sent = namespace.run("/usr/bin/python3", "-c", FLOOD, scenes.ADDRESS, "tap0", str(MANY))
                notes.append(sent.strip())
            scenes.save(guest, folder)


def five_levels(kernel: Kernel, folder: Path) -> None:
    """A guest with five levels of page tables."""
    with scenes.tap_guest(kernel, 2, cpu=CPU.replace("la57=off", "la57=on")) as (guest, _):
        dump = scenes.save(guest, folder)
    with core.Core(dump.core) as saved:
        assert b"NUMBER(pgtable_l5_enabled)=1" in saved.notes, "four levels only"


def as_it_stands(guest: Guest, folder: Path) -> None:
    """Dump a guest without QMP's stop, which would complete its packets."""
    with guest.frozen():
        guest.copy_ram(folder / "ram")
    core.wrap_ram(folder / "ram", folder / "core")
    (folder / "ram").unlink()


def remember(queues: list, folder: Path) -> None:
    (folder / "queues.json").write_text(json.dumps(queues, indent=1))


def stalled(kernel: Kernel, folder: Path, **more) -> None:
    """A guest whose peer reads nothing: its transmit ring is full, or the stack has stopped the queue."""
    with scenes.stalled_guest(kernel, **more) as guest:
        queues = guest.queues()
        as_it_stands(guest, folder)
        again = guest.queues()
    assert [d["queues"] for d in again] == [d["queues"] for d in queues], "something still moved"
    remember(queues, folder)


def stalled_fifo(kernel: Kernel, folder: Path) -> None:
    """The same with a queueing discipline that counts on each CPU for itself."""
    stalled(kernel, folder, append="sysctl.net.core.default_qdisc=pfifo_fast", cpus=2)


def packets_are_under_way(path: Path, queues: list) -> bool:
    """Say whether a core has a transmit ring with entries that the device has not returned."""
    transmit = [rings.words(path, q) for device in queues for q in device["queues"] if q["queue-index"] % 2]
    return any(ring["avail_idx"] != ring["used_idx"] for ring in transmit)


def caught(kernel: Kernel, folder: Path) -> None:
    """A guest held still in the middle of sending. QEMU's indices are of a moment before.

    Between two packets nothing is under way, and then it is held still again.
    """
    with net.Namespace() as namespace:
        namespace.tap("tap0", f"{scenes.HOST}/24")
        workload = "\n".join([scenes.pings(CPUS), *(
            f"taskset {1 << cpu:x} guest_tool blast eth0 100000000 &" for cpu in range(CPUS))])
        with Guest(kernel, workload, scenes.tap_nic(CPUS), netns=namespace, cpus=CPUS,
                   files={"bin/guest_tool": guest_tool()}) as guest:
            with store.step(f"guest {kernel.release}: boot and send without end"):
                guest.wait_for()
            for _ in range(CATCHES):
                queues = guest.queues()
                as_it_stands(guest, folder)
                if packets_are_under_way(folder / "core", queues):
                    return remember(queues, folder)
        raise store.LabError(f"held still {CATCHES} times, and no packet was under way")
