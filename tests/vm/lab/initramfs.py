# SPDX-License-Identifier: GPL-2.0-or-later
"""The initramfs of a guest: busybox, the modules asked for and one shell script as /init."""

import lzma
import stat
from pathlib import Path

from . import debian, store
from .kernels import SUITES, Kernel

READY = "LAB-READY"

# qemu_fw_cfg hands VMCOREINFO to QEMU's vmcoreinfo device, from where it gets into dumps.
# A module that a kernel has built in, or does not have at all, is passed over.
MODULES = ("virtio_pci", "virtio_net", "qemu_fw_cfg", "af_packet")

# Only what every guest needs; the rest is the workload's. Without devtmpfs's null
# background jobs of the shell fail, and console output needs the console node.
INIT = """#!/bin/sh
export PATH=/bin:/sbin
mkdir -p /proc /sys /dev /tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
exec >/dev/console 2>&1 </dev/console
for m in $(cat /modules/order); do
    insmod /modules/$m || echo "LAB: insmod $m failed"
done
ip link set lo up
{workload}
echo {ready}
# Never ends: a guest whose init exits panics.
while :; do sleep 3600; done
"""


class _Cpio:
    """Writes the one archive format that the kernel unpacks at boot ("newc")."""

    def __init__(self):
        self.parts = []
        self.inode = 0
        self.size = 0

    def _put(self, data: bytes) -> None:
        padded = data + bytes(-len(data) % 4)
        self.parts.append(padded)

    def add(self, name: str, mode: int, data: bytes = b"", rdev=(0, 0)) -> None:
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name) + 1, 0)
        self._put(b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0")
        self._put(data)

    def folder(self, name: str) -> None:
        self.add(name, stat.S_IFDIR | 0o755)

    def file(self, name: str, data: bytes, mode: int = 0o755) -> None:
        self.add(name, stat.S_IFREG | mode, data)

    def link(self, name: str, target: str) -> None:
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def finish(self) -> bytes:
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts)


def _module_name(path: str) -> str:
    return Path(path).name.split(".ko")[0].replace("-", "_")


def _module_order(kernel: Kernel, names) -> list:
    """Return the files of modules and all that they need, each after what it needs."""
    needs = {}
    for line in (kernel.moddir / "modules.dep").read_text().splitlines():
        path, _, after = line.partition(":")
        needs[_module_name(path)] = (path, after.split())
    order = []
    for name in names:
        if name not in needs:
            continue
        path, after = needs[name]
        # modules.dep lists the whole closure, nearest first: loading it backwards is right.
        for wanted in [*reversed(after), path]:
            if wanted not in order:
                order.append(wanted)
    return order


def _busybox(architecture: str = "amd64") -> Path:
    if architecture != "amd64":
        return store.entry(f"busybox/{architecture}", lambda folder: _fetch(architecture, folder)) / "bin/busybox"
    path = Path("/bin/busybox")
    if not path.exists():
        raise store.LabError("busybox is missing: run tests/vm/setup.sh demo")
    return path


def _fetch(architecture: str, folder: Path) -> None:
    """Unpack the busybox of another architecture, of this machine's own suite: its applets are the same."""
    with debian.Suite(SUITES["6.1"], architecture) as suite:
        debian.unpack(suite.download("busybox-static", folder), folder)


def build(kernel: Kernel, out: Path, workload: str = "", modules=(), files=None) -> Path:
    """Write an initramfs for a guest that loads modules, runs a workload, then says READY.

    workload is shell text that must end or go to the background; files maps a path in
    the guest to a file of this machine, or to bytes.
    """
    cpio = _Cpio()
    for name in ("bin", "sbin", "dev", "modules"):
        cpio.folder(name)
    # The kernel opens /dev/console before init has mounted devtmpfs.
    cpio.add("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
    cpio.file("bin/busybox", _busybox(kernel.architecture).read_bytes())
    for applet in store.run([_busybox(), "--list"]).split():
        if applet != "busybox":
            cpio.link(f"bin/{applet}", "busybox")
    order = []
    for path in _module_order(kernel, [*MODULES, *modules]):
        data = (kernel.moddir / path).read_bytes()
        if path.endswith(".xz"):
            data = lzma.decompress(data)
        order.append(f"{_module_name(path)}.ko")
        cpio.file(f"modules/{order[-1]}", data, 0o644)
    cpio.file("modules/order", "".join(f"{m}\n" for m in order).encode(), 0o644)
    for name, source in (files or {}).items():
        _add_file(cpio, name.lstrip("/"), source)
    cpio.file("init", INIT.format(workload=workload, ready=READY).encode())
    out.write_bytes(cpio.finish())
    return out


def _add_file(cpio: _Cpio, name: str, source) -> None:
    # An archive must hold a folder before what is in it; naming one twice does no harm.
    for parent in reversed(list(Path(name).parents)[:-1]):
        cpio.folder(str(parent))
    cpio.file(name, source if isinstance(source, bytes) else Path(source).read_bytes())
