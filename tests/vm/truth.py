# SPDX-License-Identifier: GPL-2.0-or-later
"""What each staged queue is, and the verdict that follows: known from how it was staged.

A queue that is not named here is healthy. Where one dump cannot tell a fault from an unlucky
moment, the mildest verdict that the evidence allows is expected.
"""

import re
from dataclasses import dataclass, replace

from scenes_host import PROCESSES

STATES = ("idle", "active", "stopped", "device-not-consuming", "ring-full", "tx-stopped", "driver-not-reaping",
          "lost-interrupt", "rx-starved", "lost-kick", "kick-not-served", "vhost-stopped-on-error", "broken",
          "corrupt", "unreadable")
CALM, LOUD = ("ok", "info"), ("warn", "error")
# What a healthy queue may be called at an unlucky moment, with severity ok or info.
SUSPECTS = ("idle", "active", "stopped", "device-not-consuming", "ring-full", "tx-stopped", "driver-not-reaping",
            "kick-not-served", "lost-kick")


@dataclass(frozen=True)
class Truth:
    """What was staged (a row of the confusion matrix) and the verdicts that are right for it.

    proof, of a guest's queue: whether drgn's reading of it shows that the staging worked.
    """

    staged: str
    states: tuple
    severities: tuple
    why: str
    proof: object = None


HEALTHY = Truth("healthy, at rest", ("idle", "active"), CALM, "nothing was done to it")
MOVING = Truth("healthy, at work", SUSPECTS, CALM, "caught while packets were under way")
PANICKED = Truth("healthy until a panic", SUSPECTS, CALM,
                 "nobody takes interrupts any more, and the device goes on for a while")


# ---- guests: what drgn's reading must show -----------------------------------------------------------

def waits(q: dict) -> int:
    """Buffers that the device has not returned."""
    return (q["avail_idx"] - q["used_idx"]) % 65536


def returned(q: dict) -> int:
    """Buffers that the driver has not taken back."""
    return (q["used_idx"] - q["last_used_idx"]) % 65536


def owed(q: dict) -> bool:
    """Has the device passed the point where the driver wanted to be interrupted, which it still wants?"""
    if q["avail_flags_shadow"] & 1:
        return False
    return (q["used_idx"] - q["used_event"] - 1) % 65536 < returned(q)


def deaf(q: dict) -> bool:
    """It was owed an interrupt, and none has come: nobody is on the way to look."""
    return owed(q) and not q["napi"]["scheduled"]


def halted(q: dict) -> bool:
    """Stopped by the driver or by the stack, for longer than the stack's own limit."""
    return q["netdev_queue"]["state"] & 3 != 0 and q["netdev_queue"]["trans_start_age_ms"] > 5000


def full(q: dict) -> bool:
    return q["netdev_queue"]["state"] & 1 == 1 and q["num_free"] < 20


def waiting_since(q: dict, ms: int) -> bool:
    """The newest buffer that the device has was given to it so long ago."""
    return waits(q) > 0 and q["netdev_queue"]["trans_start_age_ms"] > ms


def armed(q: dict) -> bool:
    """The device waits for a kick, and has been sent what it should have been kicked for."""
    return (q["avail_event"] - q["used_idx"]) % 65536 <= waits(q)


LOST_IRQ_RX = Truth(
    "interrupt lost, receive ring used up", ("lost-interrupt",), ("warn",),
    "its vector was masked behind the kernel's back, then the ring was flooded; the CPUs are idle",
    lambda q: deaf(q) and waits(q) == 0 and returned(q) > 200)
LOST_IRQ_TX = Truth(
    "interrupt lost, transmit queue stopped", ("lost-interrupt",), ("warn",),
    "the queue was filled, its vector masked, and only then were the frames sent",
    lambda q: deaf(q) and halted(q) and waits(q) == 0)
LOST_IRQ_FEW = Truth(
    "interrupt lost, nothing blocked yet", ("driver-not-reaping",), ("info",),
    "its vector was masked, then few packets came: the same as an interrupt on its way",
    lambda q: deaf(q) and waits(q) > 100 and 0 < returned(q) < 20)
NAPI_STARVED = Truth(
    "NAPI scheduled, but its thread gets no CPU", ("driver-not-reaping",), CALM,
    "the thread shares a CPU with one of real-time priority: the same as a busy moment",
    lambda q: q["napi"]["scheduled"] and returned(q) > 0 and q["avail_flags_shadow"] & 1)
NAPI_STARVED_FEW = replace(NAPI_STARVED, states=("active", "driver-not-reaping"))
STALLED = Truth(
    "backend reads no more, transmit ring full", ("ring-full",), LOUD[:1],
    "the other end of the wire stopped reading, after traffic",
    lambda q: full(q) and halted(q) and waits(q) > 10 and not owed(q))
