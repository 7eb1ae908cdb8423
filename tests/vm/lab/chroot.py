# SPDX-License-Identifier: GPL-2.0-or-later
"""Freshly installed Debian systems, for what must work on a machine that has nothing yet.

Unlike debian.Suite.tree() these have run their maintainer scripts, and apt works in them. Needs
root and debootstrap.
"""

import contextlib
import shlex
import tempfile
from pathlib import Path

from . import debian, store


class Chroot:
    """A system of its own, thrown away in the end: use it in a with statement."""

    def __init__(self, suite: str):
        self.suite = suite

    def __enter__(self) -> "Chroot":
        self.stack = contextlib.ExitStack()
        base = store.entry(f"chroot/{self.suite}", self._build)
        self.root = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="vring-chroot-"))) / "root"
        store.run(["cp", "-a", "--reflink=auto", base, self.root])
        return self

    def __exit__(self, *_) -> None:
        self.stack.close()

    def _build(self, folder: Path) -> None:
        with store.step(f"debootstrap {self.suite}"):
            store.run(["debootstrap", "--variant=minbase", self.suite, folder, debian.mirror()], timeout=1800)
        for deb in (folder / "var/cache/apt/archives").glob("*.deb"):
            deb.unlink()

    def run(self, command: str, binds: dict = None, timeout: float = 1800) -> str:
        """Run a shell command in it; binds are {folder there: folder here}.

        What is mounted for it is seen by it alone, and goes with it.
        """
        lines = ["set -e", f"root={shlex.quote(str(self.root))}", 'mount -t proc proc "$root/proc"',
                 'mount --rbind /dev "$root/dev"', 'cp /etc/resolv.conf "$root/etc/resolv.conf"']
        for there, here in (binds or {}).items():
            place = f'"$root"{shlex.quote(there)}'
            lines += [f"mkdir -p {place}", f"mount --bind {shlex.quote(str(here))} {place}"]
        environment = "PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive"
        lines.append(f'exec chroot "$root" /usr/bin/env -i {environment} /bin/sh -e -c {shlex.quote(command)}')
        return store.run(["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", "\n".join(lines)],
                         timeout=timeout)

    def install(self, *packages: str) -> None:
        self.run(f"apt-get -q update && apt-get -q -y --no-install-recommends install {shlex.join(packages)}")
