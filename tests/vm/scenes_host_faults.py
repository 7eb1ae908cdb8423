# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts in trouble: more vhost states, each after traffic, and hosts that are just busy."""

import json
import time
from pathlib import Path

from host_model import FLAGS_ONLY, USUAL, Process
from lab import core, store
from lab.guest import Guest
from lab.kernels import Kernel
from scenes_host import LOW, MAIN, MODULES, NO_IPV6, WORKLOAD, _both_ways, host_tool, parse, starve


def _unkicked(p: Process) -> None:
    """Entries that vhost was never told of."""
    for name, features, base in (("lost-event", USUAL, 0), ("lost-flags", FLAGS_ONLY, 0), ("lost-wrap", USUAL, 65500),
                                 ("lost-wrap-flags", FLAGS_ONLY, 65500)):
        pair = p.wired(name, features, base=base)
        _both_ways(p, pair, 20, 30)
        # Its worker goes to sleep first, and wants to be woken.
        pair.tx.settle().publish(9)
    # Buffers at last, for packets that wait: nobody says so.
    starve(p, "lost-rx", 30)
    p.vhosts["lost-rx"].rx.settle().publish(50)


def _bad(p: Process) -> None:
    for name, count in (("used-ahead", 7), ("used-behind", -300)):
        pair = p.wired(name)
        _both_ways(p, pair, 10, 12)
        pair.tx.settle().say("scribble", count)
    after = p.wired("head-later", USUAL)
    _both_ways(p, after, 10, 60)
    p.say("head head-later 1 60000")
    after.tx.published += 1
    after.tx.fails()


def _drained(p: Process) -> None:
    """All buffers are used, and packets go on coming."""
    pair = p.wired("drained", USUAL, base=65000)
    _both_ways(p, pair, 100, 20)
    p.inject("drained", 30)
    pair.rx.settle()
    pair.rx.starved = True


def _too_small(p: Process) -> None:
    """A packet for which the buffers together are too small."""
    pair = p.wired("too-small", USUAL)
    pair.rx.publish(1, size=40).kick().settle()
    p.inject("too-small", 1)
    pair.rx.settle()
    # It has seen the buffer; up to 6.1 it never settles on whether to ask for kicks.
    pair.rx.seen, pair.rx.busy = 1, True


def _fine(p: Process) -> None:
    pair = p.wired("thousands", USUAL)
    _both_ways(p, pair, 30, 0)
    pair.tx.say("rounds", KICKS)
    pair.tx.published = pair.tx.seen = pair.tx.returned = KICKS
    quiet = p.wired("quiet-flags", FLAGS_ONLY)
    p.say("interrupts quiet-flags 1 1 0")
    _both_ways(p, quiet, 5, 40)


def faulty() -> Process:
    p = Process("vmm-faulty", [LOW, MAIN])
    for part in (_unkicked, _bad, _drained, _fine, _too_small):
        part(p)
    return p


KICKS = 3000
FAULTY = {"processes": (faulty,), "cpus": 2}
BUSY_PAIRS = 6


def busy() -> Process:
    """Guests that send without end."""
    p = Process("vmm-busy", [(0, 0xA0000), (0x100000, 16 << 20)])
    for number in range(BUSY_PAIRS):
        pair = p.wired(f"busy{number}", FLAGS_ONLY if number % 2 else USUAL, base=65000)
        pair.rx.publish(64).kick()
    for number in range(BUSY_PAIRS):
        p.say(f"spin busy{number} 1")
    return p


def instants(kernel: Kernel, folder: Path, count: int) -> None:
    """A host of busy() at several moments: core-0, core-1, ..."""
    process = busy()
    files = {"bin/host_tool": host_tool(), f"scripts/{process.name}": process.script()}
    workload = f"{WORKLOAD}\nsh -c '{NO_IPV6}; host_tool /scripts/{process.name}'"
    with Guest(kernel, workload, modules=MODULES, files=files, memory=256, cpus=2) as guest:
        with store.step(f"host {kernel.release}: boot and send without end"):
            guest.wait_for()
        (folder / "state.json").write_text(json.dumps(parse(guest.console())))
        for number in range(count):
            time.sleep(0.2)
            with guest.frozen():
                guest.copy_ram(folder / "ram")
            core.wrap_ram(folder / "ram", folder / f"core-{number}")
    (folder / "ram").unlink()
