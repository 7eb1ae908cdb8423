# SPDX-License-Identifier: GPL-2.0-or-later
"""Does vring's JSON keep its contract, and does it agree with QEMU, with drgn and with memory?

Each function returns what is wrong, a line each, so that one run shows every disagreement.
"""

import re

import packed
import rings

HEX = "a string 0x..."


def _word(**members):
    return {"addr": HEX, **members}


EVENT = {"mode": str, "due": bool, "suppressed": bool, "event": int, "text": str}

# The interface of a guest's queue: name and type. Anything may be null.
CONTRACT = {
    "device": str, "netns": int, "net_device": HEX, "virtio_device": HEX, "virtio_name": str,
    "driver": str, "queue": str, "name": str, "index": int, "vring_virtqueue": HEX,
    "layout": str, "in_order": bool,
    "num": int, "num_free": int, "free_head": int, "num_added": int, "last_used_idx": int,
    "avail_idx_shadow": int, "avail_flags_shadow": int, "event": bool, "event_triggered": bool,
    "indirect": bool, "broken": bool, "weak_barriers": bool,
    "desc": _word(), "avail": _word(flags=int, idx=int, used_event=int),
    "used": _word(flags=int, idx=int, avail_event=int),
    "packed": {"desc": HEX, "driver": _word(off_wrap=int, flags=int), "device": _word(off_wrap=int, flags=int),
               "next_avail_idx": int, "avail_wrap_counter": int, "last_used_idx": int,
               "used_wrap_counter": int, "event_flags_shadow": int},
    "dma": {"desc": HEX, "avail": HEX, "used": HEX},
    "features": HEX, "feature_names": [str],
    "netdev_queue": {"state": int, "stopped": bool, "trans_start_age_ms": int, "qlen": int},
    "napi": {"state": int, "scheduled": bool, "disabled": bool},
    "carrier": bool, "up": bool, "in_use": bool, "callback": bool, "irq": {"number": int, "name": str},
    "in_flight": int, "device_pending": int, "driver_pending": int,
    "kick": EVENT, "interrupt": EVENT,
    "verdict": {"state": str, "severity": str, "reasons": [{"check": str, "text": str}]},
}
DOCUMENT = {"schema": str, "command": str, "side": str, "nodename": str, "release": str, "live": bool,
            "queues": [dict], "errors": [{"where": str, "what": str}]}

# Bits that QEMU 7.2 has, but no name for.
UNNAMED_BY_QEMU = {40: "RING_RESET"}


# ---- the contract -------------------------------------------------------------------------

def _shape(value, wanted, where: str) -> list:
    if value is None or wanted is dict:
        return []
    if wanted is HEX:
        good = isinstance(value, str) and re.fullmatch("0x[0-9a-f]+", value)
        return [] if good else [f"{where}: {value!r} is not {HEX}"]
    if isinstance(wanted, list):
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        return [w for n, item in enumerate(value) for w in _shape(item, wanted[0], f"{where}[{n}]")]
    if isinstance(wanted, dict):
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no object"]
        return [w for name in wanted for w in (
            _shape(value[name], wanted[name], f"{where}.{name}") if name in value else [f"{where}.{name}: missing"])]
    # In Python True is an int too.
    return [] if type(value) is wanted else [f"{where}: {value!r} is no {wanted.__name__}"]


def with_contract(document: dict) -> list:
    """Names and types of a whole document of vring."""
    wrong = _shape(document, DOCUMENT, "document")
    if document.get("schema") != "vring/1" or document.get("side") != "guest":
        wrong.append("not a vring/1 document of a guest")
    for queue in document.get("queues", []):
        wrong += _shape(queue, CONTRACT, f"{queue.get('device')} {queue.get('queue')}")
    return wrong


# ---- the second reader ------------------------------------------------------------------------

OF_DEVICE = ("device", "netns", "net_device", "virtnet_info", "virtio_device", "virtio_name", "driver",
             "features", "failed", "up", "carrier", "link_up", "refill_pending", "refill_enabled")
OF_QUEUE = ("queue", "name", "index", "vring_virtqueue", "layout", "in_order", "num", "num_free",
            "free_head", "num_added", "last_used_idx", "avail_idx_shadow", "avail_flags_shadow", "event",
            "event_triggered", "indirect", "broken", "weak_barriers", "in_use", "callback",
            "netdev_queue", "napi")
SHADOWS = ("avail_idx_shadow", "avail_flags_shadow")
WORDS = {"desc": "desc.addr", "avail": "avail.addr", "used": "used.addr",
         "avail_flags": "avail.flags", "avail_idx": "avail.idx", "used_event": "avail.used_event",
         "used_flags": "used.flags", "used_idx": "used.idx", "avail_event": "used.avail_event"}
