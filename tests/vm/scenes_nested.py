# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with QEMU and a guest inside a guest: both sides of the same rings at one instant.

An instant that does not show what it is for is taken again; what it shows is drgn's reading.
"""

import re
import tempfile
import time
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
MODULES = ("tun", "vhost_net")
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/kvmvapic.bin",
            "/usr/share/qemu/linuxboot_dma.bin")
INNER_MEMORY = 128

# Both have one for each pair of queues.
CPUS = 2
NAMES = tuple(f"{way}{pair}" for pair in range(CPUS) for way in ("rx", "tx"))
TRIES = 10
TRIGGER = 4000  # TCP port
BUSY = "LAB-BUSY"

# Emulation inside emulation: cmpxchg16b comes out wrong in some pairs of QEMU and kernel.
WORKLOAD = f"""
for knob in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$knob; done
/usr/bin/{QEMU} -accel tcg -machine q35 -cpu max,la57=off,cx16=off -smp {CPUS} -m {INNER_MEMORY}M -L /firmware \
    -nodefaults -no-user-config -display none -no-reboot -kernel /inner/vmlinuz -initrd /inner/initrd \
    -append "console=ttyS0 quiet panic=-1 no_timer_check nokaslr" -serial file:/inner/log \
    -netdev tap,id=back,ifname=tap0,script=no,downscript=no,vhost=on,queues={CPUS} \
    -device virtio-net-pci,netdev=back,mq=on,vectors=6,romfile= </dev/null >/inner/qemu.log 2>&1 &
until [ -e /sys/class/net/tap0 ]; do
    sleep 0.5
    kill -0 $! || {{ cat /inner/qemu.log; break; }}
done
ip address add {scenes.HOST}/24 dev tap0
ip link set tap0 up
until grep -q {initramfs.READY} /inner/log; do
    sleep 1
    kill -0 $! || {{ cat /inner/qemu.log /inner/log; echo LAB: QEMU ended; break; }}
