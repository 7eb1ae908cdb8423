# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU guest whose memory becomes a vmcore."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import initramfs, store
from .kernels import Kernel
from .qmp import Qmp

QEMU = "qemu-system-x86_64"

# QEMU 7.2 emulates cmpxchg16b wrongly: kernels from 6.12 on use it and now and then die of it.
CPU = "max,la57=off,cx16=off"

# What a kernel dies of that met a breakpoint which another CPU had just taken away again while it
# patched code: emulated CPUs run a copy of the code for a moment longer. Seen once in some hundred
# boots, nothing of it is the guest's own fault.
EMULATORS_FAULT = "Oops: int3"
# The same may leave it in a loop, so early that not a word was written; others write within seconds.
SILENCE = 75
BOOTS = 3


@dataclass(frozen=True)
class Machine:
    """What QEMU emulates for a kernel of one architecture."""

    qemu: str
    machine: str
    cpu: str
    options: str  # on the kernel's command line


MACHINES = {
    # On a busy machine the timer's interrupts come too late for the kernel's check, and it panics.
    "amd64": Machine(QEMU, "q35", CPU, "console=ttyS0 no_timer_check"),
    "arm64": Machine("qemu-system-aarch64", "virt", "cortex-a57", "console=ttyAMA0"),
}


def accelerator() -> str:
    """Return what runs the guests: emulation, since a /dev/kvm that exists may still not work."""
    return "kvm" if os.environ.get("VRING_KVM") == "1" else "tcg"


def _run_folder() -> Path:
    """Make a folder for one guest, in memory where there is room for the guest's RAM file."""
    shm = Path("/dev/shm")
    roomy = shm.is_dir() and shutil.disk_usage(shm).free > 4 << 30
    base = shm if roomy else Path(tempfile.gettempdir())
    # A run that was killed could not remove its own.
    for old in base.glob("vring-guest-*"):
        if not Path("/proc", old.name.split("-")[2]).exists():
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"vring-guest-{os.getpid()}-", dir=base))


