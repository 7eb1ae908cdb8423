#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What vring costs on real dumps: bench.py /path/to/vring.so [host|field]

Six questions: how much longer a crash session takes that asks vring once; how long the first
call looks for types, by BTF and by DWARF; how long a later call takes; what the same facts cost
by crash's own commands and by drgn; and whether the work grows with the number of queues alone,
the guest's and (the last, alone with 'host') the host's. Times are this machine's, and only the
last two can fail: what is read for a queue must not depend on how many there are.

build/probe.so must be there beside vring.so (make build/probe.so). VRING_REUSE=1 keeps the dumps.
"""

import os
import re
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "vm"))

import field  # noqa: E402
import report  # noqa: E402
import scenes_host  # noqa: E402
from lab import crash, kernels, scenes, store  # noqa: E402

# (version of crash, kernel), all in minimal mode: the fastest start, which has least to hide behind.
SESSIONS = [("9.0.2", "6.1"), ("8.0.2", "6.1"), ("9.0.2", "5.10"), ("9.0.2", "6.12")]
PAIRS = [1, 4, 16, 64]
HOST_PAIRS = [1, 32, 256]

RUNS = 5
DOCS = Path(__file__).parents[2] / "docs"

RATIO_GOAL = 1.15
TYPES_GOAL, CALL_GOAL = 100_000, 10_000  # microseconds

# Reads and bytes for a queue; now some 27 and 15000 with nine, and 43 reads with three. The whole device's own
# reads are spread over its queues, so that few queues look dearer than many: only growth and a bound are judged.
READS_LIMIT, BYTES_LIMIT = 60, 24576
GROWTH = 1.1

# A vhost queue: time for a hundred, reads, and the longest read. A vhost_virtqueue, of which some 400 bytes
# are needed, has 18 KiB; file descriptors are read in batches of a page.
HUNDRED_GOAL = 10_000  # microseconds
HOST_READS_LIMIT, LONGEST_LIMIT = 80, 4096


class Bench:
    """The dumps and the crashes; use it in a with statement."""

    def __init__(self, so: Path):
        self.so, self.probe = so, so.parent / "build/probe.so"
        if not self.probe.exists():
            raise store.LabError(f"{self.probe} is missing: run make build/probe.so first")
        self.crashes, self.broken = {}, []

    def __enter__(self) -> "Bench":
        self.folder = tempfile.TemporaryDirectory(prefix="vring-bench-")
        return self

    def __exit__(self, *_) -> None:
        self.folder.cleanup()

    def dump(self, name: str, pairs: int = 4) -> scenes.Dump:
        """The tests' own busy guest, or one with so many queue pairs."""
        kernel = kernels.get(name)
        title = f"busy-tap-{name}" if pairs == 4 else f"busy-tap-{name}-{pairs}-pairs"
        if os.environ.get("VRING_REUSE") == "1":
            return scenes.load(kernel, store.entry(f"dumps/{title}", lambda f: build(kernel, f, pairs)))
        folder = Path(self.folder.name) / title
        if not folder.exists():
            folder.mkdir()
            build(kernel, folder, pairs)
        return scenes.load(kernel, folder)

    def host(self, name: str, pairs: int) -> scenes_host.Host:
        """A host with so many vhost devices, of two queues each."""
        kernel = kernels.get(name)
        how = {"processes": (scenes_host.many(pairs),), "memory": max(384, 4 * pairs)}
        title = f"host-many-{name}" if pairs == scenes_host.MANY_PAIRS else f"host-many{pairs}-{name}"
        if os.environ.get("VRING_REUSE") == "1":
            folder = store.entry(f"dumps/{title}", lambda f: scenes_host.build(kernel, f, **how))
        else:
            folder = Path(self.folder.name) / title
            folder.mkdir()
            scenes_host.build(kernel, folder, **how)
        return scenes_host.load(kernel, folder, how["processes"])

    def run(self, version: str, dump: scenes.Dump, commands=(), so=None) -> crash.Result:
        if version not in self.crashes:
            self.crashes[version] = crash.Crash(version)
        result = self.crashes[version].run(dump.core, dump.kernel.vmlinux, commands, minimal=True, so=so)
        if result.returncode or len(result.outputs) != len(commands):
            raise store.LabError(f"crash {version} failed:\n{result.stdout}{result.stderr}")
        return result