PACKED = ("desc", "driver", "device", "next_avail_idx", "avail_wrap_counter", "last_used_idx", "used_wrap_counter",
          "event_flags_shadow")


# What only drgn tells, or what another test compares (test_irq.py).
ELSEWHERE = {"trans_start", "watchdog_timeo_ms", "tx_timeouts", "trans_timeout"}


def _plain(value):
    """Return a value so that "0x1f" and 31 are the same, whatever it is in."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name not in ELSEWHERE}
    if isinstance(value, str) and re.fullmatch("0x[0-9a-f]+", value):
        return int(value, 16)
    return value


def _at(queue: dict, path: str):
    for name in path.split("."):
        queue = queue[name]
    return queue


def _differences(queue: dict, pairs, who: str) -> list:
    """Compare (path in our JSON, the other's value) pairs."""
    where = f"{queue['device']} {queue['queue']}"
    wrong = []
    for path, theirs in pairs:
        ours = _at(queue, path)
        if type(_plain(ours)) is not type(_plain(theirs)) or _plain(ours) != _plain(theirs):
            wrong.append(f"{where} {path}: vring {ours!r}, {who} {theirs!r}")
    return wrong


def with_drgn(queue: dict, device: dict, second: dict) -> list:
    """Every value of a queue that the kernel's memory holds."""
    pairs = [(name, device[name]) for name in OF_DEVICE]
    return _differences(queue, pairs, "drgn") + queue_with_drgn(queue, second)


def queue_with_drgn(queue: dict, second: dict) -> list:
    """The same without what is the device's."""
    # A packed ring has no such shadows.
    pairs = [(name, second.get(name)) for name in OF_QUEUE if name in second or name in SHADOWS]
    if second["layout"] == "packed":
        pairs += [(name, None) for name in ("desc", "avail", "used")]
        for name in PACKED:
            inside = second[name] if isinstance(second[name], dict) else {"": second[name]}
            pairs += [(f"packed.{name}.{part}".rstrip("."), value) for part, value in inside.items()]
    else:
        pairs += [("packed", None), *((path, second[name]) for name, path in WORDS.items())]
    return _differences(queue, pairs, "drgn")


# ---- QEMU ------------------------------------------------------------------------------------------

def _feature_names(status: dict) -> set:
    told = status["guest-features"]
    names = {re.match(r"VIRTIO_(?:NET_|RING_)?F_(\w+):", line)[1]
             for line in (*told["dev-features"], *told["transports"])}
    unknown = told.get("unknown-dev-features", 0)
    return names | {UNNAMED_BY_QEMU.get(bit, f"bit {bit}") for bit in range(64) if unknown >> bit & 1}


def with_qemu(queue: dict, device: dict, second: dict, moved: bool = False) -> list:
    """All that x-query-virtio-queue-status and x-query-virtio-status know of a queue.

    moved: the rings have gone on since QEMU was asked, so only what does not move is compared.
    """
    label = rings.label(second["queue-index"], device["status"]["num-vqs"] - 1)
    wrong = _differences(queue, [("queue", label)], "QEMU")
    names = _feature_names(device["status"])
    if set(queue["feature_names"]) != names:
        wrong.append(f"{queue['device']} feature_names differ: {sorted(names ^ set(queue['feature_names']))}")
    return wrong + queue_with_qemu(queue, second, moved)


def queue_with_qemu(queue: dict, second: dict, moved: bool = False) -> list:
    """The same without what is the device's."""
    pairs = [("index", second["queue-index"]), ("num", second["vring-num"]), ("dma.desc", second["vring-desc"]),
             ("dma.avail", second["vring-avail"]), ("dma.used", second["vring-used"])]
    packed_ring = isinstance(queue["packed"], dict)
    if packed_ring and not moved:
        # A slot; QEMU keeps its wrap counters to itself.
        pairs.append(("packed.device_idx", second["used-idx"]))
    wrong = _differences(queue, pairs, "QEMU")
    return wrong if moved or packed_ring else wrong + _indices(queue, second)


def _indices(queue: dict, second: dict) -> list:
    wrong = _differences(queue, [("used.idx", second["used-idx"])], "QEMU")
    # What it has taken is what it has returned and what it has in hand.
    taken = (second["used-idx"] + second["inuse"]) % 65536
    left = (queue["avail"]["idx"] - second["last-avail-idx"]) % 65536
    if taken != second["last-avail-idx"] or left != queue["device_pending"] - second["inuse"]:
        wrong.append(f"{queue['device']} {queue['queue']}: device_pending {queue['device_pending']} with {second}")
    return wrong


# ---- memory -----------------------------------------------------------------------------------------

def with_memory(queue: dict, words: dict) -> list:
    """The shared words as rings.words() reads them, and what follows from them."""
    reaped = queue["last_used_idx"]
    pairs = [(path, words[name]) for name, path in WORDS.items() if name in words]
    pairs += [("in_flight", (words["avail_idx"] - reaped) % 65536),
              ("device_pending", (words["avail_idx"] - words["used_idx"]) % 65536),
              ("driver_pending", (words["used_idx"] - reaped) % 65536)]
    return _differences(queue, pairs, "memory")


def with_walk(queue: dict, second: dict, words: dict, found: packed.Walk) -> list:
    """A packed ring's words as packed.words() reads them, and what packed.walk() makes of it."""
    pairs = [(f"packed.{area}.{part}", words[area][part]) for area in ("driver", "device")
             for part in ("off_wrap", "flags")]
    pairs += [("packed.device_idx", found.device[0]), ("packed.device_wrap_counter", found.device[1]),
              ("in_flight", len(second["outstanding"])), ("device_pending", len(found.held)),
              ("driver_pending", len(found.returned))]
    return _differences(queue, pairs, "the descriptors")


# ---- chains -----------------------------------------------------------------------------------------

OVERWRITTEN = "descriptors overwritten by the return of other buffers"
FLAGS = {"next": packed.NEXT, "write": packed.WRITE, "indirect": packed.INDIRECT}


def chains_with_walk(queue: dict, found: packed.Walk) -> list:
    """vring -d of a packed ring: each buffer that the device holds, in the order of the ring."""
    theirs = [{
        "id": buffer.id, "stop": "end" if buffer.whole else OVERWRITTEN,
        "head": buffer.slots[0] if buffer.slots else None,
        "desc": [(place, inside, desc.addr, desc.len, desc.flags) for place, inside, desc in buffer.parts],
    } for buffer in found.held]
    ours = [{
        "id": chain["id"], "stop": chain["stop"], "head": chain["head"],
        "desc": [tuple(part[name] for name in ("index", "indirect", "addr", "len", "flags"))
                 for part in map(_numbers, chain["desc"])],
    } for chain in queue["chains"]]
    return _chain_differences(queue, ours, theirs)


def chains_with_qemu(queue: dict, second: dict, words: dict) -> list:
    """The same of a split ring, by QEMU's reading of each element: it tells no descriptor's place."""
    theirs = []
    for index, descs in second["elements"].items():
        parts = [(part["addr"], part["len"], sum(FLAGS[flag] for flag in part["flags"])) for part in descs]
        # QEMU tells the last one first.
        theirs.append({"head": words["avail_ring"][int(index) % words["num"]], "stop": "end", "desc": parts[::-1]})
    ours = [{
        "head": chain["head"], "stop": chain["stop"],
        "desc": [(part["addr"], part["len"], part["flags"]) for part in map(_numbers, chain["desc"])
                 if not part["flags"] & packed.INDIRECT],
    } for chain in queue["chains"]]
    return _chain_differences(queue, ours, sorted(theirs, key=lambda chain: chain["head"]))


def _numbers(part: dict) -> dict:
    return {name: _plain(value) for name, value in part.items()}


def _chain_differences(queue: dict, ours: list, theirs: list) -> list:
    where = f"{queue['device']} {queue['queue']}"
    if len(ours) != len(theirs):
        return [f"{where}: {len(ours)} chains, where there are {len(theirs)}"]
    return [f"{where} chain {n}: vring {a}, in truth {b}"
            for n, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]


# ---- text -------------------------------------------------------------------------------------------

EVENT_WORDS = {packed.ENABLE: "on", packed.DISABLE: "off"}


def _event_cell(area: dict):
    return EVENT_WORDS.get(area["flags"], area["off_wrap"] & 0x7FFF)


def with_table(queue: dict, row: dict) -> list:
    """A line of the text table."""
    paths = {"num": "num", "num_free": "num_free", "last_used_idx": "last_used_idx", "in_flight": "in_flight",
             "device_pending": "device_pending", "driver_pending": "driver_pending", "address": "vring_virtqueue"}
    split = {"avail_idx": "avail.idx", "used_idx": "used.idx", "used_event": "avail.used_event",
             "avail_event": "used.avail_event"}
    if queue["layout"] == "packed":
        words = queue["packed"]
        cells = {"avail_idx": words["next_avail_idx"], "used_idx": words["device_idx"],
                 "used_event": _event_cell(words["driver"]), "avail_event": _event_cell(words["device"])}
        if {name: row[name] for name in cells} != cells or "packed" not in row["note"]:
            return [f"{queue['device']} {queue['queue']}: {cells} in the table are {row}"]
    else:
        paths |= split
    wrong = _differences(queue, [(path, row[column]) for column, path in paths.items()], "the table")
    if queue["in_use"] == ("not in use" in row["note"]):
        wrong.append(f"{queue['device']} {queue['queue']}: in_use {queue['in_use']}, the table says {row['note']!r}")
    return wrong