STALLED_YOUNG = Truth(
    "backend reads no more, transmit ring full", ("ring-full",), (*CALM, "warn"),
    "the other end of the wire never read; 3 s ago: may yet be backpressure",
    lambda q: full(q) and waits(q) > 200 and not owed(q))
STALLED_BYTES = Truth(
    "backend reads no more, queue stopped by its byte limit", ("tx-stopped", "device-not-consuming"), LOUD[:1],
    "the other end of the wire stopped reading; from 6.11 on the stack stops a queue by bytes, first",
    lambda q: q["netdev_queue"]["state"] & 3 == 2 and halted(q) and q["num_free"] > 100 and waits(q) > 0)
STALLED_BYTES_YOUNG = Truth(
    "backend reads no more, queue stopped by its byte limit", ("tx-stopped", "device-not-consuming"),
    (*CALM, "warn"), "as above, 3 s ago",
    lambda q: q["netdev_queue"]["state"] & 3 == 2 and q["num_free"] > 100 and waits(q) > 0)
DEAF = Truth(
    "device takes nothing", ("device-not-consuming",), ("info", "warn"),
    "kicks do not reach it, or it has given up; a guest alone sees a device that does not take what is there",
    lambda q: waiting_since(q, 5000) and returned(q) == 0 and armed(q) and not q["num_added"])
DEAF_CONTROL = Truth(
    "device takes nothing", ("device-not-consuming",), ("info", "warn"),
    "a command was sent and not heard; its sender waits",
    lambda q: waits(q) == 1)
STARVED = Truth(
    "no receive buffers, device has packets", ("rx-starved",), ("warn",),
    "buffers were used up, and the kernel has no memory (or AF_XDP no buffers) for new ones",
    lambda q: waits(q) == 0 and returned(q) == 0 and q["num_free"] == q["num"])
DISBELIEVED = Truth(
    "driver has broken the ring off, wrong id still there", ("corrupt",), ("error",),
    "the device returned a buffer twice, as it was made to",
    lambda q: q["broken"] and returned(q) == 2)
BROKEN = Truth(
    "driver has broken the ring off", ("broken",), ("error",),
    "the same; then the indices were put right again",
    lambda q: q["broken"] and returned(q) == 0)
IMPOSSIBLE = Truth(
    "avail index impossible", ("corrupt",), ("error",),
    "the index was moved on in a running guest; QEMU gave the device up",
    lambda q: waits(q) > 1000)
UNUSED = Truth(
    "not in use: interface down, no link, spare pair", ("stopped",), CALM,
    "taken out of use after traffic",
    lambda q: True)

FAULTS = {
    ("irq-rx", "rx0"): LOST_IRQ_RX, ("irq-rx-few", "rx0"): LOST_IRQ_FEW,
    ("irq-tx", "tx0"): LOST_IRQ_TX, ("irq-tx-stack", "tx0"): LOST_IRQ_TX,
    ("stalled", "tx0"): STALLED, ("stalled-stack", "tx0"): STALLED,
    ("stalled-indirect", "tx0"): STALLED, ("stalled-chains", "tx0"): STALLED,
    ("no-kick", "tx0"): DEAF, ("no-master", "tx0"): DEAF,
    ("bad-used", "rx0"): DISBELIEVED, ("bad-used-undone", "rx0"): BROKEN,
    ("bad-avail", "rx0"): IMPOSSIBLE, ("bad-avail", "tx0"): DEAF,
    **{(what, queue): UNUSED for what in ("link-down", "down") for queue in ("rx0", "tx0")},
    ("fewer-channels", "rx1"): UNUSED, ("fewer-channels", "tx1"): UNUSED,
}
# Their control queues, on which nothing is under way: both ways of putting it are right.
FAULTS |= {(what, "ctrl"): Truth("healthy, at rest", ("idle", "active", "stopped"), CALM, "of a device out of use")
           for what in ("link-down", "down")}
BYTE_LIMITS = FAULTS | {("stalled-stack", "tx0"): STALLED_BYTES}

STARVING = {("no-buffers", "rx0"): STARVED, ("no-answer", "ctrl"): DEAF_CONTROL, ("napi-held", "rx0"): NAPI_STARVED,
            ("napi-held-few", "rx0"): NAPI_STARVED_FEW}


def unused(queue: dict, device: dict) -> bool:
    """Is a queue out of use, by drgn's reading?"""
    return not (device["up"] and device["carrier"] and queue["in_use"])


