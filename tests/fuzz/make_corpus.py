#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the fuzzers' seeds: make_corpus.py FOLDER. The same bytes every time."""

import json
import random
import struct
import sys
from pathlib import Path

import btf_builder as b

LAYOUTS = Path(__file__).parents[1] / "unit/layouts"
ERAS = {"3.10": ["hand-common", "hand-3.10"], "4.9": ["hand-common", "hand-4.9"],
        "5.15": ["hand-common", "hand-5.15"], "7.1": ["hand-common", "hand-7.1"]}


def pair(base: bytes, module: bytes = b"") -> bytes:
    """An input of fuzz_btf."""
    return struct.pack("<I", len(base)) + base + module


def nesting() -> b.Btf:
    """Every kind of type, anonymous members, bit fields, arrays of arrays."""
    btf = b.Btf()
    word, byte = btf.integer(4), btf.integer(1)
    const = btf.add(b.CONST, size=btf.add(b.VOLATILE, size=btf.add(b.TYPEDEF, "u32", word)))
    deep = btf.composite("", 4, [("deep", const, 0), ("", word, 0)])
    union = btf.composite("", 8, [("", deep, 0), ("other", byte, 0)], b.UNION)
    d = btf.composite("d_holder", 4, [("d", word, 0)])
    c = btf.composite("c_holder", 8, [("c", d, 32)])
    a = btf.composite("a_holder", 16, [("b", btf.add(b.TYPEDEF, "c_t", c), 64)])
    rows = btf.array(btf.array(btf.integer(2), 3), 5)
    btf.composite("outer", 128, [("first", word, 0), ("", union, 64), ("a", a, 128), ("array", rows, 256),
                                 ("self", btf.first + btf.count, 512)])
    btf.composite("outer", 8, [("bits", word, 3 << 24 | 5), ("whole", word, 32)], flag=1)
    btf.add(b.ENUM, "e", 4, struct.pack("<II", 0, 1), 1)
    btf.add(b.ENUM64, "e64", 8, struct.pack("<III", 0, 1, 0), 1)
    btf.add(b.FWD, "outer")
    btf.add(b.FUNC, "f", btf.add(b.FUNC_PROTO, size=word, tail=struct.pack("<II", 0, word), vlen=1))
    btf.add(b.VAR, "v", word, struct.pack("<I", 1))
    btf.add(b.DATASEC, ".data", 4, struct.pack("<III", word, 0, 4), 1)
    btf.add(b.FLOAT, "double", 8)
    btf.add(b.TYPE_TAG, "user", btf.add(b.DECL_TAG, "tag", word, struct.pack("<I", 0)))
    return btf


def with_list() -> bytes:
    """The kernel's list of its modules' BTF is read with the kernel's own types."""
    base = nesting()
    word = base.integer(8)
    base.composite("btf_module", 32, [("btf", word, 0), ("module", word, 64), ("list", word, 128)])
    base.composite("btf", 80, [("data", word, 0), ("data_size", base.integer(4), 64), ("name", word, 512)])
    module = b.Btf(base)
    module.composite("vring_virtqueue", 64, [("event", base.known["int1"], 8)])
    blob = base.blob()
    return struct.pack("<I", len(blob) | 1 << 31) + blob + module.blob()


def bomb(width: int) -> b.Btf:
    """A struct whose anonymous members are itself: endless for who does not count."""
    btf = b.Btf()
    btf.composite("outer", 8, [("", 1, 0)] * width)
    return btf


def circles() -> b.Btf:
    """Typedefs in a circle, an array of itself, and a struct that is its own member."""
    btf = b.Btf()
    btf.add(b.TYPEDEF, "one", 2)
    btf.add(b.CONST, size=1)
    btf.add(b.ARRAY, tail=struct.pack("<III", 3, 3, 0xFFFFFFFF))
    btf.composite("outer", 4, [("deep", 1, 0), ("array", 3, 0), ("self", 4, 8)])
    return btf


def same_names(count: int) -> b.Btf:
    """Many structs of one name, none with the member asked for."""
    btf = b.Btf()
    for _ in range(count):
        btf.composite("net_device", 8, [("", 1, 0)] * 3)
    return btf