def build(kernel: kernels.Kernel, folder: Path, pairs: int) -> None:
    """A guest with so many pairs, of which no more are in use than it has CPUs."""
    cpus = min(pairs, 4)
    with scenes.tap_guest(kernel, pairs, cpus=cpus, memory=512 if pairs > 4 else 256) as (guest, _):
        scenes.save(guest, folder)


def verdict(value: float, goal: float) -> str:
    return "ok" if value <= goal else "over"


def session_cost(bench: Bench, version: str, name: str) -> list:
    """Bare sessions and ones with extend and vring, in turns: the machine's moods hit both."""
    dump = bench.dump(name)
    bench.run(version, dump, ["vring"], bench.so)  # the file cache
    pairs = [(bench.run(version, dump).seconds, bench.run(version, dump, ["vring"], bench.so).seconds)
             for _ in range(RUNS)]
    bare, asked = (statistics.median(times) for times in zip(*pairs))
    ratio = statistics.median(after / before for before, after in pairs)
    return [f"{bare:.2f} s", f"{asked:.2f} s", f"{ratio:.3f}", verdict(ratio, RATIO_GOAL)]


def number(text: str, pattern: str) -> int:
    found = re.search(pattern, text)
    if not found:
        raise store.LabError(f"no {pattern!r} in: {text}")
    return int(found[1])


def types_cost(bench: Bench, version: str, name: str) -> list:
    """A session each, as gdb keeps what it has read once."""
    dump, cells = bench.dump(name), []
    for source in ("btf", "dwarf"):
        times = [number(bench.run(version, dump, [f"vrprobe types {source}"], bench.probe).outputs[0],
                        r"types: (\d+) us\n") for _ in range(3)]
        cells.append(statistics.median(times))
    return [f"{cells[0] / 1000:.1f} ms", f"{cells[1] / 1000:.1f} ms", verdict(cells[0], TYPES_GOAL)]


WALK = re.compile(r"walk: (\d+) us, (\d+) queues, (\d+) reads, (\d+) bytes, 0 errors")


def walk(bench: Bench, version: str, dump: scenes.Dump) -> tuple:
    """(median us, queues, reads, bytes) of later walks in one session."""
    outputs = bench.run(version, dump, ["vrprobe walk"] * 6, bench.probe).outputs
    found = [WALK.search(text) for text in outputs]
    if not all(found):
        raise store.LabError(f"the walk failed: {outputs}")
    later = [tuple(map(int, one.groups())) for one in found[1:]]
    return (int(statistics.median(one[0] for one in later)), *later[-1][1:])


def call_cost(bench: Bench, version: str, name: str) -> list:
    time, queues, reads, size = walk(bench, version, bench.dump(name))
    return [f"{time / 1000:.2f} ms", str(queues), f"{reads / queues:.1f}", f"{size / queues:.0f}",
            verdict(time, CALL_GOAL)]


def beside(bench: Bench) -> list:
    """vring beside drgn and crash's commands, over growing numbers of queues; into docs/ too."""
    results, starts, rows = [], {}, []
    for pairs in PAIRS:
        queues, commands, costs, starts = field.measure(bench.dump("6.1", pairs), bench.so, "9.0.2")
        results.append((queues, commands, costs))
        rows += [[str(queues), way, f"{cost.ms:.2f} ms", f"{cost.ms / costs['vring, first call'].ms:.2f}",
                  f"{cost.reads:.0f}", f"{cost.kb / 1024:.1f} MiB"] for way, cost in costs.items()]
    report.write(DOCS, results, starts, field.RUNS)
    return rows


def growth(bench: Bench) -> list:
    """One row for each number of pairs; notes when a queue's share grows."""
    rows, shares = [], []
    for pairs in PAIRS:
        time, queues, reads, size = walk(bench, "9.0.2", bench.dump("6.1", pairs))
        shares.append((reads / queues, size / queues))
        rows.append([str(pairs), str(queues), f"{time / 1000:.2f} ms", f"{time / queues:.0f} us",
                     f"{reads / queues:.1f}", f"{size / queues:.0f}"])
    for what, values, limit in zip(("reads", "bytes"), zip(*shares), (READS_LIMIT, BYTES_LIMIT)):
        if max(values) > limit or values[-1] > GROWTH * values[1]:
            bench.broken.append(f"{what} for a queue: {', '.join(f'{v:.0f}' for v in values)} "
                                f"with {PAIRS} pairs (at most {limit}, and no growth)")
    return rows


