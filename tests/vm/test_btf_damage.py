# SPDX-License-Identifier: GPL-2.0-or-later
"""BTF that is missing from a dump, or scribbled over: another source, or a clear line; never a wrong value."""

import random
import re
import struct

import elf_sections
import pytest
import screens
from lab import core, store

VERSION = "9.0.2"
COMMANDS = ["vring -l", "vring", "vring eth0 tx1"]
PAGE = 4096
HEADER = struct.Struct("<HBBIIIII")
# Generous: by DWARF, and with the machine's other users. What hangs is over it by far.
LIMIT = 90


class Blob:
    """The dump's own BTF of vmlinux: where it lies, and its sections' offsets."""

    def __init__(self, path, start: int, stop: int):
        self.phys = elf_sections.kernel_phys(path, start)
        self.data = core.read_phys(path, self.phys, stop - start)
        magic, _, _, length, types, self.types_len, strings, self.strings_len = HEADER.unpack_from(self.data)
        assert magic == 0xEB9F, "this is not the BTF"
        self.types, self.strings = length + types, length + strings

    def page_of(self, offset: int) -> int:
        """The offset at which the page begins that holds an offset of the blob."""
        return (self.phys + offset & ~(PAGE - 1)) - self.phys


@pytest.fixture(scope="module")
def run(crash, busy_tap, vring_so):
    """run(core) -> outputs of COMMANDS"""
    def get(path, vmlinux=busy_tap.kernel.vmlinux, commands=COMMANDS, **more):
        result = crash(VERSION).run(path, vmlinux, commands, minimal=True, so=vring_so, timeout=LIMIT, **more)
        assert result.returncode == 0 and len(result.outputs) == len(commands), result.stdout + result.stderr
        return result.outputs
    return get


@pytest.fixture(scope="module")
def whole(run, busy_tap):
    """What is printed when nothing is damaged."""
    outputs = run(busy_tap.core)
    assert len(screens.table(outputs[1])) == 9
    return outputs


@pytest.fixture(scope="module")
def blob(run, busy_tap):
    outputs = run(busy_tap.core, commands=["sym __start_BTF", "sym __stop_BTF"])
    return Blob(busy_tap.core, *(int(text.split()[0], 16) for text in outputs))


@pytest.fixture(scope="module")
def without_btf(busy_tap, make_dump):
    """vmlinux without its section .BTF, and no module near it."""
    def build(folder):
        # (objcopy refuses: there are symbols in that section.)
        store.run(["cp", "--sparse=always", busy_tap.kernel.vmlinux.resolve(), folder / "vmlinux"])
        elf_sections.hide(folder / "vmlinux", ".BTF")
    return make_dump("vmlinux-6.1-without-btf", build) / "vmlinux"


@pytest.fixture
def damaged(busy_tap, scratch):
    """damaged([(physical address, bytes), ...]) -> a core with these written over it"""
    def get(places):
        path = core.copy(busy_tap.core, scratch / "core")
        for phys, data in places:
            core.write_phys(path, phys, data)
        return path
    return get


def places(text: str) -> dict:
    return {name: row[:2] for name, row in screens.layout(text).items()}


def check_same(outputs: list, whole: list, sources: dict) -> None:
    """The same values, from the sources named ({module: source})."""
    assert outputs[1:] == whole[1:]
    assert places(outputs[0]) == places(whole[0])
    for name, (_, _, source, module) in screens.layout(outputs[0]).items():
        assert source == sources.get(module, "BTF"), name


@pytest.mark.parametrize("offset", [0, 1 << 20, 3 << 20], ids=["header", "types", "strings"])
def test_missing_page(run, whole, blob, busy_tap, scratch, offset):
    """vmlinux's own section is next; the modules' BTF in the dump is built on it and still used."""
    page = blob.phys + blob.page_of(offset)
    outputs = run(core.punch(busy_tap.core, scratch / "core", [(page, PAGE)]))
    check_same(outputs, whole, {"vmlinux": "BTF file"})
    assert re.search(r"^BTF of vmlinux: pages are missing from the dump$", outputs[0], re.M)
    named = screens.files(outputs[0])
    assert named["BTF file", "vmlinux"] == str(busy_tap.kernel.vmlinux)
    assert named["BTF", "virtio_net"] == "the dump itself"


def test_missing_everywhere(run, whole, blob, busy_tap, scratch, without_btf):
    """Neither in the dump nor in the file: DWARF, and then for the modules too."""
    holed = core.punch(busy_tap.core, scratch / "core", [(blob.phys & ~(PAGE - 1), PAGE)])
    outputs = run(holed, without_btf, extra=["--mod", str(busy_tap.kernel.debugmods)])
    check_same(outputs, whole, dict.fromkeys(["vmlinux", "virtio", "virtio_ring", "virtio_net"], "DWARF"))
    assert "BTF of vmlinux: pages are missing from the dump" in outputs[0]
    named = screens.files(outputs[0])
    assert named["DWARF", "vmlinux"] == str(without_btf)
    assert named["DWARF", "virtio_net"].startswith(str(busy_tap.kernel.debugmods))
    assert named["DWARF", "virtio_net"].endswith("/virtio_net.ko")


def test_user_names_a_file(run, whole, blob, busy_tap, scratch, without_btf):
    """-t with raw BTF, with an ELF file that has it, and with a folder of raw files."""
    holed = core.punch(busy_tap.core, scratch / "core", [(blob.phys & ~(PAGE - 1), PAGE)])
    folder = scratch / "btf"
    folder.mkdir()
    (folder / "vmlinux").write_bytes(elf_sections.section(busy_tap.kernel.vmlinux, ".BTF"))
    for source in (folder / "vmlinux", busy_tap.kernel.vmlinux, folder):
        commands = [f"vring -t {source} -l", *COMMANDS[1:]]
        outputs = run(holed, without_btf, commands)
        check_same(outputs, whole, {"vmlinux": "BTF file"})
        file = folder / "vmlinux" if source == folder else source
        assert screens.files(outputs[0])["BTF file", "vmlinux"] == str(file)


