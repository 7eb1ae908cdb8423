# SPDX-License-Identifier: GPL-2.0-or-later
"""A host that is a guest itself, with guests of its own: its shell, its cores, and both ends of their queues.

An instant that does not show what it is for is taken again; what it shows is drgn's reading.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from host_session import READER as HOST_READER
from host_session import READER_MODULES
from lab import core, drgn, scenes, store
from lab.guest import Guest
from lab.kernels import Kernel

READER = Path(__file__).parent / "nested_reader.py"
GUEST_READER = Path(__file__).parent / "drgn_reader.py"

# Both have one for each pair of queues.
CPUS = 2
NAMES = tuple(f"{way}{pair}" for pair in range(CPUS) for way in ("rx", "tx"))
VSOCK = ("vsock rx", "vsock tx")
PORT = 1000  # of vsock
# Of each guest; more than one only by scenes_twins.py.
CIDS = {"a": 3, "b": 4}
TAPS = {"a": "tap0", "b": "tap1"}
HARDWARE = "02:00:00:00:00:01"
TRIES = 10


# ---- what there is at an instant, by drgn ------------------------------------------------------

@dataclass
class Queue:
    """Both ends of a queue: drgn's reading of either."""

    guest: dict
    host: dict

    def _apart(self, a: int, b: int) -> int:
        return (a - b) % 65536

    @property
    def published(self) -> int:
        """By the guest, and not taken."""
        return self._apart(self.guest["avail_idx"], self.host["last_avail_idx"])

    @property
    def taken(self) -> int:
        """And not returned."""
        return self._apart(self.host["last_avail_idx"], self.host["last_used_idx"])

    @property
    def returned(self) -> int:
        """And not reaped."""
        return self._apart(self.guest["used_idx"], self.guest["last_used_idx"])


def host_devices(core_path: Path, kernel: Kernel) -> list:
    """Return drgn's reading of all vhost devices of a core."""
    drivers = kernel.debugmods / "kernel/drivers"
    files = [f for pattern in READER_MODULES for f in sorted(drivers.glob(pattern))]
    return drgn.Drgn().run(HOST_READER, core_path, kernel, *files, timeout=600)


def guest_queues(core_path: Path, kernel: Kernel) -> dict:
    """Return drgn's reading of a guest's queues: {"rx0": ..., "vsock rx": ...}."""
    read = drgn.Drgn().run(GUEST_READER, core_path, kernel, timeout=600)
    found = {q["queue"]: q for device in read["devices"] if device["device"] == "eth0" for q in device["queues"]}
    (vsock,) = (device for device in read["virtio"] if device["driver"] == "vmw_vsock_virtio_transport")
    return found | {f"vsock {q['name']}": q for q in vsock["queues"]}


def guest_physical(device: dict, user: str) -> int:
    """Return where in the guest's memory an address of its QEMU's is."""
    for one in device["regions"]:
        offset = int(user, 16) - int(one["user"], 16)
        if 0 <= offset < int(one["size"], 16):
            return int(one["gpa"], 16) + offset
    raise store.LabError(f"no region has {user}")


def joined(devices: list, pid: int, queues: dict) -> dict:
    """Return {name: Queue} of what one process serves; who belongs to whom is told by the addresses."""
    ends = {guest_physical(device, q["desc"]): q | {"kind": device["kind"], "runs": device["owner"]["runs"]}
            for device in devices if device["owner"]["pid"] == pid for q in device["queues"]}
    # Without KASLR all memory is mapped from there on.
    own = {int(q["desc"], 16) - 0xffff888000000000: name for name, q in queues.items()}
    return {own[at]: Queue(queues[own[at]], end) for at, end in ends.items()}


def is_at_rest(queues: dict, names=(*NAMES, *VSOCK)) -> bool:
    return not any(queues[name].returned or "tx" in name and (queues[name].published or queues[name].taken)
                   for name in names)


