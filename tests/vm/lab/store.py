# SPDX-License-Identifier: GPL-2.0-or-later
"""The cache folder: whatever is downloaded or built once and used by every later run."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

# depmod and ip are where a user without privileges has no PATH to.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


class LabError(Exception):
    """The lab itself could not do something; its text is for the person who ran it."""


def root() -> Path:
    """Return the cache folder, made if need be."""
    if os.environ.get("VRING_CACHE"):
        path = Path(os.environ["VRING_CACHE"])
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        path = Path(base) / "vring"
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def say(text: str) -> None:
    """Print one progress line at once, on stderr so that stdout stays free for results."""
    print(f"lab: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str):
    """Announce a long step and tell afterwards what it took.

    The block gets a list; what it appends (sizes, versions) is shown in the closing line.
    """
    say(f"{text} ...")
    start = time.monotonic()
    notes = []
    yield notes
    told = "".join(f", {note}" for note in notes)
    say(f"{text}: {time.monotonic() - start:.1f} s{told}")


def megabytes(path: Path) -> str:
    """Return the size of a file, or of all files under a folder, for a progress line."""
    files = [path] if path.is_file() else path.rglob("*")
    # Allocated blocks rather than length: cores and RAM files are sparse.
    size = sum(f.lstat().st_blocks * 512 for f in files if not f.is_dir())
    return f"{size / 1e6:.0f} MB"


def run(argv, timeout=600, **kwargs) -> str:
    """Run a command to its end and return its stdout; a failure shows the end of its output."""
    argv = [str(arg) for arg in argv]
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=timeout, **kwargs)
    except subprocess.TimeoutExpired:
        raise LabError(f"no end after {timeout} s: {' '.join(argv)}") from None
    except FileNotFoundError:
        mode = "arm64" if "aarch64" in argv[0] else "check"
        raise LabError(f"{argv[0]} is missing: run tests/vm/setup.sh {mode}") from None
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise LabError(f"exit {done.returncode}: {' '.join(argv)}\n{tail}")
    return done.stdout


def entry(name: str, build, base: Path = None) -> Path:
    """Return the folder `name` in the cache, or in another folder; build(folder) fills it the first time.

    It is filled under another name and renamed when complete, so whatever bears the
    final name is whole. The lock keeps two runs from building the same thing twice.
    """
    final = (base or root()) / name
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with open(final.parent / f".{final.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.is_dir():
            return final
        partial = final.parent / f".{final.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        build(partial)
        partial.rename(final)
    return final