def btf_seeds():
    for name, files in ERAS.items():
        yield f"era-{name}", pair(b.from_layouts([LAYOUTS / f"{file}.layout" for file in files]).blob())
    base = nesting()
    module = b.Btf(base)
    module.composite("vring_virtqueue", 64, [("split", base.first + 5, 64), ("event", base.known["int1"], 8)])
    yield "nesting", pair(base.blob())
    yield "split", pair(base.blob(), module.blob())
    yield "split-alone", pair(b"", module.blob())
    yield "bomb", pair(bomb(200).blob())
    yield "circles", pair(circles().blob())
    yield "same-names", pair(same_names(500).blob())
    yield "module-in-dump", with_list()
    blob = bytearray(base.blob())
    for offset, value in ((4, 0xFFFFFFFF), (8, 0xFFFFFFF0), (12, 0x7FFFFFFC), (16, 0xFFFFFFFF), (20, 0)):
        bad = blob[:]
        struct.pack_into("<I", bad, offset, value)
        yield f"header-{offset}", pair(bytes(bad))
    yield "cut", pair(bytes(blob[:-1]))
    yield "empty", pair(b"")


# Operands of stage.c's operations on memory, by number.
OPERANDS = [0, 2, 1, 3, 8, 5, 3]
LATER = 0xf3


def operations(rng, count, what=None):
    """Changes to a system that was built soundly."""
    out = b""
    for _ in range(count):
        n = rng.randrange(len(OPERANDS)) if what is None else what
        out += bytes([n + 8 * rng.randrange(28)]) + rng.randbytes(2 + OPERANDS[n])
    return out


def layout_change(rng):
    return bytes([0xe0 + rng.randrange(4)]) + rng.randbytes(2 + 4)


def system_seeds(kinds, lines, flags, seed):
    """Which system, the command line, operations: the sound ones, then each kind of damage."""
    rng = random.Random(seed)
    for kind in range(kinds):
        for line in lines:
            yield f"sound-{kind}-{line}", bytes([kind, line, 0])
        for flag in flags:
            yield f"sound-{kind}-flag-{flag:x}", bytes([kind]) + struct.pack("<H", flag)
        for what in range(len(OPERANDS)):
            how = rng.choice(lines) | rng.choice([0, 0x10, 0x20, 0x30])
            yield f"damage-{kind}-{what}", bytes([kind, how & 0xff, how >> 8]) + operations(rng, 6, what)
        yield f"layout-{kind}", bytes([kind, 0x30, 0]) + layout_change(rng)
        yield f"live-{kind}", bytes([kind, 0x80, 0, LATER, 40]) + operations(rng, 3) + bytes([LATER, 40]) + operations(rng, 3)


def guest_seeds():
    yield from system_seeds(11, range(16), (0x30, 0x70, 0x80, 0x100, 0x130, 0x200, 0x700, 0x7800), 1)


def host_seeds():
    yield from system_seeds(4, range(16), (0x10, 0x20, 0x21, 0x40, 0x80, 0x100, 0x200, 0x600), 3)


def ring_seeds():
    """Layout era, kind and size, how it is read, first index, steps, damage."""
    rng = random.Random(4)
    steps = [0, 0, 8, 3, 11, 16, 4, 5, 12, 6, 6, 7]
    for era in range(7):
        for kind in range(4):
            for size in (1, 3, 4, 5):
                head = bytes([era, kind | size << 3, rng.choice((0, 1, 2, 4, 8, 0x1f)), rng.randrange(256)])
                n = rng.randrange(4, 50)
                sound = head + bytes([n]) + bytes(rng.choice(steps) for _ in range(n))
                yield f"sound-{era}-{kind}-{size}", sound
                if size > 3:
                    yield f"damage-{era}-{kind}-{size}", sound + rng.randbytes(rng.randrange(8, 40))


def snapshot_seeds():
    rng = random.Random(5)
    for how in range(32):
        for part in {1: (255,), 2: (0,)}.get(how & 3, (60, 128)):
            yield f"any-{how}-{part}", bytes([how, part]) + rng.randbytes(rng.choice((300, 1200, 2500)))