def under_way(queues: dict) -> set:
    return {name for name, q in queues.items() if q.returned or q.taken}


# ---- the host while it runs ---------------------------------------------------------------------

def cut_out(kernel: Kernel, host_core: Path, pid: int, out: Path) -> list:
    """Make a core of a guest's memory as it is in its host's, where QEMU has that pid; return its regions."""
    drivers = kernel.debugmods / "kernel/drivers"
    more = [*sorted(drivers.glob("vhost/vhost*.ko")), drivers / "net/tun.ko"]
    ram = out.with_name("ram")
    regions = drgn.Drgn().run(READER, host_core, kernel, *more, pid, ram, timeout=600)
    core.wrap_ram(ram, out)
    ram.unlink()
    return regions


class Host:
    """The host while it runs, with a shell on its second serial line."""

    def __init__(self, guest: Guest, line, folder: Path):
        self.guest, self.line, self.folder = guest, line, folder
        self.done, self.pids, self.first, self.seen = 0, {}, None, {}

    def run(self, *lines: str, timeout: float = 600) -> None:
        """Have it do these lines, to their end."""
        self.done += 1
        for text in (*lines, f"echo LAB-DONE-{self.done}."):
            self.line.sendall(f"{text}\n".encode())
        self.guest.wait_for(f"LAB-DONE-{self.done}.", timeout)
        self.check()

    def within(self, name: str, *lines: str) -> None:
        """Have one of its guests do these lines, whenever it comes to it."""
        for text in lines:
            self.run(f"echo '{text}' >/inner/{name}/shell.in")

    def check(self) -> None:
        if "LAB: " in self.guest.console():
            raise store.LabError(self.guest.console())

    def pid(self, name: str) -> int:
        if name not in self.pids:
            self.run(f"echo LAB-PID-{name} $(cat /inner/{name}/pid).")
            self.pids[name] = int(re.search(rf"LAB-PID-{name} (\d+)\.", self.guest.console())[1])
        return self.pids[name]

    def worker(self, name: str, queue: str) -> int:
        """Return the thread that serves a guest's queue, as it was at the last instant."""
        return self.seen[name][queue].host["worker"]["pid"]

    def _dump(self, folder: Path) -> None:
        """Make a core of this instant; what only QEMU writes into one is as it was in the first."""
        if not self.first:
            self.first = scenes.save(self.guest, folder).core
            self.guest.resume()
            return
        with self.guest.frozen():
            self.guest.copy_ram(folder / "ram")
        core.wrap_ram(folder / "ram", folder / "core", self.first)
        (folder / "ram").unlink()

    def take(self, instant: str, names: str, wanted) -> list:
        """Leave all cores of an instant in a folder: the host's, and under its name each guest's.

        wanted gets the queues of each, {name: Queue}, and says whether this is an instant to keep.
        """
        kernel, folder = self.guest.kernel, self.folder / instant
        pids = {name: self.pid(name) for name in names}
        folder.mkdir()
        (folder / "pids.json").write_text(json.dumps(pids))
        for tried in range(TRIES):
            with store.step(f"nested {kernel.release}: {instant}, dump"):
                self._dump(folder)
            with store.step(f"nested {kernel.release}: {instant}, cut out and read"):
                devices, seen = host_devices(folder / "core", kernel), []
                for name, pid in pids.items():
                    cut_out(kernel, folder / "core", pid, folder / name)
                    seen.append(joined(devices, pid, guest_queues(folder / name, kernel)))
            if wanted(*seen):
                self.seen = dict(zip(pids, seen, strict=True))
                return seen
            told = [{k: (q.published, q.taken, q.returned) for k, q in queues.items()} for queues in seen]
            store.say(f"nested {kernel.release}: {instant} once more, (published, taken, returned) are {told}")
            self.run(f"sleep {1 + tried}")
        raise store.LabError(f"no instant was {instant}")
