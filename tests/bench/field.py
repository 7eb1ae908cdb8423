# SPDX-License-Identifier: GPL-2.0-or-later
"""The same facts of every queue by three ways, each by the CPU time of its own process beyond its start.

vring; crash's own commands, one a field, as people's scripts have them; and drgn_rings.py. All
of them read the same dump, on the same cores, one after the other. What a process has used comes
from /proc, before and after: a loaded machine makes it wait longer, but not work more.
"""

import json
import re
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab import crash, drgn, scenes, store

# What a script asks crash for, one command a field, of each queue.
FIELDS = ["vq.num_free", "vq.index", "free_head", "num_added", "last_used_idx", "event", "broken",
          "split.avail_idx_shadow", "split.avail_flags_shadow", "split.vring.num"]
RING = ["vring_avail.flags", "vring_avail.idx", "vring_used.flags", "vring_used.idx"]
# The parent of this shell is crash; the first number of schedstat is nanoseconds on a CPU.
SPENT = "!cat /proc/$PPID/schedstat /proc/$PPID/io /proc/$PPID/status"
READER = Path(__file__).with_name("drgn_rings.py")
RUNS = 3


@dataclass
class Cost:
    """What one way took beyond its start."""

    ms: float
    reads: int    # system calls that read, of the dump and of debuginfo
    bytes: int
    kb: int       # how much more memory it holds afterwards

    @classmethod
    def between(cls, before: dict, after: dict) -> "Cost":
        return cls((after["ns"] - before["ns"]) / 1e6, *(after[n] - before[n] for n in ("reads", "bytes", "kb")))

    def without(self, other: "Cost") -> "Cost":
        """Return this without what the asking took."""
        return Cost(max(0, self.ms - other.ms), max(0, self.reads - other.reads), max(0, self.bytes - other.bytes),
                    max(0, self.kb - other.kb))


def spent(text: str) -> dict:
    """Read what SPENT printed."""
    found = [re.search(pattern, text, re.M) for pattern in
             (r"^(\d+) \d+ \d+$", r"^syscr: (\d+)", r"^rchar: (\d+)", r"^VmRSS:\s+(\d+)")]
    if not all(found):
        raise store.LabError(f"no costs in: {text}")
    return dict(zip(("ns", "reads", "bytes", "kb"), (int(one[1]) for one in found), strict=True))


def commands(dump: scenes.Dump, document: dict) -> list:
    """The commands of a script that reads the same of each queue."""
    modules = [f"mod -s {name} {next(dump.kernel.debugmods.glob(f'**/{name}.ko*'))}"
               for name in ("virtio", "virtio_ring", "virtio_net")]
    asked = []
    for queue in document["queues"]:
        asked += [f"struct vring_virtqueue.{field} {queue['vring_virtqueue'][2:]}" for field in FIELDS]
        for member in RING:
            address = queue["avail" if "avail" in member else "used"]["addr"][2:]
            asked.append(f"struct {member} {address}")
        # The event words lie behind the rings: by address.
        avail, used = int(queue["avail"]["addr"], 16), int(queue["used"]["addr"], 16)
        asked += [f"rd -16 {avail + 4 + 2 * queue['num']:x} 1", f"rd -16 {used + 4 + 8 * queue['num']:x} 1"]
    return [*modules, *asked]


def by_crash(program: crash.Crash, dump: scenes.Dump, so: Path) -> dict:
    """vring twice in a minimal session; then the script's commands in a full one, with their output in a file."""
    with tempfile.TemporaryDirectory(prefix="vring-bench-") as folder:
        shown, out = Path(folder) / "vring.json", Path(folder) / "out"
        # Asking costs something too, for crash forks: twice in a row says how much.
        ours = [SPENT, SPENT, f"vring -j > {shown}", SPENT, f"vring -j > {shown}", SPENT]
        first = program.run(dump.core, dump.kernel.vmlinux, ours, so=so, minimal=True, timeout=600)
        if len(first.outputs) != len(ours) or not shown.exists():
            raise store.LabError(f"crash ended early:\n{first.stdout}{first.stderr}")
        document = json.loads(shown.read_text())
        asked = commands(dump, document)
        theirs = [SPENT, SPENT, *(line if line.startswith("mod") else f"{line} >> {out}" for line in asked), SPENT]
        second = program.run(dump.core, dump.kernel.vmlinux, theirs, timeout=900)
        if len(second.outputs) != len(theirs):
            raise store.LabError(f"crash ended early:\n{second.stdout[-2000:]}{second.stderr}")
        begin, again, middle, end = (spent(first.outputs[n]) for n in (0, 1, 3, 5))
        bare, once_more, after = (spent(second.outputs[n]) for n in (0, 1, -1))
        return {"vring, first call": Cost.between(again, middle).without(Cost.between(begin, again)),
                "vring, later calls": Cost.between(middle, end).without(Cost.between(begin, again)),
                "crash commands": Cost.between(once_more, after).without(Cost.between(bare, once_more)),
                "queues": len(document["queues"]), "commands": len(asked),
                "starts": {"crash --minimal with vring.so": begin["ns"] / 1e6, "crash in full": bare["ns"] / 1e6}}


def by_drgn(reader: drgn.Drgn, dump: scenes.Dump, queues: int) -> dict:
    told = reader.run(READER, dump.core, dump.kernel, timeout=600)
    if len(told["queues"]) != queues:
        raise store.LabError(f"drgn reads {len(told['queues'])} queues, vring {queues}")
    first, second, third = told["costs"]
    return {"drgn, first pass": Cost.between(first, second), "drgn, later passes": Cost.between(second, third),
            "drgn start": first["ns"] / 1e6}


WAYS = ("vring, first call", "vring, later calls", "drgn, first pass", "drgn, later passes", "crash commands")


def median(costs: list) -> Cost:
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("ms", "reads", "bytes", "kb")))


def measure(dump: scenes.Dump, so: Path, version: str) -> tuple:
    """Return (queues, commands, {way: Cost}, {way: ms of its start}), medians of RUNS rounds that take turns."""
    program, reader, rounds = crash.Crash(version), drgn.Drgn(), []
    for _ in range(RUNS):
        costs = by_crash(program, dump, so)
        costs |= by_drgn(reader, dump, costs["queues"])
        costs["starts"]["drgn with debuginfo"] = costs["drgn start"]
        rounds.append(costs)
    starts = {way: statistics.median(costs["starts"][way] for costs in rounds) for way in rounds[0]["starts"]}
    return (rounds[0]["queues"], rounds[0]["commands"],
            {way: median([costs[way] for costs in rounds]) for way in WAYS}, starts)
