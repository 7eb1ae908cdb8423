# SPDX-License-Identifier: GPL-2.0-or-later
"""Debuginfo that is nowhere, somewhere else, stripped, of another kernel, or of the wrong vmlinux."""

import dataclasses
import os
import re
import shutil
from pathlib import Path

import pytest
import screens
from lab import kernels

VERSION = "9.0.2"
MINIMAL = pytest.mark.parametrize("minimal", [True, False], ids=["minimal", "full"])


def place(file: Path, target: Path) -> Path:
    """Put a big file somewhere else, without its surroundings; a symlink would lead back to them."""
    target.parent.mkdir(parents=True)
    try:
        os.link(file.resolve(), target)
    except OSError:  # another file system
        shutil.copyfile(file, target)
    return target


@pytest.fixture(scope="module")
def lonely(make_dump):
    """lonely('6.1') -> its vmlinux in a folder of its own, with no module anywhere around"""
    made = {}

    def get(name):
        kernel = kernels.get(name)
        for usual in ("/usr/lib/debug/lib/modules", "/lib/modules"):
            if Path(usual, kernel.release).exists():
                pytest.skip(f"this machine has {usual}/{kernel.release}: crash would find that")
        if name not in made:
            # Two levels, as the search also looks beside the folder that vmlinux is in.
            made[name] = make_dump(f"lonely-{name}", lambda f: place(kernel.vmlinux, f / "debug/boot/vmlinux"))
        return made[name] / "debug/boot/vmlinux"
    return get


@pytest.fixture(scope="module")
def run(crash, busy_tap_of, vring_so):
    """run(kernel, command, ...) -> outputs, once for the same question; vmlinux and version may be others"""
    made = {}

    def get(name, *commands, version=VERSION, vmlinux=None, **more):
        key = repr((name, commands, version, vmlinux, more))
        if key not in made:
            dump = busy_tap_of(name)
            result = crash(version).run(dump.core, vmlinux or dump.kernel.vmlinux, commands, so=vring_so, **more)
            assert len(result.outputs) == len(commands), result.stdout + result.stderr
            made[key] = result.outputs
        return made[key]
    return get


@pytest.fixture(scope="module")
def expected(run):
    """expected('6.1') -> what 'vring' prints when everything is in its usual place"""
    def get(name):
        table = run(name, "vring", "vring eth0 tx1", "vring -l", minimal=True)[0]
        assert len(screens.table(table)) == 9
        return table
    return get


@MINIMAL
def test_btf_needs_no_file(run, lonely, expected, minimal):
    table, layout = run("6.1", "vring", "vring -l", vmlinux=lonely("6.1"), minimal=minimal)
    assert table == expected("6.1")
    assert {row[2] for row in screens.layout(layout).values()} == {"BTF"}
    assert set(screens.files(layout).values()) == {"the dump itself"}


@MINIMAL
def test_missing_module_debuginfo_is_one_line(run, lonely, minimal):
    """5.10's modules carry no BTF: who is missing, where it was sought, what to install."""
    release = kernels.get("5.10").release
    vmlinux = lonely("5.10")
    outputs = run("5.10", "vring", "vring eth0 tx1", "vring -l", "sym init_net", vmlinux=vmlinux, minimal=minimal)
    for text in outputs[:3]:
        assert text.count("\n") == 1, text
        assert re.match(r"vring: vring_virtqueue\S*: unknown: no debuginfo of module virtio_ring: ", text)
        for folder in (f"/usr/lib/debug/lib/modules/{release}", vmlinux.resolve().parent, f"/lib/modules/{release}"):
            assert f" {folder}" in text
        assert f"install linux-image-{release}-dbg," in text
        # crash has no such command in minimal mode.
        assert ("mod -s virtio_ring FILE" in text) is not minimal
    assert outputs[3].split()[-1] == "init_net"


@MINIMAL
@pytest.mark.parametrize("way", ["--mod", "environment", "-t"])
def test_debuginfo_elsewhere(run, lonely, expected, minimal, way):
    """By crash's own option, by crash's environment variable, and by ours."""
    folder = kernels.get("5.10").debugmods
    more = {"--mod": {"extra": ["--mod", str(folder)]}, "-t": {},
            "environment": {"env": {"CRASH_MODULE_PATH": str(folder)}}}[way]
    commands = ["vring", f"vring -t {folder}", "vring"] if way == "-t" else ["vring"]
    *before, text, listing = run("5.10", *commands, "vring -l", vmlinux=lonely("5.10"), minimal=minimal, **more)
    assert text == expected("5.10")
    named = screens.files(listing)
    for module in ("virtio_ring", "virtio_net"):
        assert Path(named["DWARF", module]).resolve() == debuginfo("5.10", module).resolve()
    assert named["BTF", "vmlinux"] == "the dump itself"
    if before:
        # A look-up that failed is tried again, and what was named stays named.
        assert "no debuginfo" in before[0] and before[1] == text


