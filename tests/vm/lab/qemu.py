# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU of a suite other than this machine's, for what its own cannot do yet.

Like the crashes it runs from an unpacked tree, through its own suite's loader.
"""

from . import store
from .debian import Suite
from .guest import QEMU

# The first one whose virtio devices know in_order.
IN_ORDER = "trixie"


def of(suite: str) -> list:
    """Return the command that starts a suite's QEMU, downloaded the first time."""
    def build(folder):
        with Suite(suite) as packages, store.step(f"QEMU from {suite}") as notes:
            packages.tree("qemu-system-x86", folder)
            notes.append(store.megabytes(folder))
    tree = store.entry(f"qemu/{suite}", build)
    libraries = tree / "usr/lib/x86_64-linux-gnu"
    # It looks for its firmware beside the program's file, and that is the loader here.
    return [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries),
            str(tree / "usr/bin" / QEMU), "-L", str(tree / "usr/share/qemu"),
            "-L", str(tree / "usr/share/seabios")]