class Guest:
    """Boots on entry, is gone on exit.

    with Guest(kernel, workload="...", devices=["-device", "..."]) as guest:
        guest.wait_for(initramfs.READY)
        guest.stop()
        guest.dump_elf(path)

    netns is a net.Namespace to run QEMU in; append goes to the kernel's command line;
    modules and files go into the initramfs; command starts another QEMU (see lab.qemu).
    """

    def __init__(self, kernel: Kernel, workload: str = "", devices=(), *, modules=(), files=None,
                 memory: int = 256, cpus: int = 1, cpu: str = None, append: str = "",
                 netns=None, initrd: Path = None, command=None):
        self.kernel = kernel
        self.machine = MACHINES[kernel.architecture]
        self.memory = memory
        self.folder = _run_folder()
        self.ram = self.folder / "ram"
        self.serial = self.folder / "serial.log"
        self.process = None
        self.monitor = None
        self.boots = 0
        try:
            if initrd is None:
                initrd = initramfs.build(kernel, self.folder / "initrd", workload, modules, files)
            self.argv = [*(command or [self.machine.qemu]),
                         *self._arguments(initrd, cpus, cpu or self.machine.cpu, append, devices)]
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        # However this process ends, QEMU ends with it. (Entering a namespace could undo this,
        # so it comes behind that.)
        self.argv = [*(netns.prefix if netns else []), "setpriv", "--pdeathsig", "KILL", *self.argv]

    def _arguments(self, initrd: Path, cpus: int, cpu: str, append: str, devices) -> list:
        # panic=-1 with -no-reboot: a guest that panics ends QEMU at once instead of hanging a test.
        cmdline = f"{self.machine.options} quiet panic=-1 {append}"
        return [
            "-accel", accelerator(), "-cpu", cpu, "-smp", str(cpus), "-m", f"{self.memory}M",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            # RAM in a shared file: it can be copied while QEMU stands still.
            "-object", f"memory-backend-file,id=ram,size={self.memory}M,mem-path={self.ram},share=on",
            "-machine", f"{self.machine.machine},memory-backend=ram",
            "-kernel", str(self.kernel.vmlinuz), "-initrd", str(initrd), "-append", cmdline,
            "-device", "vmcoreinfo",
            "-serial", f"file:{self.serial}",
            "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off",
            *devices,
        ]

    def __enter__(self) -> "Guest":
        self._boot()
        return self

    def _boot(self) -> None:
        self.boots += 1
        for left in (self.ram, self.folder / "qmp", self.serial):
            left.unlink(missing_ok=True)
        try:
            with open(self.folder / "qemu.log", "w") as log:
                self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL,
                                                stdout=log, stderr=log)
            self.monitor = self._connect()
        except BaseException:
            self.quit()
            raise

    def __exit__(self, kind, error, trace) -> None:
        if error is not None:
            store.say(f"guest {self.kernel.name} failed; its last words:\n{self._last_words()}")
        self.quit()

    def _connect(self) -> Qmp:
        try:
            return Qmp(self.folder / "qmp")
        except store.LabError as error:
            raise store.LabError(f"{error}\n{self._last_words()}") from None

    def _last_words(self) -> str:
        lines = []
        for log in (self.folder / "qemu.log", self.serial):
            with contextlib.suppress(OSError):
                lines += log.read_text(errors="replace").splitlines()[-20:]
        return "\n".join(lines)

    def console(self) -> str:
        """Return what the guest has written on its serial console."""
        return self.serial.read_text(errors="replace") if self.serial.exists() else ""

    def wait_for(self, marker: str = initramfs.READY, timeout: float = 180) -> None:
        """Wait until a line on the serial console holds the marker.

        A guest that the emulator's own fault ended before it was ready, or left without a word, boots once more.
        """
        start = time.monotonic()
        while marker not in (console := self.console()):
            ended, waited = self.process.poll() is not None, time.monotonic() - start
            fault = ended and marker == initramfs.READY and EMULATORS_FAULT in console
            if (fault or (waited > SILENCE and not console.strip())) and self.boots < BOOTS:
                store.say(f"guest {self.kernel.name} met the emulator's fault, boots again")
                self._end()
                self._boot()
                start = time.monotonic()
            elif ended:
                raise store.LabError(f"QEMU ended before {marker}:\n{self._last_words()}")
            elif waited > timeout:
                raise store.LabError(f"no {marker} in {timeout} s:\n{self._last_words()}")
            time.sleep(0.1)

    def qmp(self, command: str, **arguments):
        """Run a QMP command and return its answer."""
        return self.monitor.call(command, **arguments)

    def stop(self) -> None:
        """Stop the CPUs through QMP. Not neutral: QEMU completes queued TX packets as it stops."""
        self.qmp("stop")

    def resume(self) -> None:
        """Undo stop()."""
        self.qmp("cont")

    def devices(self) -> list:
        """Return the virtio devices as QEMU lists them: dicts with path and name."""
        return self.qmp("x-query-virtio")

    def queues(self) -> list:
        """Return QEMU's own reading of every ring, a dict for each device.

        Each has path, id (of -device), name, status (x-query-virtio-status) and queues
        (x-query-virtio-queue-status of each queue that the driver has set up).
        """
        result = []
        for device in self.devices():
            path = device["path"]
            status = self.qmp("x-query-virtio-status", path=path)
            queues = []
            for number in range(status["num-vqs"]):
                queue = self.qmp("x-query-virtio-queue-status", path=path, queue=number)
                if queue["vring-desc"]:
                    queues.append(queue)
            result.append({"path": path, "id": path.split("/")[-2], "name": device["name"],
                           "status": status, "queues": queues})
        return result

    def dump_elf(self, path: Path) -> Path:
        """Write an ELF vmcore of all physical memory."""
        return self._dump(path)

    def dump_kdump(self, path: Path) -> Path:
        """Write a vmcore in kdump's compressed format."""
        return self._dump(path, format="kdump-zlib")

    def _dump(self, path: Path, **how) -> Path:
        self.qmp("dump-guest-memory", timeout=600, paging=False, protocol=f"file:{path}", **how)
        # QEMU makes it read-only.
        Path(path).chmod(0o600)
        return Path(path)

    @contextlib.contextmanager
    def frozen(self):
        """Hold QEMU itself still: unlike stop(), this changes nothing in the guest's memory."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            # The signal is asynchronous; state T says that every thread has really stopped.
            self._await_state("T")
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def _await_state(self, wanted: str) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            tasks = Path(f"/proc/{self.process.pid}/task").glob("*/stat")
            if all(t.read_text().rpartition(")")[2].split()[0] == wanted for t in tasks):
                return
            time.sleep(0.01)
        raise store.LabError("QEMU does not stop on SIGSTOP")

    def copy_ram(self, out: Path) -> Path:
        """Copy the guest's RAM file, meant for use within frozen(); core.wrap_ram makes it a vmcore."""
        store.run(["cp", "--sparse=always", self.ram, out])
        return Path(out)

    def peek(self, phys: int, length: int) -> bytes:
        """Read a running guest's memory below 2 GiB, where the RAM file's offsets are its addresses."""
        with open(self.ram, "rb") as ram:
            ram.seek(phys)
            return ram.read(length)

    def poke(self, phys: int, data: bytes) -> None:
        """Overwrite it, with QEMU held still meanwhile."""
        with self.frozen(), open(self.ram, "r+b") as ram:
            ram.seek(phys)
            ram.write(data)

    def _end(self) -> None:
        if self.monitor:
            self.monitor.close()
        if self.process and self.process.poll() is None:
            # Nothing of the guest is worth a clean end, and a stopped process ignores SIGTERM.
            self.process.kill()
            self.process.wait(timeout=30)

    def quit(self) -> None:
        """End this guest's QEMU, and nothing else, and remove its folder."""
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)


