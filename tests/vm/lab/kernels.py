# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian kernels with their debuginfo, by short name."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import debian, store

# The cloud flavour: virtio, tun, tap, macvtap and vhost in a third of the usual size.
META = "linux-image-cloud-"
SUITES = {
    "5.10": "bullseye",
    "6.1": "bookworm",
    "6.12": "trixie",
    # Backports move on: the name says what it was when this was written, Kernel.release what it is.
    "7.3": "trixie-backports",
}
# For arm64 their names are "6.1-arm64" and so on.
ARCHITECTURES = ("amd64", "arm64")

IMAGE_PATTERNS = ["./boot/vmlinuz-*", "./lib/modules/*", "./usr/lib/modules/*"]

# Debuginfo of all modules is over 1 GB a kernel; these are the folders with virtio and vhost.
DEBUG_MODULES = ["virtio", "vhost", "vdpa", "char", "firmware", "block/virtio_blk*",
                 "scsi/virtio_scsi*", "crypto/virtio", "gpu/drm/virtio", "net/*.ko*"]
DEBUG_PATTERNS = (
    ["./usr/lib/debug/boot/vmlinux-*", "./usr/lib/debug/lib/modules/*/vmlinux"]
    + [f"./usr/lib/debug/lib/modules/*/kernel/drivers/{d}" for d in DEBUG_MODULES]
    + [f"./usr/lib/debug/lib/modules/*/kernel/{d}" for d in
       ("net/vmw_vsock", "net/core", "net/9p", "fs/fuse", "sound/virtio")]
)


@dataclass(frozen=True)
class Kernel:
    """Where the parts of one kernel are."""

    name: str        # '6.1', or '6.1-arm64'
    release: str     # what uname -r says in the guest
    vmlinuz: Path    # to boot
    vmlinux: Path    # with debuginfo
    moddir: Path     # the modules to load, with modules.dep
    debugmods: Path  # debuginfo of the modules above (kernel/drivers/... beneath it)

    @property
    def architecture(self) -> str:
        """Debian's name of the architecture."""
        return _split(self.name)[1]


def _split(name: str) -> tuple:
    """Return version and architecture of a short name."""
    version, _, architecture = name.partition("-")
    return version, architecture or "amd64"


def get(name: str) -> Kernel:
    """Return a kernel by its short name, downloaded the first time."""
    version, architecture = _split(name)
    if version not in SUITES or architecture not in ARCHITECTURES:
        raise store.LabError(f"no kernel {name}: there are {', '.join(SUITES)}, also with -arm64")
    folder = store.entry(f"kernels/{name}", lambda partial: _build(name, partial))
    paths = json.loads((folder / "kernel.json").read_text())
    release = paths.pop("release")
    return Kernel(name, release, **{key: folder / path for key, path in paths.items()})


def _packages(suite: debian.Suite, meta: str) -> list:
    """Follow a meta-package to those that carry files: from 7.x on an image is three packages."""
    found, queue = [], suite.depends(meta)
    while queue:
        package = queue.pop()
        if re.match(r"linux-(image|binary|modules)-\d", package) and package not in found:
            found.append(package)
            queue += suite.depends(package)
    return found


def _fetch(name: str, folder: Path) -> None:
    """Unpack all packages of a kernel into a folder."""
    version, architecture = _split(name)
    meta = META + architecture
    with debian.Suite(SUITES[version], architecture) as suite:
        for meta, patterns in ((meta, IMAGE_PATTERNS), (f"{meta}-dbg", DEBUG_PATTERNS)):
            for package in _packages(suite, meta):
                with store.step(f"kernel {name}: download {package}") as notes:
                    deb = suite.download(package, folder)
                    notes.append(store.megabytes(deb))
                with store.step(f"kernel {name}: unpack {package}"):
                    debian.unpack(deb, folder, patterns)
                deb.unlink()


def _build(name: str, folder: Path) -> None:
    _fetch(name, folder)
    moddir = next(p for p in folder.glob("**/lib/modules/*") if "debug" not in p.parts)
    release = moddir.name
    # The package leaves modules.dep to be made at installation.
    store.run(["depmod", "-b", moddir.parents[2], release])
    debug = folder / "usr/lib/debug"
    vmlinux = debug / f"boot/vmlinux-{release}"
    if not vmlinux.exists():
        vmlinux = debug / f"lib/modules/{release}/vmlinux"
    vmlinuz = next(p for p in folder.glob("**/vmlinuz*") if "debug" not in p.parts)
    paths = {"vmlinuz": vmlinuz, "vmlinux": vmlinux, "moddir": moddir,
             "debugmods": debug / f"lib/modules/{release}"}
    texts = {key: str(path.relative_to(folder)) for key, path in paths.items()}
    (folder / "kernel.json").write_text(json.dumps({"release": release, **texts}))