def of_guest(scene: str, kernel: str, what: str, queue: dict, device: dict) -> Truth:
    """Return the truth of a guest's queue; queue and device are drgn's reading."""
    label = queue["queue"]
    new = kernel in ("6.12", "7.3")
    if scene == "faults":
        return (BYTE_LIMITS if new else FAULTS).get((what, label), HEALTHY)
    if scene == "starved":
        return STARVING.get((what, label), HEALTHY)
    if scene == "panicked":
        return PANICKED
    if scene.startswith("stalled") and label == "tx0":
        return STALLED_BYTES_YOUNG if new else STALLED_YOUNG
    if label != "ctrl" and unused(queue, device):
        return UNUSED
    return MOVING


# ---- hosts: which ring of which vhost device -------------------------------------------------------------

RX, TX = 0, 1
LOST_KICK = Truth("kick lost", ("lost-kick",), ("warn",), "entries were published, and vhost never told of them")
LOST_OR_BAD = replace(LOST_KICK, states=("lost-kick", "corrupt"), severities=LOUD,
                      why="the same, and chains among them that no driver may make")
HOST_STARVED = Truth("no guest buffers, packets wait", ("rx-starved",), ("warn",),
                     "packets came, and there were fewer buffers")
HOST_ERROR = Truth("vhost stopped on an error", ("vhost-stopped-on-error",), LOUD,
                   "a descriptor points outside of guest memory")
HOST_CORRUPT = Truth("ring impossible", ("corrupt",), ("error",), "a head or an index that cannot be")
HOST_STOPPED = Truth("no backend", ("stopped",), CALM, "stopped, or never started")
NOT_SERVED = Truth("kick delivered, worker gets no CPU", ("kick-not-served",), ("info", "warn"),
                   "the work is queued, and the worker's CPU taken: the same as a worker just woken")
OWNER_STOPPED = Truth("owner stopped, worker with it", ("stopped",), CALM, "SIGSTOP; from 6.4 the worker is its thread")
OWNER_ONLY = Truth("owner stopped, worker goes on", ("idle", "active", "stopped"), CALM,
                   "SIGSTOP; up to 6.3 the worker is the kernel's and serves the kick")
DETACHED = Truth("tap queue detached", ("idle", "active", "stopped"), CALM, "by the guest's choice")
GONE = Truth("no backend, ring pages gone", ("stopped", "unreadable"), (*CALM, "warn", "error"),
             "stopped, and its memory given back")

HIDDEN = Truth("ring's pages not in the dump", ("unreadable", "idle", "active"), (*CALM, "warn"),
               "swapped out, or unmapped by an IOMMU; vhost's own indices are there")

HOST = {
    **{(name, RX): HOST_STARVED for name in ("starved", "starved-more", "starved-full", "drained")},
    ("nokick", TX): LOST_KICK, ("chains", TX): LOST_KICK, ("broken", TX): LOST_OR_BAD,
    **{(name, TX): LOST_KICK for name in ("lost-event", "lost-flags", "lost-wrap", "lost-wrap-flags")},
    ("lost-rx", RX): LOST_KICK,
    ("bad-head", TX): HOST_CORRUPT, ("bad-index", TX): HOST_CORRUPT, ("head-later", TX): HOST_CORRUPT,
    ("used-ahead", TX): HOST_CORRUPT, ("used-behind", TX): HOST_CORRUPT,
    ("bad-address", TX): HOST_ERROR,
    **{("gone", vq): GONE for vq in (RX, TX)},
    **{(name, vq): DETACHED for name in ("mq2", "mid0") for vq in (RX, TX)},
    **{(name, vq): HIDDEN for name in ("swapped", "unmapped") for vq in (RX, TX)},
    ("held", TX): NOT_SERVED,
}
# The worker of older kernels goes round and round.
SPINNING = Truth("a packet too big for all buffers together", ("rx-starved", "active"), (*CALM, "warn"),
                 "up to 6.1 the worker never rests")
TOO_SMALL = Truth("a packet too big for all buffers together", ("rx-starved",), ("warn",),
                  "the worker sleeps until there are more buffers")


def of_host(scene: str, kernel: str, name: str, vq: int, backend) -> Truth:
    """Return the truth of a host's ring, by its vhost device's name in the scene and its backend, if any."""
    old = kernel in ("5.10", "6.1")
    if scene == "busy":
        return MOVING
    if name == "halted":
        return OWNER_ONLY if old else OWNER_STOPPED
    if (name, vq) == ("too-small", RX):
        return SPINNING if old else TOO_SMALL
    return HOST.get((name, vq), HEALTHY if backend else HOST_STOPPED)


def host_names() -> set:
    """Return the names of all vhost devices of the scenes of a whole host."""
    return {name for make in PROCESSES for name in make().vhosts}


def named(text: str, words) -> bool:
    """Does a reason name what is wrong, in one of these words?"""
    return any(re.search(rf"\b{re.escape(word)}", text, re.I) for word in words)
