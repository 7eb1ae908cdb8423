# SPDX-License-Identifier: GPL-2.0-or-later
"""Where vring says the members are, against pahole's reading, and one source against another."""

import re

import pahole
import pytest
import screens
from lab import kernels, store

# It opens every kernel at hand, in minimal mode.
VERSION = "9.0.2"

MODULES = ("virtio", "virtio_ring", "virtio_net")

# A newer spelling is used where both are there.
SUPERSEDED = {"virtio_device.features"}
# Kernels have both kinds of trees, and interrupts in one of them.
TREES = re.compile(r"(xarray|xa_node|maple_\w+)\.")


@pytest.fixture(scope="session")
def layout_of(crash, busy_tap_of, vring_so):
    """layout_of('6.1') -> the rows of vring -l, by whatever source comes first"""
    made = {}

    def get(name):
        if name not in made:
            dump = busy_tap_of(name)
            result = crash(VERSION).run(dump.core, dump.kernel.vmlinux, ["vring -a -b -l"],
                                        minimal=True, so=vring_so)
            made[name] = screens.layout(result.outputs[0])
        return made[name]
    return get


def split(name: str) -> tuple:
    """'net.ns.inum' -> ('net', 'ns.inum'); 'sizeof(net)' -> ('net', '')"""
    if sizeof := re.match(r"sizeof\((\w+)\)", name):
        return sizeof[1], ""
    return tuple(name.split(".", 1))


def module_file(kernel, module: str):
    """The debuginfo of a module, vmlinux for one that is built in."""
    return next(kernel.debugmods.glob(f"kernel/**/{module.replace('_', '[_-]')}.ko"), kernel.vmlinux)


def pahole_reads(kernel, rows: dict) -> dict:
    """{name of a row: (offset, size)} of those that pahole knows too.

    Modules by DWARF: other data, and another reader. vmlinux by its BTF, since its DWARF
    takes pahole minutes; test_sources_agree has gdb read that.
    """
    files = {}
    for name, (_, _, _, module) in rows.items():
        files.setdefault(module_file(kernel, module), []).append(name)
    found = {}
    for file, names in files.items():
        structs = pahole.read(file, "btf" if file == kernel.vmlinux else "dwarf",
                              {split(name)[0] for name in names})
        for name in names:
            kind, path = split(name)
            if kind in structs and (not path or path in structs[kind].members):
                found[name] = structs[kind].members[path] if path else (0, structs[kind].size)
    return found


@pytest.mark.parametrize("name", kernels.SUITES)
def test_members_are_what_pahole_reads(layout_of, name):
    rows = layout_of(name)
    told = {member: row[:2] for member, row in rows.items()}
    assert len(told) > 50
    assert pahole_reads(kernels.get(name), rows) == told


@pytest.mark.kernels(*kernels.SUITES)
@pytest.mark.parametrize("name", kernels.SUITES)
def test_what_is_not_listed_is_not_there(layout_of, name):
    """A member that some other kernel has and this one's listing lacks: pahole lacks it too."""
    everywhere = {}
    for other in kernels.SUITES:
        everywhere.update(layout_of(other))
    unlisted = {member: row for member, row in everywhere.items() if member not in layout_of(name)}
    assert unlisted
    there = set(pahole_reads(kernels.get(name), unlisted))
    assert {member for member in there if not TREES.match(member)} <= SUPERSEDED


@pytest.mark.parametrize("name", kernels.SUITES)
def test_source(layout_of, name):
    """BTF wherever there is any; 5.10 has none for modules, only what vmlinux itself uses."""
    by_source = {source: {module for _, _, s, module in layout_of(name).values() if s == source}
                 for source in ("BTF", "BTF file", "DWARF")}
    if name == "5.10":
        assert by_source == {"BTF": {"vmlinux", "virtio"}, "BTF file": set(),
                             "DWARF": {"virtio_ring", "virtio_net"}}
    else:
        assert by_source == {"BTF": {"vmlinux", *MODULES}, "BTF file": set(), "DWARF": set()}


@pytest.mark.parametrize("minimal", [True, False], ids=["minimal", "full"])
def test_sources_agree(crash, busy_tap, vring_so, minimal):
    """6.1 has everything: whatever -t names, each member is at the same place."""
    commands = ["vring -a -l", "vring", "vring -t dwarf -a -l", "vring", "vring -t btf -a -l",
                f"vring -t {busy_tap.kernel.vmlinux} -a -l", "vring"]
    result = crash(VERSION).run(busy_tap.core, busy_tap.kernel.vmlinux, commands, minimal=minimal, so=vring_so)
    default, table, dwarf, dwarf_table, btf, file, file_table = result.outputs
    assert dwarf_table == table and file_table == table and screens.table(table)
    first, *others = ({member: row[:2] for member, row in screens.layout(text).items()}
                      for text in (default, dwarf, btf, file))
    assert len(first) > 50
    assert all(other == first for other in others)
    assert {row[2] for row in screens.layout(dwarf).values()} == {"DWARF"}
    assert {row[2] for row in screens.layout(btf).values()} == {"BTF"}


def test_pahole_reader_sees_nesting(tmp_path):
    """The second reader itself, on a struct made for it."""
    source = tmp_path / "nested.c"
    source.write_text("""
struct inner { char c; int array[3]; struct { long deep; } in; };
struct outer {
    int first; union { struct inner a; struct { short hidden; void (*call)(int, char *); }; };
    struct inner many[2]; unsigned flag:3; char tail[];
} __attribute__((aligned(64)));
struct outer variable;
""")
    store.run(["gcc", "-g", "-c", "-o", tmp_path / "nested.o", source])
    outer = pahole.read(tmp_path / "nested.o", "dwarf", ["outer", "none"])
    assert set(outer) == {"outer"}
    members = outer["outer"].members
    assert outer["outer"].size == 128
    expected = {"first": (0, 4), "a": (8, 24), "a.array": (12, 12), "a.in.deep": (24, 8),
                "hidden": (8, 2), "call": (16, 8), "many": (32, 48), "tail": (81, 0)}
    assert {name: members.get(name) for name in expected} == expected