def test_missing_module_btf(run, whole, busy_tap, scratch):
    """All copies of virtio_ring's BTF: its DWARF, and the other modules' BTF."""
    file = next(busy_tap.kernel.moddir.glob("**/virtio_ring.ko"))
    data = elf_sections.section(file, ".BTF")
    copies = elf_sections.find_all(busy_tap.core, data[:512])
    assert copies
    outputs = run(core.punch(busy_tap.core, scratch / "core", [(at & ~(PAGE - 1), PAGE) for at in copies]))
    assert outputs[1:] == whole[1:] and places(outputs[0]) == places(whole[0])
    sources = {module: source for _, _, source, module in screens.layout(outputs[0]).values()}
    assert sources["virtio_ring"] == "DWARF" and sources["vmlinux"] == sources["virtio"] == "BTF"
    assert "BTF of virtio_ring: pages are missing from the dump" in outputs[0]


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


# What is written where in the header: each makes the whole of it useless. (tests/fuzz tries more.)
HEADERS = {
    "magic": (0, b"\0\0"), "hdr_len": (4, b"\xff\xff\xff\xff"), "type_off": (8, b"\xf0\xff\xff\xff"),
    "type_len": (12, b"\xfc\xff\xff\x7f"), "str_len": (20, b"\xff\xff\xff\xff"), "str_len-0": (20, bytes(4)),
    "noise": (0, noise(24)),
}


@pytest.mark.parametrize("name", HEADERS)
def test_damaged_header(run, whole, blob, damaged, name):
    offset, data = HEADERS[name]
    outputs = run(damaged([(blob.phys + offset, data)]))
    check_same(outputs, whole, {"vmlinux": "BTF file"})
    assert re.search(r"^BTF of vmlinux: \w", outputs[0], re.M)


NOT_KNOWN = (r"^(?:(?:struct )?\S+: this kernel's types have it under no name that vring knows|"
             r"\S+: this kernel has no constant of this name); not known without it: .+$")


def check_partial(text: str, sound: str) -> None:
    """Some of what is printed of a sound dump, nothing else, and what is not known by name."""
    lines = text.splitlines()
    told = [line for line in lines if re.match(NOT_KNOWN, line) or re.search(r"cannot read \d+ bytes at \w+$", line)]
    assert told, text
    shown = [line for line in lines if line not in told and not line.startswith("vring: ")]
    made_up = {word for line in shown for word in line.split()} - {*sound.split(), "-"}
    assert not made_up, text


def check_honest(outputs: list, whole: list) -> None:
    """The same values by whatever source, or a line that says what is not known."""
    if outputs[1:] == whole[1:]:
        assert places(outputs[0]) == places(whole[0])
        return
    listing, *others = outputs
    if not listing.startswith("vring: "):
        for text, sound in zip(others, whole[1:]):
            check_partial(text, sound)
        return
    reason, _, rest = listing.partition("\n")
    for text in (reason + "\n", *others):
        assert re.fullmatch(r"vring: .* (unknown|cannot be read).*\n", text), text
    # The listing tells the rest, too, and has what is missing among what was not found.
    if missing := rest and re.match(r"vring: (\w+)(?:\.(\S+))?: unknown", reason):
        name = missing[0].split()[1].rstrip(":") if missing[2] else f"sizeof({missing[1]})"
        assert re.search(rf"^{re.escape(name)} ", rest.partition("NOT FOUND")[2], re.M), listing


FILLS = {"zeros": bytes(PAGE), "ones": b"\xff" * PAGE, "noise": noise(PAGE), "letters": b"A" * PAGE}


@pytest.mark.parametrize("part, fill", [("first", "noise"), ("middle", "zeros"), ("middle", "ones"),
                                        ("middle", "noise"), ("middle", "letters"), ("last", "noise")])
def test_damaged_types(run, whole, blob, damaged, part, fill):
    offset = {"first": blob.types, "middle": blob.types + blob.types_len // 2,
              "last": blob.types + blob.types_len - PAGE}[part]
    check_honest(run(damaged([(blob.phys + offset, FILLS[fill])])), whole)


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", ["dev_list", "inum", "all"])
def test_damaged_strings(run, whole, blob, damaged, name, fill):
    """A page of names that are used, or all names."""
    if name == "all":
        pages = [(blob.phys + blob.strings, (FILLS[fill] * (blob.strings_len // PAGE + 1))[:blob.strings_len])]
    else:
        at = blob.data.index(b"\0" + name.encode() + b"\0", blob.strings)
        pages = [(blob.phys + blob.page_of(at), FILLS[fill])]
    check_honest(run(damaged(pages)), whole)


def test_shifted_strings(run, whole, blob, damaged):
    """A string section that begins elsewhere: every name is a piece of another."""
    moved = struct.pack("<II", blob.strings - HEADER.size - 5000, blob.strings_len)
    check_honest(run(damaged([(blob.phys + 16, moved)])), whole)


@pytest.mark.parametrize("fill", FILLS)
def test_damaged_module_btf(run, whole, busy_tap, damaged, fill):
    """virtio_ring's types, with the header left whole."""
    file = next(busy_tap.kernel.moddir.glob("**/virtio_ring.ko"))
    data = elf_sections.section(file, ".BTF")
    places_ = [(at + 200, FILLS[fill][:1000]) for at in elf_sections.find_all(busy_tap.core, data[:512])]
    check_honest(run(damaged(places_)), whole)
