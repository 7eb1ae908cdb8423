# SPDX-License-Identifier: GPL-2.0-or-later
"""Surgery on dumps in kdump's compressed format, as makedumpfile -c writes them.

A header, a sub-header, two bitmaps (which pages exist, which of these are in the file), then a descriptor
for each page in the file, in the order of the pages, and then their data.
"""

import struct
from pathlib import Path

from . import store

# status, block_size, sub_hdr_size, bitmap_blocks: behind signature, version, utsname and a timeval.
FIELDS, FIELDS_AT = struct.Struct("<IiiI"), 424
DESCRIPTOR = struct.Struct("<qIIQ")
INCOMPLETE = 0x8  # of status: the disk was full
PAGE = 4096


class _Layout:
    """Where in the file the parts are."""

    def __init__(self, file):
        file.seek(0)
        if file.read(8) != b"KDUMP   ":
            raise store.LabError("this is no compressed kdump")
        file.seek(FIELDS_AT)
        self.status, self.block, sub_blocks, bitmap_blocks = FIELDS.unpack(file.read(FIELDS.size))
        size = bitmap_blocks * self.block
        # The second half says which pages are in the file.
        file.seek(self.block * (1 + sub_blocks) + size // 2)
        self.dumped = file.read(size // 2)
        self.descriptors = self.block * (1 + sub_blocks) + size

    def has(self, page: int) -> bool:
        byte, bit = divmod(page, 8)
        return bool(self.dumped[byte] >> bit & 1)

    def descriptor(self, page: int) -> int:
        """Return where the descriptor of a page is."""
        byte, bit = divmod(page, 8)
        if not self.has(page):
            raise KeyError(f"page {page:#x} is not in the dump")
        before = int.from_bytes(self.dumped[:byte], "little").bit_count()
        return self.descriptors + DESCRIPTOR.size * (
            before + (self.dumped[byte] & (1 << bit) - 1).bit_count())


def left_out(path, addresses) -> list:
    """Return those of physical addresses whose pages a dump does not have."""
    with open(path, "rb") as file:
        layout = _Layout(file)
    return [address for address in addresses if not layout.has(address // PAGE)]


def lose(path, out, addresses, incomplete: bool) -> Path:
    """Copy a dump that lacks the pages of these physical addresses.

    incomplete: as makedumpfile leaves it when the disk is full, with descriptors that are empty and the
    header's word for it. Otherwise as a copy that was cut: the descriptors lead behind the file's end.
    """
    store.run(["cp", "--sparse=always", "--reflink=auto", path, out])
    end = -(-Path(out).stat().st_size // PAGE) * PAGE
    with open(out, "r+b") as file:
        layout = _Layout(file)
        for page in sorted({address // PAGE for address in addresses}):
            at = layout.descriptor(page)
            file.seek(at)
            _, size, flags, more = DESCRIPTOR.unpack(file.read(DESCRIPTOR.size))
            file.seek(at)
            file.write(bytes(DESCRIPTOR.size) if incomplete else DESCRIPTOR.pack(end, size, flags, more))
        if incomplete:
            file.seek(FIELDS_AT)
            file.write(struct.pack("<I", layout.status | INCOMPLETE))
    return Path(out)
