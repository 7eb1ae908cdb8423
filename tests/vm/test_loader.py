# SPDX-License-Identifier: GPL-2.0-or-later
"""Living inside crash: nothing that crash jumps out of may cost us the session.

Every case runs in each version of crash that the project supports, over a full session, with a
core from which one page of a ring and one page table have been cut.
"""

import copy
import re
import subprocess
from pathlib import Path

import pytest
from lab import core, store

# Each crash has jumps of its own.
pytestmark = pytest.mark.smoke

# Each crash with a kernel that it opens in full.
PAIRS = [("7.2.9", "5.10"), ("8.0.2", "6.1"), ("8.0.6", "6.12"), ("9.0.2", "6.1")]

# crash translates it by page tables as it does for vmalloc addresses, and every kernel has it.
VSYSCALL = 0xFFFFFFFFFF600000

# Newer versions put the session on the terminal they are started from; glibc's oldest supported.
OLDEST_GLIBC = (2, 17)


@pytest.fixture(scope="session")
def probe_so():
    path = Path(__file__).parents[2] / "build/probe.so"
    assert path.exists(), f"{path} is missing: run make build/probe.so first"
    return path


@pytest.fixture(scope="session")
def holed(crash, busy_tap_of, make_dump):
    """holed('6.1') -> (dump, core without tx0's avail ring and the vsyscall page's table)"""
    made = {}

    def page_table(version, dump):
        output = crash(version).run(dump.core, dump.kernel.vmlinux, [f"vtop {VSYSCALL:x}"]).outputs[0]
        return int(re.search(r"PTE: ([0-9a-f]+)", output)[1], 16) & ~0xFFF

    def get(version, name):
        if name not in made:
            dump = busy_tap_of(name)
            avail = dump.queue("net0", 1)["vring-avail"]
            cut = [(avail & ~0xFFF, 4096), (page_table(version, dump), 4096)]
            folder = make_dump(f"holed-{name}", lambda f: core.punch(dump.core, f / "core", cut))
            made[name] = dump, folder / "core"
        return made[name]
    return get


@pytest.fixture(scope="session", params=PAIRS, ids=lambda p: f"crash-{p[0]}-kernel-{p[1]}")
def session(request, crash, holed):
    """(crash, dump, holed core) of each pair."""
    version, name = request.param
    return crash(version), *holed(version, name)


def direct_map(dump, crash_, so, phys):
    """Kernel address of physical memory, from the kernel's own variable."""
    base = crash_.run(dump.core, dump.kernel.vmlinux, ["rd page_offset_base"], minimal=True).outputs[0]
    return int(base.split()[1], 16) + phys


def test_nothing_is_lost(session, probe_so, tmp_path):
    """Each failure is answered, and the command behind it works as if nothing had happened."""
    crash_, dump, path = session
    missing = direct_map(dump, crash_, probe_so, dump.queue("net0", 1)["vring-avail"])
    log = tmp_path / "redirected"
    failures = {
        f"vrprobe read {missing:x}": "read: failed\n",
        f"vrprobe raw {missing:x}": "raw: failed\n",
        f"vrprobe read {VSYSCALL:x}": "read: failed\n",
        f"vrprobe raw {VSYSCALL:x}": "raw: failed\n",
        "vrprobe phys fffffffffff000": "phys: failed\n",
        "vrprobe raw 10": "raw: failed\n",
        "vrprobe symbol no_such_symbol": "symbol: failed\n",
        "vrprobe member no_such_type x": "member: failed\n",
        "vrprobe member net no_such_member": "member: failed\n",
        "vrprobe member net no.such.path": "member: failed\n",
    }
    commands = []
    for line in failures:
        commands += [f"{line} > {log}", f"!cat {log}", "vrprobe symbol init_net", "sym init_net"]
    outputs = crash_.run(path, dump.kernel.vmlinux, commands, so=probe_so).outputs
    assert len(outputs) == len(commands), "crash ended early"
    address = outputs[3].split()[0]
    for n, (line, expected) in enumerate(failures.items()):
        _, redirected, symbol, crashs_own = outputs[4 * n:4 * n + 4]
        assert redirected == expected, line
        assert symbol == f"symbol: {address}\n", line
        assert crashs_own.split()[0] == address, line


def test_usage_error_in_a_pipe_and_a_file(session, probe_so, vring_so, tmp_path):
    """cmd_usage() jumps past our frames; the next command is whole."""
    crash_, dump, path = session
    # One in fifty of 8.0.2's own pipes fails, whatever the command.
    pipe = "" if crash_.version == "8.0.2" else " | cat"
    commands = ["vrprobe usage", f"vrprobe usage > {tmp_path}/file", "vrprobe symbol init_net",
                f"vrprobe usage{pipe}", f"vrprobe raw {VSYSCALL:x}", "vrprobe symbol init_net"]
    outputs = crash_.run(path, dump.kernel.vmlinux, commands, so=probe_so).outputs
    assert "Usage:" in outputs[0]
    assert "Usage:" in (tmp_path / "file").read_text()
    assert outputs[2].startswith("symbol: ffff")
    assert "Usage:" in outputs[3]
    assert "raw: failed\n" in outputs[4]
    assert outputs[5] == outputs[2]


