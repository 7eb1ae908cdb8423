# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with QEMU and a guest inside a guest: both sides of the same rings at one instant."""

import re
import tempfile
from pathlib import Path

import scenes_host
from lab import core, drgn, initramfs, scenes, store
from lab.guest import QEMU, Guest
from lab.kernels import Kernel

READER = Path(__file__).parent / "nested_reader.py"
MODULES = ("tun", "vhost_net")
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/kvmvapic.bin",
            "/usr/share/qemu/linuxboot_dma.bin")
INNER_MEMORY = 128

# Both have one for each pair of queues.
CPUS = 2
TRIGGER = 4000  # TCP port
BUSY = "LAB-BUSY"

# Emulation inside emulation: cmpxchg16b comes out wrong in some pairs of QEMU and kernel.
WORKLOAD = f"""
for knob in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$knob; done
/usr/bin/{QEMU} -accel tcg -machine q35 -cpu max,la57=off,cx16=off -smp {CPUS} -m {INNER_MEMORY}M -L /firmware \
    -nodefaults -no-user-config -display none -no-reboot -kernel /inner/vmlinuz -initrd /inner/initrd \
    -append "console=ttyS0 quiet panic=-1 nokaslr" -serial file:/inner/log \
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


def cut_out(kernel: Kernel, host_core: Path, out: Path) -> list:
    """Make a core of the guest's memory as it is in its host's; return the table of regions."""
    drivers = kernel.debugmods / "kernel/drivers"
    more = [*sorted(drivers.glob("vhost/vhost*.ko")), drivers / "net/tun.ko"]
    ram = out.with_name("ram")
    regions = drgn.Drgn().run(READER, host_core, kernel, *more, ram, timeout=600)
    core.wrap_ram(ram, out)
    ram.unlink()
    return regions


def _dump(guest: Guest, kernel: Kernel, folder: Path) -> None:
    """Leave both cores of this instant in a folder."""
    folder.mkdir()
    with store.step(f"nested {kernel.release}: dump, {folder.name}"):
        scenes.save(guest, folder)
    with store.step(f"nested {kernel.release}: cut the guest out of its host") as notes:
        regions = cut_out(kernel, folder / "core", folder / "inner")
        notes.append(f"{len(regions)} regions")


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
            _dump(guest, kernel, folder / "idle")
            guest.resume()
            with store.step(f"nested {kernel.release}: traffic"):
                guest.wait_for(BUSY)
            if "LAB: " in guest.console():
                raise store.LabError(guest.console())
            _dump(guest, kernel, folder / "busy")
