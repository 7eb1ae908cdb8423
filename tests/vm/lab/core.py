# SPDX-License-Identifier: GPL-2.0-or-later
"""Surgery on ELF vmcores: physical memory in PT_LOAD segments, notes in one PT_NOTE.

Every core written here has the plain layout (program headers right behind the ELF header),
since some readers do not look where e_phoff points.
"""

import contextlib
import mmap
import os
import struct
import tempfile
from collections import namedtuple
from pathlib import Path

from . import store

PT_LOAD, PT_NOTE = 1, 4
EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
PHDR = struct.Struct("<IIQQQQQQ")
PAGE = 4096
CHUNK = 64 << 10

Segment = namedtuple("Segment", "phys length offset")

# q35 puts RAM at 0 up to here, or up to 2 GiB if it is bigger than this, and the rest at 4 GiB.
Q35_LOW_LIMIT = 0xB0000000


class Core:
    """An ELF vmcore open for reading, and for writing on request."""

    def __init__(self, path, writable: bool = False):
        self.path = Path(path)
        self.file = open(path, "r+b" if writable else "rb")
        header = EHDR.unpack(self.file.read(EHDR.size))
        if header[0][:6] != b"\x7fELF\x02\x01":
            raise store.LabError(f"{path} is no 64-bit little-endian ELF file")
        phoff, count = header[5], header[10]
        self.file.seek(phoff)
        self.segments, self.notes = [], b""
        for fields in PHDR.iter_unpack(self.file.read(PHDR.size * count)):
            kind, _, offset, _, phys, length, _, _ = fields
            if kind == PT_LOAD:
                self.segments.append(Segment(phys, length, offset))
            elif kind == PT_NOTE:
                self.file.seek(offset)
                self.notes = self.file.read(length)

    def __enter__(self) -> "Core":
        return self

    def __exit__(self, *_) -> None:
        self.file.close()

    def _seek(self, phys: int, length: int) -> None:
        for segment in self.segments:
            if segment.phys <= phys and phys + length <= segment.phys + segment.length:
                self.file.seek(segment.offset + phys - segment.phys)
                return
        raise KeyError(f"{self.path.name} has no {length} bytes at {phys:#x}")

    def read(self, phys: int, length: int) -> bytes:
        self._seek(phys, length)
        return self.file.read(length)

    def write(self, phys: int, data: bytes) -> None:
        self._seek(phys, len(data))
        self.file.write(data)


def read_phys(core, phys: int, length: int) -> bytes:
    """Read physical memory; KeyError if the core lacks any of it."""
    with Core(core) as source:
        return source.read(phys, length)


def write_phys(core, phys: int, data: bytes) -> None:
    """Scribble into a core in place: do it to a copy."""
    with Core(core, writable=True) as target:
        target.write(phys, data)


def copy(core, out) -> Path:
    """Copy a core to scribble in."""
    store.run(["cp", "--sparse=always", "--reflink=auto", core, out])
    return Path(out)


def punch(core_in, core_out, ranges) -> Path:
    """Copy a core without some physical ranges, (start, length) each: no segment covers them."""
    with Core(core_in) as source:
        segments = source.segments
        for start, length in ranges:
            segments = [part for seg in segments for part in _without(seg, start, start + length)]
        _write(core_out, source.notes, [(seg, source.file) for seg in segments])
    return Path(core_out)


def cut_off(core_in, core_out, ranges) -> Path:
    """Copy a core with these physical ranges behind all others, and cut the file where they begin.

    As a full disk leaves it: the program headers still claim what is gone.
    """
    with Core(core_in) as source:
        left, lost = source.segments, []
        for start, length in ranges:
            lost += [part for seg in left for part in _within(seg, start, start + length)]
            left = [part for seg in left for part in _without(seg, start, start + length)]
        places = _write(core_out, source.notes, [(seg, source.file) for seg in [*left, *lost]])
    os.truncate(core_out, places[len(left)])
    return Path(core_out)


def _within(segment: Segment, start: int, end: int):
    """Yield what of a segment lies from start up to end."""
    left, right = max(segment.phys, start), min(segment.phys + segment.length, end)
    if left < right:
        yield Segment(left, right - left, segment.offset + left - segment.phys)