def test_interrupt(session, probe_so):
    """Ctrl-C in the middle of our reads: prompt, and the next command works."""
    crash_, dump, path = session
    with crash_.terminal(path, dump.kernel.vmlinux, so=probe_so) as terminal:
        before = terminal.command("vrprobe symbol init_net")
        for _ in range(3):
            terminal.send("vrprobe spin\n")
            terminal.wait_for("spinning")
            terminal.interrupt()
            assert "not interrupted" not in terminal.wait_prompt(30)
            assert terminal.command("vrprobe symbol init_net") == before
            assert "raw: failed" in terminal.command(f"vrprobe raw {VSYSCALL:x}")


def test_page_walk_agrees_with_crash(session, probe_so):
    """Our own translation reads what crash's does: module memory, which needs page tables."""
    crash_, dump, _ = session
    # Two sessions, the first for an address in module memory: that of a virtio_net function.
    found = crash_.run(dump.core, dump.kernel.vmlinux, ["sym start_xmit"]).outputs[0]
    address = found.split()[0]
    outputs = crash_.run(dump.core, dump.kernel.vmlinux,
                         [f"rd {address}", f"vrprobe read {address}", f"vrprobe raw {address}"],
                         so=probe_so).outputs
    expected = int(outputs[0].split()[1], 16)
    assert outputs[1] == f"read: {expected:x}\n"
    assert outputs[2] == f"raw: {expected:x}\n"


def test_types_agree_with_crash(session, probe_so):
    """Plain and nested members, against crash's own struct command."""
    crash_, dump, _ = session
    outputs = crash_.run(dump.core, dump.kernel.vmlinux,
                         ["struct -o net.dev_base_head", "vrprobe member net dev_base_head",
                          "vrprobe member net_device dev.parent",
                          "p &((struct net_device *)0)->dev.parent"],
                         so=probe_so).outputs
    offset = int(re.search(r"\[(\d+)\]", outputs[0])[1])
    assert outputs[1] == f"member: offset {offset} size 16\n"
    nested = int(outputs[3].split()[-1], 16)
    assert outputs[2] == f"member: offset {nested} size 8\n"


def test_loads_on_old_systems(vring_so):
    """No symbol newer than glibc 2.17, and nothing exported but what the linker adds."""
    table = subprocess.run(["objdump", "-T", vring_so], capture_output=True, text=True, check=True).stdout
    versions = {tuple(int(n) for n in found.split("."))
                for found in re.findall(r"GLIBC_([0-9.]+)", table)}
    assert versions and max(versions) <= OLDEST_GLIBC
    ours = re.findall(r"^[0-9a-f]+ g.*? (\S+)$", table, re.M)
    assert not ours, f"exported: {ours}"


def test_unknown_crash_is_warned_of(crash, busy_tap, vring_so, tmp_path):
    """A crash of another version: one line at load, and the commands are there."""
    known = crash("9.0.2")
    binary = Path(known.command[-1]).read_bytes()
    actual = known.actual().encode()
    other = b"9.9.9"[:len(actual)]
    assert binary.count(actual + b"\0") >= 1 and len(other) == len(actual)
    (tmp_path / "crash").write_bytes(binary.replace(actual + b"\0", other + b"\0"))
    (tmp_path / "crash").chmod(0o755)
    stranger = copy.copy(known)
    stranger.command = [*known.command[:-1], str(tmp_path / "crash")]
    core_and_kernel = busy_tap.core, busy_tap.kernel.vmlinux
    warned = stranger.run(*core_and_kernel, ["vring"], so=vring_so, minimal=True)
    silent = known.run(*core_and_kernel, ["vring"], so=vring_so, minimal=True)
    assert "vring.so: crash 9.9.9 is not one it was tested with" in warned.greeting
    assert "vring.so: crash" not in silent.greeting
    assert warned.outputs == silent.outputs and "rx0" in silent.outputs[0]


def test_old_systems_have_what_it_needs(vring_so):
    """Nothing newer than glibc 2.17, the oldest that crash 7.2.9 and later meet on enterprise systems."""
    needed = re.findall(r"GLIBC_(\d+)\.(\d+)", store.run(["objdump", "-T", vring_so]))
    assert needed and max((int(major), int(minor)) for major, minor in needed) <= (2, 17)
