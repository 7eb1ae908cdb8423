# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections of ELF files, and what a vmcore says of its kernel's place in memory."""

import re
import struct

from lab import core

# Where x86_64 links its kernel to; VMCOREINFO's phys_base is added.
KERNEL_MAP = 0xFFFFFFFF80000000


def _headers(file) -> dict:
    """{name: (place of the section's header, offset, size)}"""
    header = struct.unpack("<16sHHIQQQIHHHHHH", file.read(64))
    table, size, count, names = header[6], *header[11:14]
    file.seek(table)
    entries = [struct.unpack("<IIQQQQ", file.read(size)[:40]) for _ in range(count)]
    file.seek(entries[names][4])
    strings = file.read(entries[names][5])
    return {strings[entry[0]:].partition(b"\0")[0].decode(): (table + number * size, entry[4], entry[5])
            for number, entry in enumerate(entries)}


def section(path, name: str) -> bytes:
    """Return the contents of a section."""
    with open(path, "rb") as file:
        _, offset, size = _headers(file)[name]
        file.seek(offset)
        return file.read(size)


def hide(path, name: str) -> None:
    """Take a section's name away, in place: nobody finds it then."""
    with open(path, "r+b") as file:
        file.seek(_headers(file)[name][0])
        file.write(bytes(4))


def kernel_phys(path, address: int) -> int:
    """Return the physical address of something in the kernel's image."""
    with core.Core(path) as dump:
        base = re.search(rb"NUMBER\(phys_base\)=(-?\d+)", dump.notes)
    return address - KERNEL_MAP + int(base[1])


def find_all(path, data: bytes) -> list:
    """Return every physical address at which these bytes begin in a core."""
    found = []
    with core.Core(path) as dump:
        for segment in dump.segments:
            memory = dump.read(segment.phys, segment.length)
            at = memory.find(data)
            while at >= 0:
                found.append(segment.phys + at)
                at = memory.find(data, at + 1)
    return found
