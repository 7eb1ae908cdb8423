# SPDX-License-Identifier: GPL-2.0-or-later
"""makedumpfile of each suite: a machine filters its dump with its own, which knows its kernels."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import store
from .debian import Suite


@dataclass(frozen=True)
class Tool:
    command: list
    version: str  # as it tells itself


def of(suite: str) -> Tool:
    """Return the makedumpfile of a suite, downloaded the first time unless it is this machine's."""
    # Backports bring kernels and no makedumpfile.
    suite = suite.removesuffix("-backports")
    command = ["makedumpfile"]
    if f"VERSION_CODENAME={suite}" not in Path("/etc/os-release").read_text().splitlines():
        command = _unpacked(suite)
    told = store.run([*command, "-v"])
    return Tool(command, re.search(r"version (\S+)", told)[1])


def _unpacked(suite: str) -> list:
    def build(folder):
        with Suite(suite) as packages, store.step(f"makedumpfile from {suite}") as notes:
            packages.tree("makedumpfile", folder)
            notes.append(store.megabytes(folder))
    tree = store.entry(f"makedumpfile/{suite}", build)
    libraries = tree / "usr/lib/x86_64-linux-gnu"
    program = next(p for p in (tree / "usr/bin/makedumpfile", tree / "usr/sbin/makedumpfile") if p.exists())
    return [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries), str(program)]
