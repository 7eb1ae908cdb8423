# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with QEMU and a guest inside a guest: both sides of the same rings at one instant."""

import re
import tempfile
from pathlib import Path

from lab import core, drgn, initramfs, scenes, store
from lab.guest import QEMU, Guest
from lab.kernels import Kernel

READER = Path(__file__).parent / "nested_reader.py"
MODULES = ("tun", "vhost_net")
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/kvmvapic.bin",
            "/usr/share/qemu/linuxboot_dma.bin")
INNER_MEMORY = 128

# Emulation inside emulation: cmpxchg16b comes out wrong in some pairs of QEMU and kernel.
WORKLOAD = f"""
for knob in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$knob; done
/usr/bin/{QEMU} -accel tcg -machine q35 -cpu max,la57=off,cx16=off -m {INNER_MEMORY}M -L /firmware \
    -nodefaults -no-user-config -display none -no-reboot -kernel /inner/vmlinuz -initrd /inner/initrd \
    -append "console=ttyS0 quiet panic=-1 nokaslr" -serial file:/inner/log \
    -netdev tap,id=back,ifname=tap0,script=no,downscript=no,vhost=on,queues=2 \
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
"""


def _libraries(program: str) -> list:
    """Return what the loader needs to start a program, itself included."""
    return sorted(set(re.findall(r"(/\S+) \(0x", store.run(["ldd", program]))))


def _files(kernel: Kernel, scratch: Path) -> dict:
    """Return what the host's initramfs holds: QEMU with all it needs, and the guest."""
    # The driver gives each CPU a queue of its own; with one, only the first pair has packets to send.
    inner = initramfs.build(kernel, scratch / "initrd", scenes.pings(1))
    program = store.run(["which", QEMU]).strip()
    plugins = Path("/usr/lib/x86_64-linux-gnu/qemu").glob("accel-tcg-*.so")
    paths = [*_libraries(program), *map(str, plugins)]
    # Where it was built for: it looks for its parts from there.
    return ({f"usr/bin/{QEMU}": program, "inner/vmlinuz": kernel.vmlinuz, "inner/initrd": inner}
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


def build(kernel: Kernel, folder: Path) -> None:
    """Leave the host's core and the guest's (inner) in a folder, of one instant.

    Both run the same kernel. Stopping the host stops what is in it, so vhost is caught as it is.
    """
    with tempfile.TemporaryDirectory(prefix="vring-nested-") as scratch:
        files = _files(kernel, Path(scratch))
        with Guest(kernel, WORKLOAD, memory=1024, modules=MODULES, files=files) as guest:
            with store.step(f"nested {kernel.release}: boot both") as notes:
                guest.wait_for(timeout=420)
                notes.append("with trouble" if "LAB: " in guest.console() else "both answer")
            if "LAB: " in guest.console():
                raise store.LabError(guest.console())
            with store.step(f"nested {kernel.release}: dump"):
                scenes.save(guest, folder)
    with store.step(f"nested {kernel.release}: cut the guest out of its host") as notes:
        regions = cut_out(kernel, folder / "core", folder / "inner")
        notes.append(f"{len(regions)} regions")
