# SPDX-License-Identifier: GPL-2.0-or-later
"""drgn, a debugger with its own readers of cores, page tables and DWARF: a second opinion.

The version comes from sid, since older ones do not open QEMU's cores. Like the crashes it
runs from an unpacked tree, and its Python comes from there too.
"""

import json
import os
from pathlib import Path

from . import store
from .debian import Suite
from .kernels import Kernel

# Below drivers/: what declares the structs of virtio devices.
MODULES = ("virtio/*", "net/virtio_net*", "net/net_failover*")


class Drgn:
    """Runs scripts over a core; a script prints one JSON document."""

    def __init__(self):
        tree = store.entry("drgn", self._build)
        libraries = tree / "usr/lib/x86_64-linux-gnu"
        self.home = tree / "usr"
        self.command = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries),
                        str(self.home / "bin/python3")]

    def _build(self, folder: Path) -> None:
        with Suite("sid") as suite, store.step("drgn from sid") as notes:
            suite.tree("python3-drgn", folder)
            notes.append(store.megabytes(folder))

    def run(self, script, core, kernel: Kernel, *args, timeout: float = 300):
        """Run a script with a core, a kernel's debuginfo and more arguments; return its JSON.

        The script gets: the core, the number of debuginfo files, these files, args.
        """
        drivers = kernel.debugmods / "kernel/drivers"
        files = [kernel.vmlinux, *(f for m in MODULES for f in sorted(drivers.glob(m)))]
        # Nothing of the caller's Python; no writing of bytecode into the checkout.
        env = {"PATH": os.environ["PATH"], "PYTHONHOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1",
               # It would ask a server for what it does not find.
               "DEBUGINFOD_URLS": "", "LC_ALL": "C.UTF-8"}
        out = store.run([*self.command, script, core, len(files), *files, *args],
                        timeout=timeout, env=env)
        return json.loads(out)
