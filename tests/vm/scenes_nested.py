# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with QEMU and a guest inside a guest: both sides of the same rings at one instant.

An instant that does not show what it is for is taken again; what it shows is drgn's reading.
"""

import contextlib
import json
import re
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

import scenes_host
from host_session import READER as HOST_READER
from host_session import READER_MODULES
from lab import core, drgn, initramfs, scenes, store
from lab.guest import QEMU, Guest
from lab.kernels import Kernel

READER = Path(__file__).parent / "nested_reader.py"
GUEST_READER = Path(__file__).parent / "drgn_reader.py"
MODULES = ("tun", "vhost_net", "vhost_vsock")
INNER_MODULES = ("vmw_vsock_virtio_transport",)
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/kvmvapic.bin",
            "/usr/share/qemu/linuxboot_dma.bin")
MEMORY, INNER_MEMORY = 1280, 128

# Both have one for each pair of queues.
CPUS = 2
NAMES = tuple(f"{way}{pair}" for pair in range(CPUS) for way in ("rx", "tx"))
VSOCK = ("vsock rx", "vsock tx")
TRIES = 10
ENDLESS = 10**9  # bytes
PORT = 1000  # of vsock
CIDS = {"a": 3}
TAPS = {"a": "tap0"}
HARDWARE = "02:00:00:00:00:01"
# What there is, and which guests.
INSTANTS = {"idle": "a", "busy": "a"}
# A shell behind a serial line: what is written there is done.
SHELL = '(stty raw -echo; while read -r line; do eval "$line"; done) </dev/ttyS1 &'

# Emulation inside emulation: cmpxchg16b comes out wrong in some pairs of QEMU and kernel.
WORKLOAD = f"""
{scenes_host.NO_IPV6}
start() {{  # NAME CID TAP
    mkdir /inner/$1
    mkfifo /inner/$1/shell.in /inner/$1/shell.out
    /usr/bin/{QEMU} -accel tcg -machine q35 -cpu max,la57=off,cx16=off -smp {CPUS} -m {INNER_MEMORY}M -L /firmware \
        -nodefaults -no-user-config -display none -no-reboot -kernel /inner/vmlinuz -initrd /inner/initrd \
        -append "console=ttyS0 quiet panic=-1 no_timer_check nokaslr ipv6.disable=1" \
        -serial file:/inner/$1/log -serial pipe:/inner/$1/shell \
        -netdev tap,id=back,ifname=$3,script=no,downscript=no,vhost=on,queues={CPUS} \
        -device virtio-net-pci,netdev=back,mq=on,vectors=6,romfile= \
        -netdev hubport,id=plain,hubid=0 -device virtio-net-pci,netdev=plain,romfile= \
        -device vhost-vsock-pci,guest-cid=$2 </dev/null >/inner/$1/qemu.log 2>&1 &
    echo $! >/inner/$1/pid
    until [ -e /sys/class/net/$3 ]; do
        sleep 0.5
        kill -0 $(cat /inner/$1/pid) || {{ cat /inner/$1/qemu.log; echo LAB: no QEMU; break; }}
    done
    ip link set $3 address {HARDWARE}
}}
address() {{  # TAP
    ip address add {scenes.HOST}/24 dev $1
    ip link set $1 up
    arp -s {scenes.ADDRESS} 52:54:00:12:34:56
}}
await() {{  # NAME MARKER
    until grep -q "$2" /inner/$1/log; do
        sleep 0.5
        kill -0 $(cat /inner/$1/pid) || {{ cat /inner/$1/qemu.log /inner/$1/log; echo LAB: QEMU ended; break; }}
    done
}}
inject() {{  # TAP COUNT
    echo "inject $1 $2" >/script
    host_tool /script >/dev/null
}}
vsock_tool listen {PORT}
start a {CIDS["a"]} {TAPS["a"]}
address {TAPS["a"]}
await a {initramfs.READY}
ping -c 10 -A -W 30 {scenes.ADDRESS} >/dev/null || echo LAB: no answer from {scenes.ADDRESS}
# Many flows: some for each queue.
inject {TAPS["a"]} 200
vsock_tool send {CIDS["a"]} {PORT} 10000
{SHELL}
"""

INNER = f"""
{scenes.pings(CPUS)}
arp -s {scenes.HOST} {HARDWARE}
vsock_tool listen {PORT}
vsock_tool send 2 {PORT} 10000
{SHELL}
"""

# Packets of many flows: more for a while than the guest can take, then none, so that it gets to send.
FLOOD = "name flood\n" + (f"inject {TAPS['a']} 100\nsettle 20\n" * 10 + "settle 1000\n") * 2000


def _libraries(program: str) -> list:
    """Return what the loader needs to start a program, itself included."""
    return sorted(set(re.findall(r"(/\S+) \(0x", store.run(["ldd", program]))))


def vsock_tool() -> Path:
    """Return the program for both sides, compiled the first time."""
    source = Path(__file__).parent / "vsock_tool.c"

    def compile_it(folder):
        store.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-static", "-O2", "-Wall", "-Wextra", "-Werror",
                   "-o", folder / "vsock_tool", source])
    return store.entry(f"vsock_tool/{source.stat().st_mtime_ns}", compile_it) / "vsock_tool"


def _files(kernel: Kernel, scratch: Path) -> dict:
    """Return what the host's initramfs holds: QEMU with all it needs, and the guest."""
    tools = {"bin/vsock_tool": vsock_tool()}
    # The driver gives each CPU a queue of its own.
    inner = initramfs.build(kernel, scratch / "initrd", INNER, INNER_MODULES, tools)
    program = store.run(["which", QEMU]).strip()
    plugins = Path("/usr/lib/x86_64-linux-gnu/qemu").glob("accel-tcg-*.so")
    paths = [*_libraries(program), *map(str, plugins)]
    # Where it was built for: it looks for its parts from there.
    return (tools | {"bin/host_tool": scenes_host.host_tool(), "flood": FLOOD.encode(), f"usr/bin/{QEMU}": program,
                     "inner/vmlinuz": kernel.vmlinuz, "inner/initrd": inner}
            | {path: path for path in paths} | {f"firmware/{Path(f).name}": f for f in FIRMWARE})


