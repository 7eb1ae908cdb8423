# SPDX-License-Identifier: GPL-2.0-or-later
"""crash(8) in several versions, run over a script or on a terminal."""

import codecs
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import tty
from dataclasses import dataclass
from pathlib import Path

from . import debian, store

# Which Debian suite has which version. The last one moves on; Crash.actual says what it is.
SUITES = {"7.2.9": "bullseye", "8.0.2": "bookworm", "8.0.6": "trixie", "9.0.2": "sid"}
NATIVE = Path("/usr/bin/crash")

# What a crash needs, besides, to open a kernel in full: 9.0.2 dies in 7.3's list of modules.
FULL_OPTIONS = {("9.0.2", "7.3"): ["--no_modules"]}

# Seconds for a start or a command, which take some seconds each; a machine at work on other guests takes minutes.
PATIENCE = 300

# crash prints this number's four lines between two commands; no command of interest prints it.
# A shell's echo would not do: crash's own buffered output would come after it.
CUT = 0x5EA51DE5EA51DE
CUT_TEXT = re.compile(rf"^hexadecimal: {CUT:x}.*\n +decimal: .*\n +octal: .*\n +binary: .*\n", re.M)

# The same in minimal mode.
PROMPT = re.compile(r"(?:\A|\n)crash> \Z")


@dataclass
class Result:
    """What a scripted crash left behind."""

    stdout: str       # everything, without the lines that separate commands
    stderr: str
    returncode: int   # None: it was ended by the timeout
    seconds: float
    greeting: str     # the stdout before the first command
    outputs: list     # the stdout of each command; too few if crash died


class Crash:
    """One version of crash: this machine's own if it is that version, else an unpacked package.

    crash reads dumps of the architecture that it was built for; another one than amd64 runs
    through QEMU's user emulation.
    """

    def __init__(self, version: str, architecture: str = "amd64"):
        if version not in SUITES:
            raise store.LabError(f"no crash {version}: there are {', '.join(SUITES)}")
        self.version = version
        self.architecture = architecture
        if architecture == "amd64":
            self.command = self._native() or self._unpacked("x86_64-linux-gnu", "ld-linux-x86-64.so.2")
        else:
            if not shutil.which("qemu-aarch64"):
                raise store.LabError("qemu-aarch64 is missing: run tests/vm/setup.sh arm64")
            self.command = ["qemu-aarch64", *self._unpacked("aarch64-linux-gnu", "ld-linux-aarch64.so.1")]

    def _native(self) -> list:
        if not NATIVE.exists():
            return None
        package = store.run(["dpkg-query", "-W", "-f", "${Version}", "crash"])
        return [str(NATIVE)] if package.startswith(f"{self.version}-") else None

    def _unpacked(self, triplet: str, loader: str) -> list:
        suffix = "" if self.architecture == "amd64" else f"-{self.architecture}"
        tree = store.entry(f"crash/{self.version}{suffix}", self._build)
        # Started through its own suite's loader, it takes all libraries from there too: no
        # chroot, no mounts, no root. Its children (sh for pipes) are this machine's own.
        # (The name in /lib64 is an absolute link in some suites.)
        libraries = tree / "usr/lib" / triplet
        return [str(libraries / loader), "--library-path", str(libraries),
                str(tree / "usr/bin/crash")]

    def _build(self, folder: Path) -> None:
        with debian.Suite(SUITES[self.version], self.architecture) as suite:
            with store.step(f"crash {self.version} from {suite.name}") as notes:
                suite.tree("crash", folder)
                notes.append(store.megabytes(folder))

    def actual(self) -> str:
        """Return the version that the program itself tells."""
        found = re.search(r"^crash (\S+)", store.run([*self.command, "-v"]), re.M)
        return found.group(1) if found else "unknown"

    def _argv(self, core, vmlinux, minimal: bool, extra) -> list:
        # --no_panic: the search for a panic task is slow or fatal on some pairs of crash and
        # kernel, and a stopped guest has none.
        options = ["-s", "--no_panic", "--no_scroll", *["--minimal"] * minimal, *extra]
        files = [str(Path(f).resolve()) if os.path.exists(f) else str(f) for f in (vmlinux, core)]
        return [*self.command, *options, *files]

    def run(self, core, vmlinux, commands, minimal: bool = False, extra=(), so=None,
            timeout: float = PATIENCE, env=None) -> Result:
        """Run commands (a list of lines) over a core; so is an extension to load first.

        What loading it prints is part of the greeting.
        """
        with _scratch() as home:
            script = Path(home) / "script"
            first = [f"extend {Path(so).resolve()}"] if so else []
            lines = [*first, *(part for command in commands for part in (f"eval {CUT:#x}", command))]
            script.write_text("".join(f"{line}\n" for line in [*lines, f"eval {CUT:#x}", "quit"]))
            argv = [*self._argv(core, vmlinux, minimal, extra), "-i", str(script)]
            start = time.monotonic()
            out, err, code = _capture(argv, home, _environment(home, env), timeout)
            seconds = time.monotonic() - start
        pieces = CUT_TEXT.split(out)
        return Result("".join(pieces), err, code, seconds, pieces[0], pieces[1:-1])

    def terminal(self, core, vmlinux, minimal: bool = False, extra=(), so=None, env=None) -> "Terminal":
        """Start crash on a terminal of its own; use it in a with statement."""
        return Terminal(self._argv(core, vmlinux, minimal, extra), so, env)


