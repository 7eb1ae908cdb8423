#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Shows vring on a real vmcore: demo.py /path/to/vring.so

Boots a guest with a four-queue NIC, sends packets both ways, stops it, dumps its memory
and lets crash print the rings. Nothing is installed and no network outside is touched
except Debian's mirror, for the kernel and its debuginfo (300 MB, the first time).
"""

import shlex
import shutil
import sys
from pathlib import Path

from lab import crash, kernels, net, scenes, store

KERNEL, CRASH = "6.1", "8.0.2"


def make_dump(kernel: kernels.Kernel, folder: Path) -> scenes.Dump:
    """Make the demo's dump in a folder, on a tap if this machine lets us have one."""
    reason = net.available()
    if not reason:
        return scenes.busy_tap(kernel, folder)
    store.say(f"no tap here ({reason}): a single-queue NIC on QEMU's user network instead")
    with scenes.user_guest(kernel) as guest:
        return scenes.save(guest, folder)


def fresh_dump(kernel: kernels.Kernel) -> scenes.Dump:
    """Make the dump under another name first: an interrupted demo leaves the last one whole."""
    final = store.root() / "demo"
    partial = final.with_name(".demo.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    make_dump(kernel, partial)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    return scenes.load(kernel, final)


def show(program: crash.Crash, dump: scenes.Dump, so: Path) -> None:
    """Print what crash prints, each command after a prompt as in a session."""
    # The control queue comes last, by its number: 2 with a single pair, which is then pair 0.
    pair = 1 if dump.device("net0")["queues"][-1]["queue-index"] > 2 else 0
    commands = ["vring", f"vring eth0 {pair}"]
    with store.step(f"crash {program.actual()} opens the dump"):
        result = program.run(dump.core, dump.kernel.vmlinux, commands, so=so)
    print(f"\ncrash> extend {so}\n{result.greeting}", end="")
    for command, output in zip(commands, result.outputs):
        print(f"crash> {command}\n{output}", end="")
    if len(result.outputs) < len(commands):
        raise store.LabError(f"crash ended early:\n{result.stdout}{result.stderr}")
    sys.stdout.flush()


def again(program: crash.Crash, dump: scenes.Dump, so: Path) -> None:
    """Print the command line that opens the same dump for the reader."""
    start = dump.core.with_name("start")
    start.write_text(f"extend {so}\n")
    argv = [*program.command, "-s", "--no_panic", "-i", start, dump.kernel.vmlinux, dump.core]
    print(f"\nTo look around in the same dump (try 'help vring'):\n    {shlex.join(map(str, argv))}")


def main() -> int:
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} /path/to/vring.so", file=sys.stderr)
        return 2
    so = Path(sys.argv[1]).resolve()
    try:
        if not so.exists():
            raise store.LabError(f"{so} is missing: run make first")
        dump = fresh_dump(kernels.get(KERNEL))
        program = crash.Crash(CRASH)
        show(program, dump, so)
        again(program, dump, so)
    except store.LabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
