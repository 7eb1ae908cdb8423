# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings that nobody can bring about with a real device: written into a copy of a core.

Each forgery changes one thing of one queue, at addresses that drgn tells, and says which
verdict must follow.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from lab import core, drgn

READER = Path(__file__).parent / "forge_reader.py"

NEXT, INDIRECT = 1, 4
DESC = struct.Struct("<QIHH")
PIECES = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}


class Place:
    """A queue in a core, to read and to change."""

    def __init__(self, where: dict, file: core.Core):
        self.where, self.file, self.num = where, file, where["size"]
        self.changed = False

    def _write(self, phys: int, data: bytes) -> None:
        self.changed |= self.file.read(phys, len(data)) != data
        self.file.write(phys, data)

    def _piece(self, phys: int, form: str, value=None):
        if value is not None:
            self._write(phys, struct.pack(form, value))
        return struct.unpack(form, self.file.read(phys, struct.calcsize(form)))[0]

    def member(self, name: str, value=None) -> int:
        """Return a member of the driver's structs, changed first where a value is given."""
        phys, size = self.where[name]
        return self._piece(phys, PIECES[size], value)

    def _word(self, part: str, offset: int, value=None) -> int:
        return self._piece(self.where[part][0] + offset, "<H", value)

    def avail_idx(self, value=None) -> int:
        return self._word("avail", 2, value)

    def used_idx(self, value=None) -> int:
        return self._word("used", 2, value)

    def avail_ring(self, index: int, head=None) -> int:
        return self._word("avail", 4 + 2 * (index % self.num), head)

    def used_ring(self, index: int, ident=None) -> int:
        return self._piece(self.where["used"][0] + 4 + 8 * (index % self.num), "<I", ident)

    def desc(self, index: int, table: int = None, **changed) -> dict:
        """Return a descriptor, of the ring or of the table at an address, changed first."""
        phys = (table or self.where["desc"][0]) + DESC.size * index
        names = ("addr", "len", "flags", "next")
        found = dict(zip(names, DESC.unpack(self.file.read(phys, DESC.size)), strict=True)) | changed
        self._write(phys, DESC.pack(*(found[name] for name in names)))
        return found

    def token(self, head: int, value=None) -> int:
        phys, size, offsets = self.where["tokens"]
        return self._piece(phys + size * head + offsets["data"], "<Q", value)

    def link(self, index: int, value=None) -> int:
        """Return the free list's link of a descriptor; kernels up to 5.10 keep it in the ring itself."""
        if "extra" not in self.where:
            return self.desc(index, **({} if value is None else {"next": value}))["next"]
        phys, size, offsets = self.where["extra"]
        return self._piece(phys + size * index + offsets["next"], "<H", value)

    def held(self, which: int = 0) -> int:
        """Return the head of a buffer that the device has."""
        return self.avail_ring(self.used_idx() + which)

    def free(self, which: int) -> int:
        """Return a descriptor on the free list, by its position."""
        index = self.member("free_head")
        assert self.member("num_free") > which, "not so many are free"
        for _ in range(which):
            index = self.link(index)
        return index


@dataclass(frozen=True)
class Forgery:
    """A change to one queue. words: one of them must be in what names the failed check."""

    what: str
    device: str   # of scenes_faults.NICS
    queue: str
    edit: object  # function(Place)
    words: tuple = ()
    states: tuple = ("corrupt",)
    severities: tuple = ("error",)


def _bad_head(p):
    p.avail_ring(p.avail_idx() - 1, 4711)


def _used_element(p, ident: int):
    """The device returns one more."""
    p.used_ring(p.used_idx(), ident)
    p.used_idx((p.used_idx() + 1) % 65536)


def _get(p, freed: bool):
    """A CPU is inside a get: the token is cleared, perhaps the descriptor free, last_used_idx not moved."""
    head = p.held()
    _used_element(p, head)
    p.token(head, 0)
    if freed:
        p.link(head, p.member("free_head"))
        p.member("free_head", head)
        p.member("num_free", p.member("num_free") + 1)


def _add(p, stored: bool, entered: bool):
    """A CPU is inside an add: the descriptor is taken, perhaps its token stored and its head entered."""
    head = p.free(0)
    p.desc(head, addr=0x100000, len=64, flags=0)
    p.member("free_head", p.link(head))
    p.member("num_free", p.member("num_free") - 1)
    if stored:
        p.token(head, 0xffff888000001000)
    if entered:
        p.avail_ring(p.avail_idx(), head)
        p.member("avail_idx_shadow", (p.avail_idx() + 1) % 65536)


def _table(p) -> int:
    found = p.desc(p.held(3))
    assert found["flags"] & INDIRECT, "no table"
    return found["addr"]


def _in_table(index: int, **changed):
    def edit(p):
        table = _table(p)
        if "flags" in changed:
            p.desc(index, table, flags=p.desc(index, table)["flags"] | changed["flags"])
        else:
            p.desc(index, table, **changed)
    return edit


def _chained(p, **changed):
    head = p.held(2)
    assert p.desc(head)["flags"] & NEXT, "no chain"
    p.desc(head, **changed)
    # Newer kernels go by their own copy of the link, which must not be wrong beside a ring that is right.
    if "next" in changed and "extra" in p.where:
        p.link(head, changed["next"])


def _stopped(p):
    """By the driver, ten seconds ago or more (a jiffy is 1 ms at least), and nobody started it again."""
    p.member("state", 1)
    p.member("trans_start", p.where["jiffies"] - 10_000)


def _member(name: str, change):
    def edit(p):
        p.member(name, change(p) % 65536)
    return edit


