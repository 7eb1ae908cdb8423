# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes BTF blobs: just what the seeds need."""

import re
import struct

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST = range(1, 11)
FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(12, 20)


class Btf:
    """A blob in the making; base is the one that a module's builds on."""

    def __init__(self, base=None):
        self.base = base
        self.first = base.first + base.count if base else 1
        self.string_start = base.string_start + len(base.strings) if base else 0
        self.strings = b"" if base else b"\0"
        self.types = b""
        self.count = 0
        self.known = {}

    def string(self, text: str) -> int:
        if not text:
            return 0
        data = text.encode() + b"\0"
        at = self.strings.find(b"\0" + data) + 1
        if at == 0:
            at = len(self.strings)
            self.strings += data
        return self.string_start + at

    def add(self, kind: int, name: str = "", size: int = 0, tail: bytes = b"", vlen: int = 0, flag: int = 0) -> int:
        """Add a type and return its id; size is the id that it refers to, for some kinds."""
        self.types += struct.pack("<III", self.string(name), flag << 31 | kind << 24 | vlen, size) + tail
        self.count += 1
        return self.first + self.count - 1

    def integer(self, size: int) -> int:
        key = f"int{size}"
        if key not in self.known:
            self.known[key] = self.add(INT, key, size, struct.pack("<I", size * 8))
        return self.known[key]

    def array(self, element: int, count: int) -> int:
        return self.add(ARRAY, tail=struct.pack("<III", element, self.integer(4), count))

    def composite(self, name: str, size: int, members, kind: int = STRUCT, flag: int = 0) -> int:
        """members: (name, type id, offset in bits)"""
        tail = b"".join(struct.pack("<III", self.string(member), kind_, bits) for member, kind_, bits in members)
        return self.add(kind, name, size, tail, len(members), flag)

    def blob(self) -> bytes:
        header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(self.types), len(self.types), len(self.strings))
        return header + self.types + self.strings


def from_layouts(paths, only=None) -> Btf:
    """BTF of the unit tests' layout files: lines 'type.member offset size C type'."""
    sizes, members = {}, {}
    for path in paths:
        for line in path.read_text().splitlines():
            if found := re.match(r"(\w+) size (\d+)", line):
                sizes[found[1]] = int(found[2])
            elif found := re.match(r"(\w+)\.(\w+) (\d+) (\d+) (.*)", line):
                members.setdefault(found[1], {})[found[2]] = (int(found[3]), int(found[4]), found[5])
    btf = Btf()
    ids = {}

    def define(name):
        if name not in ids:
            inner = [(member, kind_of(size, text), offset * 8)
                     for member, (offset, size, text) in members.get(name, {}).items()]
            ids[name] = btf.composite(name, sizes[name], inner)
        return ids[name]

    def kind_of(size, text):
        nested = re.fullmatch(r"struct (\w+)", text)
        if nested and nested[1] in sizes:
            return define(nested[1])
        if text.endswith("*"):
            return btf.add(PTR)
        if size in (1, 2, 4, 8):
            return btf.integer(size)
        return btf.array(btf.integer(1), size)

    for name in sizes:
        if only is None or name in only:
            define(name)
    return btf