def _without(segment: Segment, start: int, end: int):
    """Yield what remains of a segment without the addresses from start up to end."""
    seg_end = segment.phys + segment.length
    for left, right in ((segment.phys, min(seg_end, start)), (max(segment.phys, end), seg_end)):
        if left < right:
            yield Segment(left, right - left, segment.offset + left - segment.phys)


def filtered(core_in, core_out, level: int, *options, command=("makedumpfile",)) -> Path:
    """Copy a core through makedumpfile -d level, as production machines do it when they crash.

    command starts another one than this machine's.
    """
    out = Path(core_out)
    with tempfile.TemporaryDirectory(prefix="vring-filter-", dir=out.parent) as folder:
        # It looks for the program headers right behind the ELF header, where QEMU does not put them.
        plain = punch(core_in, Path(folder, "plain"), [])
        store.run([*command, *options, "-d", level, plain, out],
                  env={**os.environ, "TMPDIR": folder})
    return out


def wrap_ram(ram_file, out, template=None) -> Path:
    """Make a core of a copied RAM file of a q35 guest.

    The notes come from an earlier core of the same boot. Without one VMCOREINFO is sought
    in the memory itself and there are no registers: crash needs none for a standing guest.
    """
    with open(ram_file, "rb") as ram:
        size = Path(ram_file).stat().st_size
        if template:
            with Core(template) as source:
                notes = source.notes
        else:
            notes = _find_vmcoreinfo(ram)
        low = min(size, 2 << 30) if size >= Q35_LOW_LIMIT else size
        segments = [(Segment(0, low, 0), ram)]
        if size > low:
            segments.append((Segment(4 << 30, size - low, low), ram))
        _write(out, notes, segments)
    return Path(out)


def _find_vmcoreinfo(ram) -> bytes:
    """Return the note that the kernel keeps ready for a crash, in a page of its own."""
    with contextlib.closing(mmap.mmap(ram.fileno(), 0, prot=mmap.PROT_READ)) as memory:
        at = memory.find(b"VMCOREINFO\0\0OSRELEASE=")
        while at >= 0:
            start = at - 12
            namesz, descsz, _ = struct.unpack_from("<III", memory, start)
            if namesz == 11 and 0 < descsz <= PAGE:
                return memory[start:start + 24 + (descsz + 3 & ~3)]
            at = memory.find(b"VMCOREINFO\0\0OSRELEASE=", at + 1)
    raise store.LabError("no VMCOREINFO in this memory: the guest needs qemu_fw_cfg, or a template")


def _write(path, notes: bytes, parts) -> list:
    """Write a core of notes and (segment, file to take it from) pairs; zeros stay holes.

    Returns where in the file each segment begins.
    """
    offset = EHDR.size + PHDR.size * (len(parts) + 1)
    headers = [PHDR.pack(PT_NOTE, 0, offset, 0, 0, len(notes), len(notes), 0)]
    offset = -(-(offset + len(notes)) // PAGE) * PAGE
    places = []
    for segment, source in parts:
        size = segment.length
        headers.append(PHDR.pack(PT_LOAD, 7, offset, 0, segment.phys, size, size, 0))
        places.append((offset, segment, source))
        offset = -(-(offset + size) // PAGE) * PAGE
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    ehdr = EHDR.pack(ident, 4, 62, 1, 0, EHDR.size, 0, 0, EHDR.size, PHDR.size, len(headers), 64, 0, 0)
    with open(path, "wb") as out:
        out.write(ehdr + b"".join(headers) + notes)
        for place, segment, source in places:
            _copy_sparse(source, segment, out, place)
        out.truncate(offset)
    return [place for place, _, _ in places]


def _copy_sparse(source, segment: Segment, out, place: int) -> None:
    zeros = bytes(CHUNK)
    source.seek(segment.offset)
    for done in range(0, segment.length, CHUNK):
        data = source.read(min(CHUNK, segment.length - done))
        if data != zeros[:len(data)]:
            out.seek(place + done)
            out.write(data)