# What an interrupted CPU may leave for a moment is no fault.
CALM = {"states": ("idle", "active", "device-not-consuming", "driver-not-reaping"), "severities": ("ok", "info")}

# All on queues that have had traffic and that nothing is wrong with.
FORGERIES = (
    Forgery("bad head", "wide", "rx0", _bad_head, ("head", "avail")),
    Forgery("avail index jumped", "wide", "rx1", lambda p: p.avail_idx((p.avail_idx() + 3000) % 65536), ("avail",)),
    Forgery("used index ahead of avail", "wide", "tx0", lambda p: p.used_idx((p.avail_idx() + 10) % 65536), ("used",)),
    Forgery("used index far behind", "wide", "rx2", lambda p: p.used_idx((p.used_idx() - 1000) % 65536), ("used",)),
    Forgery("used id out of range", "wide", "rx3", lambda p: _used_element(p, 70000), ("id", "used")),
    Forgery("used id that nobody holds", "wide-chains", "rx3", lambda p: _used_element(p, p.free(0)), ("id", "used")),
    Forgery("loop in the free list", "wide", "tx1", lambda p: p.link(p.free(5), p.free(2)), ("free",)),
    Forgery("free list out of range", "wide", "tx2", lambda p: p.link(p.free(7), 1000), ("free",)),
    Forgery("free list leads to a buffer in flight", "wide-chains", "rx4", lambda p: p.link(p.free(1), p.held()),
            ("free",)),
    Forgery("num_free too small by 100", "wide", "tx3", _member("num_free", lambda p: p.member("num_free") - 100),
            ("free",)),
    Forgery("num_free beyond the ring", "wide", "tx4", _member("num_free", lambda p: 300), ("free",)),
    Forgery("free_head beyond the ring", "wide", "tx5", _member("free_head", lambda p: 5000), ("free",)),
    Forgery("last_used_idx ahead of used", "wide", "tx6", _member("last_used_idx", lambda p: p.used_idx() + 5),
            ("used",)),
    Forgery("shadow away from avail", "wide", "tx7", _member("avail_idx_shadow", lambda p: p.avail_idx() + 100),
            ("avail", "shadow")),
    Forgery("two buffers without token", "wide", "rx6", lambda p: [p.token(p.held(n), 0) for n in (3, 4)],
            ("token", "data", "desc_state")),
    Forgery("two tokens without buffer", "wide", "tx11",
            lambda p: [p.token(p.free(n), 0xffff888000001000) for n in (3, 4)], ("token", "data", "desc_state")),
    Forgery("ring size no power of two", "wide", "rx8", _member("num", lambda p: 300), ("num", "size")),
    Forgery("ring size zero", "wide", "rx9", _member("num", lambda p: 0), ("num", "size")),
    Forgery("broken", "wide", "tx8", lambda p: p.member("broken", 1), ("broken",), ("broken",)),
    Forgery("queue stopped with room", "wide", "tx9", _stopped, ("stop",), ("tx-stopped",), ("warn",)),
    Forgery("link beyond the ring", "wide-chains", "rx0", lambda p: _chained(p, next=300), ("next", "chain")),
    Forgery("chain that bites its tail", "wide-chains", "rx1", lambda p: _chained(p, next=p.held(2)),
            ("next", "chain", "loop")),
    Forgery("table without the feature", "wide-chains", "rx2", lambda p: _chained(p, flags=INDIRECT, len=32),
            ("indirect",)),
    Forgery("table of no length", "wide-tables", "rx0", lambda p: p.desc(p.held(3), len=0), ("indirect",)),
    Forgery("table of an odd length", "wide-tables", "rx1", lambda p: p.desc(p.held(3), len=33), ("indirect",)),
    Forgery("table of a huge length", "wide-tables", "rx2", lambda p: p.desc(p.held(3), len=1 << 21), ("indirect",)),
    Forgery("table in a table", "wide-tables", "rx3", _in_table(2, flags=INDIRECT), ("indirect", "nested")),
    Forgery("link beyond a table", "wide-tables", "rx4", _in_table(2, next=200), ("next", "indirect")),
    Forgery("caught in a get, token cleared", "wide", "rx12", lambda p: _get(p, False), **CALM),
    Forgery("caught in a get, descriptor freed", "wide", "rx13", lambda p: _get(p, True), **CALM),
    Forgery("caught in an add, descriptor taken", "wide", "tx12", lambda p: _add(p, False, False), **CALM),
    Forgery("caught in an add, token stored", "wide", "tx13", lambda p: _add(p, True, False), **CALM),
    Forgery("caught in an add, head entered", "wide", "tx14", lambda p: _add(p, True, True), **CALM),
)
# Parts of rings that are not in the dump: (device, queue, part).
HOLES = (("wide", "rx10", "avail"), ("wide", "tx10", "used"))


def where(kernel, path) -> dict:
    """Return {mac: {queue: places}} of a core."""
    return {device["mac"]: device["queues"] for device in drgn.Drgn().run(READER, path, kernel)}


def forge(kernel, path, out, mac_of) -> Path:
    """Make a core with all of FORGERIES and HOLES from that of scenes_faults.faults()."""
    places = where(kernel, path)
    pages = {places[mac_of(device)][queue][part][0] & ~0xFFF for device, queue, part in HOLES}
    core.punch(path, out, [(page, core.PAGE) for page in sorted(pages)])
    with core.Core(out, writable=True) as file:
        for forgery in FORGERIES:
            place = Place(places[mac_of(forgery.device)][forgery.queue], file)
            forgery.edit(place)
            assert place.changed, f"{forgery.what}: nothing has changed"
    return Path(out)
