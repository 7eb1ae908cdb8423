# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing is left behind by any number of commands in one session, by those that fail neither."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

VERSION = "9.0.2"
# One in ten each; the last of all fail, two of them by a jump to crash's main loop.
GUEST = ["vring", "vring -j -d", "vring -b -d eth3", "vring -a -j", "vqwalk eth3", "vqwalk -j eth0", "vring -t btf eth6",
         "vring nosuch", "vring eth0 tx99", "vring -q"]
HOST = ["vhostq", "vhostq -j", "vhostq -d -j", "vhostq -m", "vqwalk tx", "vqwalk -x tx tx0", "vhostq -t btf tx",
        "vhostq nosuch", "vhostq -p x", "vhostq -x"]
# These cost more, and are asked once in so many.
RARE, EVERY = {"guest": ["vhostq -j", "vring -a -b -d"], "host": ["vring -a -j", "vring -b -d"]}, 200
CHUNK = 100

# Calls, and how many of them are warm-up: by then every type is known, and the heap is as big as the
# greediest command needs it.
SHORT, LONG = (1000, 500), (10_000, 2000)
# KiB. A leak of one small allocation (32 bytes) a call would be 250 over the long run; where nothing leaks,
# what was measured is 0. A page or two may come from the C library's own buffers.
GROWTH = 64
# KiB beyond crash's own: twice what was measured (docs/design.md).
PEAK = 32 << 10


@dataclass
class Status:
    """Of /proc/PID/status, in KiB."""

    resident: int    # without pages of files, which come and go
    data: int
    peak: int


def status(pid: int) -> Status:
    text = Path(f"/proc/{pid}/status").read_text()
    return Status(*(int(re.search(rf"^{name}:\s+(\d+) kB$", text, re.M)[1]) for name in ("RssAnon", "VmData", "VmHWM")))


@pytest.fixture(params=["guest", "host"])
def side(request, virtio_scene, host_session):
    """(name, core, kernel, commands)"""
    if request.param == "guest":
        dump = virtio_scene("mixed", "6.1").dump
        return "guest", dump.core, dump.kernel, GUEST
    host = host_session("6.1").host
    return "host", host.core, host.kernel, HOST


def call(terminal, folder, commands) -> None:
    """Run them all from a file, with their output to nowhere; a failure must not end the file."""
    script, last = folder / "commands", folder / "last"
    last.unlink(missing_ok=True)
    script.write_text("".join(f"{command} > /dev/null\n" for command in commands) + f"vring -V > {last}\n")
    terminal.command(f"< {script}", timeout=600)
    assert last.read_text().startswith("vring.so "), "the file was not read to its end"


@pytest.mark.parametrize("calls, warm_up", [pytest.param(*SHORT, id="1000"),
                                            pytest.param(*LONG, id="10000", marks=pytest.mark.matrix)])
def test_no_growth(side, crash, vring_so, tmp_path, record_property, calls, warm_up):
    name, core, kernel, commands = side
    with crash(VERSION).terminal(core, kernel.vmlinux, minimal=True) as terminal:
        bare = status(terminal.pid)
        terminal.command(f"extend {vring_so}")
        seen, made = {}, 0
        while made < calls:
            if made % EVERY == 0:
                call(terminal, tmp_path, RARE[name])
            call(terminal, tmp_path, commands * (CHUNK // len(commands)))
            made += CHUNK
            seen[made] = status(terminal.pid)
        warm, end = seen[warm_up], seen[calls]
        said = (f"{name}, {calls} calls, KiB: bare {bare.resident}, after {warm_up} {warm.resident} (data {warm.data}), "
                f"at the end {end.resident} (data {end.data}), peak beyond bare {end.peak - bare.peak}")
        record_property("memory", said)
        print(said)
        assert "init_net" in terminal.command("sym init_net")
    assert end.data - warm.data <= GROWTH and end.resident - warm.resident <= GROWTH, said
    assert end.peak - bare.peak < PEAK, said