class Terminal:
    """A crash session on a pseudo-terminal, for what only happens there: Ctrl-C above all."""

    def __init__(self, argv, so=None, env=None):
        self.argv, self.so, self.env = argv, so, env
        self.pid = self.fd = None

    def __enter__(self) -> "Terminal":
        self.home = tempfile.mkdtemp(prefix="vring-crash-")
        environment = _environment(self.home, self.env)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(self.home)
                os.execvpe(self.argv[0], self.argv, environment)
            finally:
                os._exit(127)
        try:
            self.greeting = self.wait_prompt()
            if self.so:
                self.greeting += self.command(f"extend {Path(self.so).resolve()}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        # It leads a session of its own, so this reaches its children and nothing else.
        if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
        shutil.rmtree(self.home, ignore_errors=True)

    def send(self, text: str) -> None:
        """Type text as it is; a line needs its newline."""
        os.write(self.fd, text.encode())

    def pause(self, seconds: float) -> None:
        """Let crash print for so long; it stays to be read."""
        time.sleep(seconds)

    def settle(self, seconds: float = 0.3) -> None:
        """Throw away what crash still prints, until it has been silent for so long."""
        while True:
            try:
                if not _read(self.fd, time.monotonic() + seconds):
                    return
            except TimeoutError:
                return

    def interrupt(self) -> None:
        """Type Ctrl-C."""
        self.send("\x03")

    def wait_for(self, pattern, timeout: float = PATIENCE) -> str:
        """Return what crash prints until a match of the pattern is near the end of it."""
        pattern = re.compile(pattern)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text, end = "", time.monotonic() + timeout
        # Only the end is searched: some commands print megabytes.
        while not pattern.search(text, max(0, len(text) - 4096)):
            try:
                data = _read(self.fd, end)
            except TimeoutError:
                raise store.LabError(f"no {pattern.pattern!r} in {timeout} s:\n{text[-2000:]}") from None
            if not data:
                raise store.LabError(f"crash ended:\n{text[-2000:]}")
            text += decoder.decode(data).replace("\r\n", "\n")
        return text

    def wait_prompt(self, timeout: float = PATIENCE) -> str:
        """Return what crash prints up to its next prompt, without the prompt."""
        return PROMPT.sub("\n", self.wait_for(PROMPT, timeout)).lstrip("\n")

    def command(self, line: str, timeout: float = PATIENCE) -> str:
        """Type a command and return what it prints, without the echo and the next prompt."""
        self.send(line + "\n")
        text = self.wait_prompt(timeout)
        return text.partition("\n")[2] if text.startswith(line) else text


def _environment(home: str, more) -> dict:
    """Nothing of the caller's: no .crashrc, no pager, no colours, messages in English."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home, "TERM": "dumb", "LC_ALL": "C",
            **(more or {})}


def _scratch():
    return tempfile.TemporaryDirectory(prefix="vring-crash-")


def _capture(argv, home: str, env: dict, timeout: float) -> tuple:
    """Run crash without input; return stdout, stderr and the exit code, None after a timeout."""
    # On a pipe crash would buffer its own output, and that of its children ("command | grep")
    # would come before it; on a terminal it writes line by line. Raw: no \r before each \n.
    master, slave = pty.openpty()
    tty.setraw(slave)
    with open(Path(home) / "stderr", "w+", errors="replace") as err:
        # A session of its own, so that a timeout ends its children too, and only those.
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=slave, stderr=err,
                                   cwd=home, env=env, start_new_session=True)
        os.close(slave)
        out, code = [], None
        try:
            end = time.monotonic() + timeout
            while data := _read(master, end):
                out.append(data)
            code = process.wait(max(1, end - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            pass
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            os.close(master)
        err.seek(0)
        return b"".join(out).decode(errors="replace"), err.read(), code


def _read(fd: int, end: float) -> bytes:
    """Return what a terminal has to read before a moment in time, nothing once it is closed."""
    if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
        raise TimeoutError
    try:
        return os.read(fd, 65536)
    except OSError:
        # Linux answers EIO when the other end has gone.
        return b""