# ---- what there is at an instant, by drgn ------------------------------------------------------

@dataclass
class Queue:
    """Both ends of a queue: drgn's reading of either."""

    guest: dict
    host: dict

    def _apart(self, a: int, b: int) -> int:
        return (a - b) % 65536

    @property
    def published(self) -> int:
        """By the guest, and not taken."""
        return self._apart(self.guest["avail_idx"], self.host["last_avail_idx"])

    @property
    def taken(self) -> int:
        """And not returned."""
        return self._apart(self.host["last_avail_idx"], self.host["last_used_idx"])

    @property
    def returned(self) -> int:
        """And not reaped."""
        return self._apart(self.guest["used_idx"], self.guest["last_used_idx"])


def host_devices(core_path: Path, kernel: Kernel) -> list:
    """Return drgn's reading of all vhost devices of a core."""
    drivers = kernel.debugmods / "kernel/drivers"
    files = [f for pattern in READER_MODULES for f in sorted(drivers.glob(pattern))]
    return drgn.Drgn().run(HOST_READER, core_path, kernel, *files, timeout=600)


def guest_queues(core_path: Path, kernel: Kernel) -> dict:
    """Return drgn's reading of a guest's queues: {"rx0": ..., "vsock rx": ...}."""
    read = drgn.Drgn().run(GUEST_READER, core_path, kernel, timeout=600)
    found = {q["queue"]: q for device in read["devices"] if device["device"] == "eth0" for q in device["queues"]}
    (vsock,) = (device for device in read["virtio"] if device["driver"] == "vmw_vsock_virtio_transport")
    return found | {f"vsock {q['name']}": q for q in vsock["queues"]}


def _gpa(device: dict, user: str) -> int:
    for one in device["regions"]:
        offset = int(user, 16) - int(one["user"], 16)
        if 0 <= offset < int(one["size"], 16):
            return int(one["gpa"], 16) + offset
    raise store.LabError(f"no region has {user}")


def joined(devices: list, pid: int, queues: dict) -> dict:
    """Return {name: Queue} of what one process serves; who belongs to whom is told by the addresses."""
    ends = {_gpa(device, q["desc"]): q | {"kind": device["kind"], "runs": device["owner"]["runs"]}
            for device in devices if device["owner"]["pid"] == pid for q in device["queues"]}
    # Without KASLR all memory is mapped from there on.
    own = {int(q["desc"], 16) - 0xffff888000000000: name for name, q in queues.items()}
    return {own[at]: Queue(queues[own[at]], end) for at, end in ends.items()}


def is_at_rest(queues: dict, names=(*NAMES, *VSOCK)) -> bool:
    return not any(queues[name].returned or "tx" in name and (queues[name].published or queues[name].taken)
                   for name in names)


def under_way(queues: dict) -> set:
    return {name for name, q in queues.items() if q.returned or q.taken}


def _is_idle(a: dict) -> bool:
    """Nothing is under way, and nobody is up who could have something under way."""
    return is_at_rest(a) and not any(q.host["runs"] for q in a.values()) and all(
        q.host["last_used_idx"] > 20 for name, q in a.items() if name in NAMES)


def _is_busy(a: dict, before: dict) -> bool:
    """Every queue has moved since, and some are in the middle of it."""
    moved = {name for name in NAMES if a[name].host["last_used_idx"] != before[name].host["last_used_idx"]}
    vsock = all(a[name].host["last_used_idx"] != before[name].host["last_used_idx"] for name in VSOCK)
    return vsock and moved == set(NAMES) and len(under_way(a) & set(NAMES)) >= 2 and bool(
        a["vsock rx"].returned or a["vsock tx"].published or a["vsock tx"].taken or a["vsock tx"].returned)


# ---- the scene -------------------------------------------------------------------------------------

