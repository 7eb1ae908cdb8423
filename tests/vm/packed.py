# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reader of packed rings: from QEMU's own addresses, over the bare core.

By chapter 2.8 of the virtio 1.2 specification. The ring does not hold everything: where the
driver is, and how many slots each of its buffers took, only the driver knows; drgn tells that.
"""

import struct
from dataclasses import dataclass, field

from lab import core

NEXT, WRITE, INDIRECT = 1, 2, 4
AVAIL, USED = 1 << 7, 1 << 15
ENABLE, DISABLE, DESC = range(3)


@dataclass(frozen=True)
class Desc:
    addr: int
    len: int
    id: int
    flags: int


@dataclass
class Buffer:
    """A buffer that the device holds."""

    id: int
    slots: list           # of its own, first to last; those that are still its own
    whole: bool           # nobody has written over any of them
    parts: list = field(default_factory=list)   # (place, in an indirect table?, Desc)


@dataclass
class Walk:
    """What lies between the driver's two positions."""

    returned: list        # ids of buffers that the driver has not reaped yet
    held: list            # Buffers, in the order of the ring; those without a slot of their own last
    device: tuple         # where the device writes next, and its wrap counter


def words(path, queue: dict) -> dict:
    """Return the ring and the two event areas, read at the addresses that QMP tells."""
    areas = {name: dict(zip(("off_wrap", "flags"), struct.unpack("<HH", core.read_phys(path, queue[place], 4)),
                            strict=True))
             for name, place in (("driver", "vring-avail"), ("device", "vring-used"))}
    return areas | {"ring": table(path, queue["vring-desc"], 16 * queue["vring-num"])}


def table(path, at: int, size: int) -> list:
    return [Desc(*fields) for fields in struct.iter_unpack("<QIHH", core.read_phys(path, at, size))]


def distance(num: int, start: tuple, end: tuple) -> int:
    """Return the steps between two positions: each is a slot and the wrap counter of its round."""
    return end[0] - start[0] + (0 if start[1] == end[1] else num)


def walk(path, ring: list, second: dict) -> Walk:
    """Go from where the driver reaps next to where it writes next, by drgn's word on both."""
    num, outstanding = len(ring), {int(ident): count for ident, count in second["outstanding"].items()}
    at = (second["last_used_idx"], second["used_wrap_counter"])
    end = (second["next_avail_idx"], second["avail_wrap_counter"])
    assert 0 <= distance(num, at, end) <= num, "the driver's positions make no sense"
    assert sum(outstanding.values()) <= num - second["num_free"] or second["in_order"]
    returned = []
    while distance(num, at, end) and _is_used(ring[at[0]], at[1]):
        ident = ring[at[0]].id
        returned.append(ident)
        at = _step(num, at, outstanding.pop(ident))
    slots = []
    here = at
    while distance(num, here, end):
        slots.append(here)
        here = _step(num, here, 1)
    return Walk(returned, _held(path, ring, slots, outstanding), at)


def _is_used(desc: Desc, wrap: int) -> bool:
    """2.8.1: used when both bits equal the wrap counter."""
    return bool(desc.flags & AVAIL) == bool(wrap) == bool(desc.flags & USED)


def _step(num: int, at: tuple, count: int) -> tuple:
    slot = at[0] + count
    return (slot - num, 1 - at[1]) if slot >= num else (slot, at[1])


def _held(path, ring: list, slots: list, outstanding: dict) -> list:
    """Find the buffers in slots that the device has not written over.

    A device that does not keep the order writes what it returns over the descriptors of others,
    and what it returned earlier stays behind. An id is the driver's to use again then: of two
    with one id the later one counts. Every descriptor has it in Linux, not just a buffer's last.
    """
    last = {ring[slot].id: n for n, (slot, _) in enumerate(slots)}
    found = []
    for ident, count in outstanding.items():
        end = last.get(ident, -1) + 1
        mine = slots[max(0, end - count):end]
        found.append((end, Buffer(ident, [slot for slot, _ in mine], len(mine) == count)))
        for slot, wrap in mine:
            flags = ring[slot].flags
            assert bool(flags & AVAIL) == bool(wrap) != bool(flags & USED), f"slot {slot} is not available"
            assert bool(flags & NEXT) == (slot != mine[-1][0]) and ring[slot].id == ident, f"slot {slot}"
    buffers = [buffer for end, buffer in sorted(found, key=lambda pair: (not pair[0], pair[0], pair[1].id))]
    for buffer in buffers:
        for slot in buffer.slots:
            buffer.parts.append((slot, False, ring[slot]))
            if ring[slot].flags & INDIRECT:
                inside = table(path, ring[slot].addr, ring[slot].len)
                buffer.parts += [(n, True, desc) for n, desc in enumerate(inside)]
    return buffers