done
ping -c 10 -A -W 5 {scenes.ADDRESS} >/dev/null || echo LAB: no answer from {scenes.ADDRESS}
# Enough for the first dump; it is stopped as soon as it says that it is ready.
(
    sleep 3
    nc {scenes.ADDRESS} {TRIGGER} </dev/null || echo LAB: no answer on port {TRIGGER}
    host_tool /flood >/flood.log 2>&1 &
    sleep 6
    cat /flood.log
    echo {BUSY}
) &
"""

# What the guest does once it is told to, from each CPU and so into each queue.
REPLY = "\n".join([
    f"( nc -l -p {TRIGGER} >/dev/null", *(
        f"taskset {1 << cpu:x} ping -A -s {100 + 800 * cpu} {scenes.HOST} >/dev/null &" for cpu in range(CPUS)),
    ") &"])

# Packets of many flows in bursts, for longer than anybody waits.
FLOOD = "name flood\n" + "inject tap0 60\nsettle 40\n" * 20000


def _libraries(program: str) -> list:
    """Return what the loader needs to start a program, itself included."""
    return sorted(set(re.findall(r"(/\S+) \(0x", store.run(["ldd", program]))))


def _files(kernel: Kernel, scratch: Path) -> dict:
    """Return what the host's initramfs holds: QEMU with all it needs, and the guest."""
    # The driver gives each CPU a queue of its own.
    inner = initramfs.build(kernel, scratch / "initrd", f"{scenes.pings(CPUS)}\n{REPLY}")
    program = store.run(["which", QEMU]).strip()
    plugins = Path("/usr/lib/x86_64-linux-gnu/qemu").glob("accel-tcg-*.so")
    paths = [*_libraries(program), *map(str, plugins)]
    # Where it was built for: it looks for its parts from there.
    return ({"bin/host_tool": scenes_host.host_tool(), "flood": FLOOD.encode(), f"usr/bin/{QEMU}": program, "inner/vmlinuz": kernel.vmlinuz,
             "inner/initrd": inner}
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
    """Return drgn's reading of a guest's queues, by name."""
    read = drgn.Drgn().run(GUEST_READER, core_path, kernel, timeout=600)
    return {q["queue"]: q for device in read["devices"] for q in device["queues"]}


def _gpa(device: dict, user: str) -> int:
    for one in device["regions"]:
        offset = int(user, 16) - int(one["user"], 16)
        if 0 <= offset < int(one["size"], 16):
            return int(one["gpa"], 16) + offset
    raise store.LabError(f"no region has {user}")


def joined(devices: list, queues: dict) -> dict:
    """Return {name: Queue} of what vhost serves; who belongs to whom is told by the addresses."""
    ends = {_gpa(device, q["desc"]): q for device in devices for q in device["queues"]}
    # Without KASLR all memory is mapped from there on.
    own = {int(q["desc"], 16) - 0xffff888000000000: name for name, q in queues.items()}
    return {own[at]: Queue(queues[own[at]], end) for at, end in ends.items()}


def is_busy(queues: dict, before: dict) -> bool:
    """Every queue has moved since, and some are in the middle of it."""
    moved = all(q.host["last_used_idx"] != before[name].host["last_used_idx"] for name, q in queues.items())
    return moved and sum(bool(q.returned or q.taken) for q in queues.values()) >= 2


# ---- the scene -------------------------------------------------------------------------------------

def cut_out(kernel: Kernel, host_core: Path, out: Path) -> list:
    """Make a core of the guest's memory as it is in its host's; return the table of regions."""
    drivers = kernel.debugmods / "kernel/drivers"
    more = [*sorted(drivers.glob("vhost/vhost*.ko")), drivers / "net/tun.ko"]
    ram = out.with_name("ram")
    regions = drgn.Drgn().run(READER, host_core, kernel, *more, ram, timeout=600)
    core.wrap_ram(ram, out)
    ram.unlink()
    return regions


def _take(guest: Guest, folder: Path, wanted) -> dict:
    """Leave both cores of an instant that is wanted in a folder; return its queues, and let the host go on.

    wanted gets the queues, {name: Queue}, and says whether to keep this instant.
    """
    kernel = guest.kernel
    folder.mkdir()
    for tried in range(TRIES):
        with store.step(f"nested {kernel.release}: dump, {folder.name}"):
            scenes.save(guest, folder)
        with store.step(f"nested {kernel.release}: cut the guest out of its host") as notes:
            regions = cut_out(kernel, folder / "core", folder / "inner")
            seen = joined(host_devices(folder / "core", kernel), guest_queues(folder / "inner", kernel))
            notes.append(f"{len(regions)} regions")
        guest.resume()
        if seen.keys() == set(NAMES) and wanted(seen):
            return seen
        told = {name: (q.published, q.taken, q.returned) for name, q in seen.items()}
        store.say(f"nested {kernel.release}: once more, (published, taken, returned) are {told}")
        (folder / "core").unlink()
        time.sleep(0.5 * tried)
    raise store.LabError(f"no instant was {folder.name}")


def build(kernel: Kernel, folder: Path) -> None:
    """Leave the host's core and the guest's (inner) in folders idle and busy, each of one instant.

    Both run the same kernel. Stopping the host stops what is in it, so vhost is caught as it is.
    """
    with tempfile.TemporaryDirectory(prefix="vring-nested-") as scratch:
        files = _files(kernel, Path(scratch))
        with Guest(kernel, WORKLOAD, memory=1024, cpus=CPUS, modules=MODULES, files=files) as guest:
            with store.step(f"nested {kernel.release}: boot both") as notes:
                guest.wait_for(timeout=600)
                notes.append("with trouble" if "LAB: " in guest.console() else "both answer")
            if "LAB: " in guest.console():
                raise store.LabError(guest.console())
            # Only once: the traffic begins a moment later.
            idle = _take(guest, folder / "idle", lambda queues: True)
            with store.step(f"nested {kernel.release}: traffic"):
                guest.wait_for(BUSY)
            if "LAB: " in guest.console():
                raise store.LabError(guest.console())
            _take(guest, folder / "busy", lambda queues: is_busy(queues, idle))
