# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of any Debian suite, through apt roots of our own.

The machine's apt knows one suite, its own. Each suite used here gets a private source
list, package lists and archive folder in the cache instead, and the mirror is taken from
the machine's own configuration.
"""

import fcntl
import re
import subprocess
from pathlib import Path

from . import store

# Holds the keys of all suites that the lab uses; sid and backports are signed by the same ones.
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def mirror() -> str:
    """Return the address from which this machine takes Debian's main archive."""
    out = store.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"])
    found = [uri for uri in out.split() if uri.rstrip("/").endswith("/debian")]
    if not found:
        raise store.LabError("this machine's apt names no Debian mirror (see apt-get indextargets)")
    return found[0].rstrip("/")


class Suite:
    """A private apt root for one suite, with a fresh package list: use it in a with statement.

    Its packages are for amd64, or for another architecture of Debian's.
    """

    def __init__(self, name: str, architecture: str = "amd64"):
        self.name = name if architecture == "amd64" else f"{name} {architecture}"
        self.suite = name
        self.architecture = architecture
        self.folder = store.root() / "apt" / self.name.replace(" ", "-")

    def __enter__(self) -> "Suite":
        for sub in ("lists/partial", "cache/archives/partial"):
            (self.folder / sub).mkdir(parents=True, exist_ok=True)
        # apt fails at once where another run of ours is using this root; this waits.
        self.lock = open(self.folder / "lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        (self.folder / "status").touch()
        source = f"deb [signed-by={KEYRING}] {mirror()} {self.suite} main\n"
        (self.folder / "sources.list").write_text(source)
        # Every time: exact versions leave the mirror, and this is only reached to download.
        with store.step(f"package list of {self.name}"):
            self._apt("apt-get", "update")
        return self

    def __exit__(self, *_) -> None:
        self.lock.close()

    def _apt(self, tool: str, *args: str, cwd: Path = None) -> str:
        f = self.folder
        options = {
            "Dir::Etc::SourceList": f / "sources.list", "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null", "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State::Lists": f / "lists", "Dir::State::Status": f / "status",
            "Dir::Cache": f / "cache", "Acquire::Languages": "none",
            "APT::Architecture": self.architecture,
            # The cache may be in a folder that apt's own user cannot enter.
            "APT::Sandbox::User": "root",
        }
        flags = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        return store.run([tool, "-q", *flags, *args], timeout=1800, cwd=cwd)

    def depends(self, package: str) -> list:
        """Return the names in the Depends field of a package, without versions."""
        out = self._apt("apt-cache", "show", "--no-all-versions", package)
        found = re.search(r"^Depends: (.*)$", out, re.M)
        return re.findall(r"(?:^|, )([^\s,|]+)", found.group(1)) if found else []

    def download(self, package: str, folder: Path) -> Path:
        """Download one package into a folder and return the .deb."""
        self._apt("apt-get", "download", package, cwd=folder)
        return next(folder.glob(f"{package}_*.deb"))

    def source(self, package: str, folder: Path) -> None:
        """Download the source of a package into a folder, as its archives."""
        listed = self.folder / "sources.list"
        listed.write_text(listed.read_text() + re.sub("^deb ", "deb-src ", listed.read_text(), flags=re.M))
        self._apt("apt-get", "update")
        self._apt("apt-get", "source", "--download-only", package, cwd=folder)

    def tree(self, package: str, folder: Path) -> None:
        """Unpack a package and all that it depends on, from libc up, into a folder.

        No maintainer script runs, so this is no system to log into; it is enough to run a
        program with its own libraries, in a second and without root.
        """
        archives = self.folder / "cache/archives"
        # dpkg's state is empty here, so apt takes nothing for installed already.
        self._apt("apt-get", "clean")
        self._apt("apt-get", "install", "--download-only", "--yes", "--no-install-recommends", package)
        # Suites differ in which of these have moved under /usr: links make both come out the same.
        for name in ("bin", "sbin", "lib", "lib64"):
            (folder / "usr" / name).mkdir(parents=True)
            (folder / name).symlink_to(f"usr/{name}")
        for deb in archives.glob("*.deb"):
            unpack(deb, folder)
        self._apt("apt-get", "clean")


def unpack(deb: Path, folder: Path, patterns=()) -> None:
    """Unpack a .deb, or only its members that match tar wildcards, without installing it."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as source:
        tar = ["tar", "-x", "-C", str(folder), "--wildcards", "--no-same-owner",
               "--keep-directory-symlink", *patterns]
        done = subprocess.run(tar, stdin=source.stdout, stderr=subprocess.PIPE, text=True)
        source.stdout.close()
    # A pattern that matches nothing is tar's exit 2, and normal here: folders move between versions.
    if source.returncode not in (0, -13) or (done.returncode and not patterns):
        raise store.LabError(f"cannot unpack {deb.name}: {done.stderr.strip()}")