@pytest.mark.kernels("6.1")
@pytest.mark.parametrize("name", ["5.10", "6.1"])
def test_before_and_after_mod(run, expected, name):
    """What a full session shows does not wait for 'mod -S', and is no other after it."""
    commands = ["vring", "vring eth0 tx1", "vring -l"]
    before, block, listing, _, after, block_after, listing_after = run(
        name, *commands, f"mod -S {kernels.get(name).debugmods}", *commands)
    assert before == after == expected(name) and block == block_after
    assert {member: row[:2] for member, row in screens.layout(listing).items()} == {
        member: row[:2] for member, row in screens.layout(listing_after).items()}


def test_a_host_before_and_after_mod(host_session):
    session = host_session("6.1")
    commands = ["vhostq", "vhostq -d -j"]
    full = dataclasses.replace(session, minimal=False)
    outputs = full.run(*commands, f"mod -S {session.host.kernel.debugmods}", *commands)
    assert outputs[:2] == outputs[3:] and outputs[:2] == session.run(*commands)


@MINIMAL
@pytest.mark.parametrize("way", ["--mod", "-t"])
def test_stripped_modules_are_no_debuginfo(run, lonely, expected, minimal, way):
    kernel = kernels.get("5.10")
    stripped = kernel.moddir
    more = {"extra": ["--mod", str(stripped)]} if way == "--mod" else {}
    first = "vring" if way == "--mod" else f"vring -t {stripped}"
    bad, again, good = run("5.10", first, "vring eth0 tx1", f"vring -t {kernel.debugmods}", minimal=minimal,
                           vmlinux=lonely("5.10"), **more)
    for text in (bad, again):
        assert re.fullmatch(r"vring: .* no debuginfo of module virtio_ring: \S+/virtio_ring\.ko is stripped; .*\n", text)
    assert good == expected("5.10")


def test_stripped_module_loaded_by_hand(run, lonely):
    """The stripped file that 'mod -s' was given is named, not sought again."""
    file = next(kernels.get("5.10").moddir.glob("**/virtio_ring.ko"))
    _, text = run("5.10", f"mod -s virtio_ring {file}", "vring", vmlinux=lonely("5.10"))
    assert text.count("\n") == 1 and str(file) in text and "stripped" in text


def debuginfo(name: str, module: str) -> Path:
    return next(kernels.get(name).debugmods.glob(f"kernel/**/{module}.ko"))


# The module, and the kernel that the wrong file is of. (6.12 has virtio_ring built in.)
WRONG = pytest.mark.parametrize("module, other", [("virtio_net", "5.10"), ("virtio_ring", "5.10"),
                                                  ("virtio_net", "6.12")])


@WRONG
@pytest.mark.kernels("6.1")
@pytest.mark.parametrize("version", ["8.0.2", "9.0.2"])
def test_wrong_debuginfo_changes_nothing(run, version, module, other):
    """The dump's own BTF is used, and one line says which module's file does not fit."""
    commands = ["vring", "vring eth0 tx1", "vring -l"]
    outputs = run("6.1", f"mod -s {module} {debuginfo(other, module)}", *commands, version=version)
    warning = rf"^debuginfo of {module} does not fit the dump: \w+\.\S+ is \d+ there, \d+ in the dump's own BTF.*\n"
    for text, right in zip(outputs[1:], run("6.1", *commands, minimal=True), strict=True):
        assert len(re.findall(warning, text, re.M)) == 1, text
        assert re.sub(warning, "", text, flags=re.M).strip() == right.strip()


@WRONG
@pytest.mark.kernels("6.1")
def test_wrong_debuginfo_alone_is_seen(run, expected, module, other):
    """With -t dwarf no row is whole unless it is right, and the next -t is not affected."""
    _, text, back = run("6.1", f"mod -s {module} {debuginfo(other, module)}", "vring -t dwarf", "vring -t btf")
    right, shown = screens.table(expected("6.1")), screens.table(text)
    whole = {name: row for name, row in shown.items() if len(row) > 2 and None not in row.values()}
    assert whole.items() <= right.items()
    assert shown != right and screens.table(back) == right


@WRONG
@pytest.mark.kernels("6.1")
def test_wrong_debuginfo_alone_is_named(run, module, other):
    _, text, _ = run("6.1", f"mod -s {module} {debuginfo(other, module)}", "vring -t dwarf", "vring -t btf")
    assert re.search(rf"^debuginfo of {module} does not fit the dump", text, re.M)


@MINIMAL
@pytest.mark.parametrize("name, other", [("6.1", "6.12"), ("6.12", "6.1"), ("6.1", "5.10")])
def test_vmlinux_of_another_kernel(crash, busy_tap_of, vring_so, minimal, name, other):
    """Where crash opens the pair at all, one line says what is wrong and nothing is made up."""
    dump, vmlinux = busy_tap_of(name), kernels.get(other).vmlinux
    result = crash(VERSION).run(dump.core, vmlinux, ["vring", "vring eth0 tx1", "vring -l"], minimal=minimal,
                                so=vring_so)
    assert result.outputs or not minimal, "minimal mode opened these when this was written"
    for text in result.outputs:
        assert text.count("\n") == 1 and text.startswith("vring: ") and str(vmlinux) in text, text
