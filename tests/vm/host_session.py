# SPDX-License-Identifier: GPL-2.0-or-later
"""A host's dump with crash on it, and what vhostq and drgn say of it."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import scenes_host
from lab import drgn

# It opens every kernel at hand, in minimal mode.
VERSION = "9.0.2"

READER = Path(__file__).parent / "host_reader.py"
READER_MODULES = ("vhost/*.ko", "net/tun.ko", "net/tap.ko", "net/macvlan.ko", "net/macvtap.ko",
                  "net/ipvlan/*.ko")


PARTS = ("desc", "avail", "used")
PLAIN = ("vhost_virtqueue", "vhost_dev", "num", *PARTS, "last_avail_idx", "avail_idx", "last_used_idx",
         "used_flags", "signalled_used", "signalled_used_valid", "busyloop_timeout", "upend_idx", "done_idx")


def null(address):
    return None if address == "0x0" else address


def by_drgn(core, kernel) -> dict:
    """{(pid of the owner, user address of desc): queue with its device's members} by drgn"""
    drivers = kernel.debugmods / "kernel/drivers"
    files = [f for pattern in READER_MODULES for f in sorted(drivers.glob(pattern))]
    devices = drgn.Drgn().run(READER, core, kernel, *files)
    return {(d["owner"]["pid"], q["desc"]): d | q for d in devices for q in d["queues"]}


def against_drgn(seen: dict, queue: dict) -> list:
    """A line for each member of a queue that drgn read otherwise than vhostq."""
    pairs = {name: (seen[name], queue[name]) for name in PLAIN if name in seen}
    pairs["acked_features"] = hex(seen["acked_features"]), queue["acked_features"]
    pairs["worker"] = ({k: seen["worker"][k] for k in ("pid", "comm", "state")},
                       {k: queue["worker"][k] for k in ("pid", "comm", "state")})
    pairs["runs"] = seen["owner"]["runs"], queue["owner"]["runs"]
    pairs["mm"] = seen["mm"], queue["owner"]["mm"]
    for poll in ("kick_poll", "backend_poll"):
        if poll in seen:
            pairs[poll] = seen[poll] | {"wqh": null(seen[poll]["wqh"])}, queue[poll]
    pairs["backend"] = null(seen["backend"]), queue["backend"]
    if seen.get("rxq"):
        pairs["rxq"] = seen["rxq"], {k: queue["rxq"][k] for k in ("head", "tail")}
        pairs["waits"] = seen["waiting"], queue["wait_entry"] is not None
    if seen.get("tap", {}).get("device"):
        pairs["tx_ring"] = seen["tap"]["ring"], queue["tx_ring"]
        pairs["netns"] = seen["tap"].get("netns", queue["netns"]), queue["netns"]
    return [f"{queue['device']} {queue['queue']}: {what} is {shown}, drgn says {wanted}"
            for what, (wanted, shown) in pairs.items() if wanted != shown]


def bookkeeping(queue: dict) -> dict:
    """All of a queue but the ring's words, and what follows from them."""
    return {k: {"eventfd_count": v["eventfd_count"]} if k in ("kick", "call") else v
            for k, v in queue.items() if k not in ("ring", "verdict", "at")}


@dataclass
class Session:
    """A dump, and crash on it."""

    host: scenes_host.Host
    crash: object
    so: Path
    core: Path
    minimal: bool = True

    def run(self, *commands, **more) -> list:
        result = self.crash.run(self.core, self.host.kernel.vmlinux, commands, so=self.so,
                                minimal=self.minimal, timeout=300, **more)
        assert len(result.outputs) == len(commands), result.stdout + result.stderr
        return result.outputs

    @cached_property
    def document(self) -> dict:
        return json.loads(self.run("vhostq -j")[0])

    @cached_property
    def queues(self) -> dict:
        """{(pid of the owner, user address of desc): queue}"""
        return {(q["owner"]["pid"], q["desc"]): q for q in self.document["queues"]}

    @cached_property
    def chains(self) -> dict:
        """The same queues with the chains that vhost holds."""
        return {(q["owner"]["pid"], q["desc"]): q for q in json.loads(self.run("vhostq -d -j")[0])["queues"]}

    @cached_property
    def second(self) -> dict:
        """The same by drgn."""
        return by_drgn(self.core, self.host.kernel)

    def rings(self):
        """Yield (what is expected, what host_tool told of it, its Ring, what vhostq shows) of each."""
        for state, told, one, ring in self.host.rings():
            expected = ring.expected(one)
            queue = self.queues.get((state["pid"], expected["desc"]))
            if queue:
                yield expected, {"state": state, "vhost": told, **one}, ring, queue