HOST_WALK = re.compile(r"walk: (\d+) us, (\d+) queues, (\d+) reads, (\d+) bytes, 0 errors, longest (\d+)")


def host_growth(bench: Bench) -> list:
    """One row for each number of vhost queues; notes what is too much, or grows."""
    rows, shares, longest = [], [], 0
    for pairs in HOST_PAIRS:
        host = bench.host("6.1", pairs)
        found = [HOST_WALK.search(text) for text in
                 bench.run("9.0.2", host, ["vrprobe hostwalk"] * 8, bench.probe).outputs]
        if not all(found):
            raise store.LabError("the walk over vhost queues failed")
        first, *later = [tuple(map(int, one.groups())) for one in found]
        time, (_, queues, reads, size, long) = int(statistics.median(one[0] for one in later)), later[-1]
        shares.append(reads / queues)
        longest = max(longest, long)
        rows.append([str(queues), f"{first[0] / 1000:.1f} ms", f"{time / 1000:.1f} ms",
                     f"{time / queues / 10:.1f} ms", f"{reads / queues:.1f}", f"{size / queues:.0f}", str(long),
                     verdict(time / queues * 100, HUNDRED_GOAL) if queues > 10 else ""])
    # What is read once, all tasks and their files among it, is spread over the queues.
    if shares[-1] > min(HOST_READS_LIMIT, GROWTH * shares[1]):
        bench.broken.append(f"reads for a vhost queue: {', '.join(f'{v:.0f}' for v in shares)} with "
                            f"{HOST_PAIRS} pairs (at most {HOST_READS_LIMIT}, and no growth)")
    if longest > LONGEST_LIMIT:
        bench.broken.append(f"a read of {longest} bytes for vhost queues (at most {LONGEST_LIMIT})")
    return rows


def show(title: str, head: list, rows: list) -> None:
    print(f"\n{title}")
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    for row in [head, *rows]:
        print("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths)).rstrip(), flush=True)


def measure_host(bench: Bench) -> None:
    show("Growth with the number of vhost queues (crash 9.0.2, kernel 6.1; CPU time; goal: "
         f"{HUNDRED_GOAL // 1000} ms for 100 of many)",
         ["queues", "first", "later", "per 100", "reads/queue", "bytes/queue", "longest read", ""],
         host_growth(bench))


def measure_field(bench: Bench) -> None:
    show(f"The same facts of every queue beyond each way's start (crash 9.0.2, kernel 6.1; CPU time; medians of {field.RUNS})",
         ["queues", "way", "cost", "times", "reads", "memory more"], beside(bench))


def measure(bench: Bench) -> None:
    names = [[version, name] for version, name in SESSIONS]
    print(f"{os.cpu_count()} CPU cores; load {os.getloadavg()[0]:.1f}; crash --minimal; guests of 4 queue pairs")
    show(f"A session with extend and one vring, against a bare one (median of {RUNS} pairs, goal {RATIO_GOAL})",
         ["crash", "kernel", "bare", "with vring", "ratio", ""],
         [[*key, *session_cost(bench, *key)] for key in names])
    show(f"All types of a first call (goal {TYPES_GOAL // 1000} ms by the usual source, which is BTF where there is any)",
         ["crash", "kernel", "usual", "DWARF only", ""], [[*key, *types_cost(bench, *key)] for key in names])
    show(f"A later call on a whole device (goal {CALL_GOAL // 1000} ms)",
         ["crash", "kernel", "time", "queues", "reads/queue", "bytes/queue", ""],
         [[*key, *call_cost(bench, *key)] for key in names])
    measure_field(bench)
    show("Growth with the number of queue pairs (crash 9.0.2, kernel 6.1)",
         ["pairs", "queues", "time", "time/queue", "reads/queue", "bytes/queue"], growth(bench))
    measure_host(bench)


def main() -> int:
    parts = {"": measure, "host": measure_host, "field": measure_field}
    if len(sys.argv) not in (2, 3) or sys.argv[2:3] and sys.argv[2] not in parts:
        print(f"usage: {sys.argv[0]} /path/to/vring.so [host|field]", file=sys.stderr)
        return 2
    try:
        with Bench(Path(sys.argv[1]).resolve()) as bench:
            parts[sys.argv[2] if sys.argv[2:] else ""](bench)
    except store.LabError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    for text in bench.broken:
        print(f"bench: {text}", file=sys.stderr)
    return 1 if bench.broken else 0


if __name__ == "__main__":
    sys.exit(main())