def cut_out(kernel: Kernel, host_core: Path, pid: int, out: Path) -> list:
    """Make a core of a guest's memory as it is in its host's, where QEMU has that pid; return its regions."""
    drivers = kernel.debugmods / "kernel/drivers"
    more = [*sorted(drivers.glob("vhost/vhost*.ko")), drivers / "net/tun.ko"]
    ram = out.with_name("ram")
    regions = drgn.Drgn().run(READER, host_core, kernel, *more, pid, ram, timeout=600)
    core.wrap_ram(ram, out)
    ram.unlink()
    return regions


class _Host:
    """The host while it runs, with a shell on its second serial line."""

    def __init__(self, guest: Guest, line, folder: Path):
        self.guest, self.line, self.folder = guest, line, folder
        self.done, self.pids, self.first = 0, {}, None

    def run(self, *lines: str, timeout: float = 600) -> None:
        """Have it do these lines, to their end."""
        self.done += 1
        for text in (*lines, f"echo LAB-DONE-{self.done}."):
            self.line.sendall(f"{text}\n".encode())
        self.guest.wait_for(f"LAB-DONE-{self.done}.", timeout)
        self.check()

    def within(self, name: str, *lines: str) -> None:
        """Have one of its guests do these lines, whenever it comes to it."""
        for text in lines:
            self.run(f"echo '{text}' >/inner/{name}/shell.in")

    def check(self) -> None:
        if "LAB: " in self.guest.console():
            raise store.LabError(self.guest.console())

    def pid(self, name: str) -> int:
        if name not in self.pids:
            self.run(f"echo LAB-PID-{name} $(cat /inner/{name}/pid).")
            self.pids[name] = int(re.search(rf"LAB-PID-{name} (\d+)\.", self.guest.console())[1])
        return self.pids[name]

    def _dump(self, folder: Path) -> None:
        """Make a core of this instant; what only QEMU writes into one is as it was in the first."""
        if not self.first:
            self.first = scenes.save(self.guest, folder).core
            self.guest.resume()
            return
        with self.guest.frozen():
            self.guest.copy_ram(folder / "ram")
        core.wrap_ram(folder / "ram", folder / "core", self.first)
        (folder / "ram").unlink()

    def take(self, instant: str, wanted) -> list:
        """Leave all cores of an instant in a folder: the host's, and under its name each guest's.

        wanted gets the queues of each, {name: Queue}, and says whether this is an instant to keep.
        """
        kernel, folder, names = self.guest.kernel, self.folder / instant, INSTANTS[instant]
        pids = {name: self.pid(name) for name in names}
        folder.mkdir()
        (folder / "pids.json").write_text(json.dumps(pids))
        for tried in range(TRIES):
            with store.step(f"nested {kernel.release}: {instant}, dump"):
                self._dump(folder)
            with store.step(f"nested {kernel.release}: {instant}, cut out and read"):
                devices, seen = host_devices(folder / "core", kernel), []
                for name, pid in pids.items():
                    cut_out(kernel, folder / "core", pid, folder / name)
                    seen.append(joined(devices, pid, guest_queues(folder / name, kernel)))
            if wanted(*seen):
                return seen
            told = [{k: (q.published, q.taken, q.returned) for k, q in queues.items()} for queues in seen]
            store.say(f"nested {kernel.release}: {instant} once more, (published, taken, returned) are {told}")
            self.run(f"sleep {1 + tried}")
        raise store.LabError(f"no instant was {instant}")


def _first(host: _Host) -> None:
    """A guest alone, at rest and at work."""
    (idle,) = host.take("idle", _is_idle)
    host.within("a", *(f"taskset {1 << cpu:x} ping -A -s {100 + 800 * cpu} {scenes.HOST} >/dev/null &"
                       for cpu in range(CPUS)))
    host.within("a", f"vsock_tool send 2 {PORT} {ENDLESS}")
    host.run(f"vsock_tool send {CIDS['a']} {PORT} {ENDLESS}", "host_tool /flood >/dev/null &", "sleep 2")
    host.take("busy", lambda a: _is_busy(a, idle))
    # Whoever sends to a socket that is gone stops, too.
    host.run("killall host_tool", "killall vsock_tool")
    host.within("a", "killall ping", "echo LAB-CALM")
    host.run("await a LAB-CALM", "sleep 2")


def build(kernel: Kernel, folder: Path) -> None:
    """Leave a folder for each of INSTANTS: the host's core and each guest's (a, b), of one instant.

    All run the same kernel. Stopping the host stops what is in it, so vhost is caught as it is.
    """
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vring-nested-")))
        serial = ["-chardev", f"socket,id=line,path={scratch}/line,server=on,wait=off",
                  "-device", "isa-serial,chardev=line"]
        guest = stack.enter_context(Guest(kernel, WORKLOAD, serial, memory=MEMORY, cpus=CPUS, modules=MODULES,
                                          files=_files(kernel, scratch)))
        with store.step(f"nested {kernel.release}: boot both") as notes:
            guest.wait_for(timeout=900)
            notes.append("with trouble" if "LAB: " in guest.console() else "both answer")
        line = stack.enter_context(socket.socket(socket.AF_UNIX))
        line.connect(str(scratch / "line"))
        host = _Host(guest, line, folder)
        host.check()
        _first(host)