def soup_seeds():
    rng = random.Random(2)
    for which in (0, 1, 2, 3, 4, 0x41, 0x42, 0x44):
        for scarcity in (0, 5):
            yield f"soup-{which}-{scarcity}", bytes([which, rng.randrange(256), 0, scarcity]) + rng.randbytes(1500)


def json_guest(**change):
    """A guest's queues as they fit the fuzzer's host."""
    queues = []
    for i, label in enumerate(("rx0", "tx0", "ctrl")):
        address = [f"0x{0x1000 * n + 0x4000 * i:x}" for n in (1, 2, 3)]
        queues.append({"device": "eth0", "netns": 1, "net_device": "0x1", "virtio_device": "0x2", "type": "net",
                       "queue": label, "layout": "split", "num": 256, "num_free": 2, "num_added": 0,
                       "last_used_idx": 10, "avail_flags_shadow": 0, "event": True, "broken": False,
                       "callback": i < 2, "in_use": True, "features": "0x120000000",
                       "avail": {"flags": 0, "idx": 12, "used_event": 10},
                       "used": {"flags": 0, "idx": 11, "avail_event": 11},
                       "dma": dict(zip(("desc", "avail", "used"), address)),
                       "napi": {"addr": "0x9", "scheduled": False}, "in_flight": 2, "device_pending": 1,
                       "driver_pending": 1, "verdict": {"state": "active", "severity": "ok"}, **change})
    return document("vring", queues)


def json_host(**change):
    queues = []
    for i, label in enumerate(("rx0", "tx0")):
        address = [f"0x{0x1000 * n + 0x4000 * i:x}" for n in (1, 2, 3)]
        queues.append({"device": "tap0", "queue": label, "vq": i, "net_device": "0x1", "vhost_net": "0x2",
                       "vhost_dev": "0x3", "owner": {"pid": 7, "comm": "q\x1bemu", "mm": "0x4", "state": "S"},
                       "worker": {"pid": 8, "state": "S"}, "num": 256, "last_avail_idx": 11, "avail_idx": 12,
                       "last_used_idx": 11, "used_flags": 0, "signalled_used": 11,
                       "signalled_used_valid": True, "acked_features": "0x100000000",
                       "kick": {"eventfd_count": 1}, "call": {"eventfd_count": 1}, "rxq": {"head": 0, "tail": 2},
                       "kick_poll": {"addr": "0x5", "wqh": "0x6", "queued": False}, "backend_poll": None,
                       "tx_ring": {"size": 1000, "used": 3},
                       "ring": {"readable": True, "avail": {"flags": 0, "idx": 12, "used_event": 10},
                                "used": {"flags": 0, "idx": 11, "avail_event": 11}},
                       "dma": dict(zip(("desc", "avail", "used"), address)), "iova": None,
                       "verdict": {"state": "active", "severity": "ok"}, **change})
    return document("vhostq", queues)


def document(command, queues):
    return json.dumps({"schema": "vring/1", "command": command, "nodename": "n\u00e9", "release": "6.1",
                       "queues": queues, "errors": []}, separators=(",", ":")).encode()


def json_seeds():
    for name, seed in (("guest", json_guest), ("host", json_host)):
        yield f"{name}-sound", seed()
        yield f"{name}-label", seed(queue="t\x00x\n\"")
        yield f"{name}-huge", seed(num=2 ** 64, last_used_idx=2 ** 64 - 1)
        yield f"{name}-empty", seed(verdict=None, dma=None, device=None)
        yield f"{name}-cut", seed()[:-40]
    yield "guest-packed", json_guest(layout="packed", packed={"next_avail_idx": 3})
    yield "host-iova", json_host(iova={"desc": "0x1"}, dma=None)
    # Where a lenient reader loses whose value it is.
    yield "colons", b'{"a":[]:"b"}'
    yield "deep", b'{"a":' + b"[" * 100


def main() -> int:
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} FOLDER", file=sys.stderr)
        return 2
    for kind, seeds in (("btf", btf_seeds()), ("guest", guest_seeds()), ("host", host_seeds()),
                        ("json", json_seeds()), ("ring", ring_seeds()), ("snapshot", snapshot_seeds()),
                        ("soup", soup_seeds())):
        folder = Path(sys.argv[1]) / kind
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds:
            (folder / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
