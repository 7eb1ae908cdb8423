# SPDX-License-Identifier: GPL-2.0-or-later
"""What a future kernel renames: each member of the table is hidden in turn, in real crash on a real core.

build/hide.so is vring.so with a way to hide a row of the member table under all its spellings. Whatever
is hidden: the listing names it, the command says what is not known therefore, every value that is still
shown is the one that was shown before, and nothing else is shown in its place.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import screens
from made_up import by_address, differences, louder

VERSION = "9.0.2"
GUEST = "vring -b -d -j"
HOST = "vhostq -d -j"


@dataclass(frozen=True)
class Row:
    number: int
    kind: str  # required, optional, or silent: kernels may lack it, and nothing else tells
    type: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.type}.{self.path}" if self.path else self.type


@pytest.fixture(scope="module")
def hide_so() -> Path:
    path = Path(__file__).parents[2] / "build/hide.so"
    assert path.exists(), f"{path} is missing: run make build/hide.so first"
    return path


def rows_of(crash, path, vmlinux, so, command) -> list:
    """Return the rows of the member table that a command finds."""
    _, text = crash.run(path, vmlinux, [f"{command} > /dev/null", "vrhide"], minimal=True, so=so).outputs
    rows = [Row(int(number), kind, struct, member.strip("-")) for number, kind, struct, member
            in re.findall(r"^ *(\d+) (\w+) (\S+) (\S+)$", text, re.M)]
    assert len(rows) > 80, text
    return rows


@pytest.fixture(scope="module")
def hide(crash, hide_so, tmp_path_factory):
    """hide(core, vmlinux, command) -> (its document, [(row, its document with that one hidden), ...])"""
    def get(path, vmlinux, command):
        one = crash(VERSION)
        rows = rows_of(one, path, vmlinux, hide_so, command)
        folder = tmp_path_factory.mktemp("hidden")
        lines = [line for number in ["none", *(row.number for row in rows)]
                 for line in (f"vrhide {number}", f"{command} > {folder}/{number}")]
        result = one.run(path, vmlinux, lines, minimal=True, so=hide_so, timeout=900)
        assert result.returncode == 0 and len(result.outputs) == len(lines), result.stdout + result.stderr
        read = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}
        return read["none"], [(row, read[str(row.number)]) for row in rows]
    return get


def complaints(row: Row, before: dict, after: dict) -> list:
    """Return what is wrong with a document: a value that was made up, or a loss that nobody tells."""
    told = " ".join(error["what"] for error in after["errors"])
    wrong = differences({n: before[n] for n in ("nodename", "release", "live")},
                        {n: after[n] for n in ("nodename", "release", "live")})
    if after["queues"]:
        wrong += differences(before.get("devices"), after.get("devices"), "devices")
        whole, shown = by_address(before["queues"]), by_address(after["queues"])
        wrong += differences(whole, shown, "queues") + louder(whole, shown)
    if {n: before[n] for n in before if n != "errors"} != {n: after[n] for n in before if n != "errors"} \
            and row.kind != "silent" and row.name not in told:
        wrong.append(f"nothing is said of it, but {told[:200]!r}")
    return [f"{row.name}: {line}" for line in wrong]


def test_guest(hide, busy_tap):
    whole, cases = hide(busy_tap.core, busy_tap.kernel.vmlinux, GUEST)
    assert len(whole["queues"]) == 9 and not whole["errors"]
    wrong = [line for row, document in cases for line in complaints(row, whole, document)]
    assert not wrong, "\n".join([f"{len(wrong)}:", *wrong[:200]])


def test_host(hide, host_session):
    session = host_session("6.1")
    whole, cases = hide(session.core, session.host.kernel.vmlinux, HOST)
    assert len(whole["queues"]) > 50 and {e["where"] for e in whole["errors"]} <= {"bad-index tx0"}
    wrong = [line for row, document in cases for line in complaints(row, whole, document)]
    assert not wrong, "\n".join([f"{len(wrong)}:", *wrong[:200]])


# A few of each kind; the listing compares all of vmlinux's types with its debuginfo, which takes a second.
LISTED = {"net_device.dev_list": "anything", "vring_virtqueue.split.vring.avail": "anything",
          "virtnet_info.curr_queue_pairs": "anything", "virtqueue.callback": "callback",
          "vring_virtqueue.split.desc_extra": "which descriptors are free", "irq_desc.action": "interrupts"}


def test_listing(crash, hide_so, busy_tap):
    """What is not found is listed with what is lost; all else as before, and the commands name it too."""
    one, vmlinux = crash(VERSION), busy_tap.kernel.vmlinux
    rows = {row.name: row for row in rows_of(one, busy_tap.core, vmlinux, hide_so, "vring")}
    lines = ["vring -l", "vqwalk eth0 tx1"]
    for name in LISTED:
        lines += [f"vrhide {rows[name].number}", "vring -l", "vring", "vqwalk eth0 tx1"]
    outputs = one.run(busy_tap.core, vmlinux, lines, minimal=True, so=hide_so, timeout=300).outputs
    assert len(outputs) == len(lines)
    found, missing = outputs[0].split("NOT FOUND")
    assert len(screens.layout(found)) > 100 and not re.search(r"^\S+ +\S+ +(?!nothing|NOT KNOWN)\S", missing, re.M)
    for n, (name, loses) in enumerate(LISTED.items()):
        listing, table, walk = outputs[4 * n + 3:4 * n + 6]
        found, missing = listing.split("NOT FOUND")
        assert re.search(rf"^{re.escape(name)} +\S+ +{loses}", missing, re.M), listing
        assert screens.layout(outputs[0]).items() - screens.layout(found).items() == {
            (name, screens.layout(outputs[0])[name])}
        for text in (table, walk):
            assert re.search(rf"\b{re.escape(name)}: .*(unknown|not known without it)", text), text
        if rows[name].kind == "required":
            assert listing.startswith(f"vring: {name}: unknown") and table.count("\n") == 1
        else:
            assert len(screens.table(table)) == 9 and walk.count("\n") > 10


# ---- renamed in the dump's own BTF, as a new kernel would have it ---------------------------------

def renamed(path: Path, out: Path, names) -> Path:
    """Copy a core in which these names end in another letter, wherever they stand for themselves."""
    data = path.read_bytes()
    for name in names:
        old = b"\0" + name.encode() + b"\0"
        assert old in data, name
        data = data.replace(old, old[:-2] + b"X\0")
    out.write_bytes(data)
    return out


def test_optional_ones_in_a_guest(crash, vring_so, busy_tap, scratch):
    """One of virtio_ring's and one of vmlinux's: each command names them, and shows the rest."""
    path = renamed(busy_tap.core, scratch / "core", ["event_triggered", "watchdog_timeo"])
    commands = ["vring -j", "vring", "vqwalk eth0 tx1", "vring -l"]
    before, after = (crash(VERSION).run(core, busy_tap.kernel.vmlinux, commands, minimal=True, so=vring_so).outputs
                     for core in (busy_tap.core, path))
    assert len(after) == len(before) == len(commands)
    whole, document = json.loads(before[0]), json.loads(after[0])
    assert not differences({"queues": whole["queues"]}, {"queues": document["queues"]})
    assert {q["event_triggered"] for q in document["queues"]} == {None} != {
        q["event_triggered"] for q in whole["queues"]}
    lost = {"vring_virtqueue.event_triggered": "event_triggered", "net_device.watchdog_timeo": "watchdog_timeo_ms"}
    for name, loses in lost.items():
        told = f"{name}: this kernel's types have it under no name that vring knows; not known without it: {loses}"
        assert [told] == [error["what"] for error in document["errors"] if name in error["what"]]
        assert told in after[1] and told in after[2]
        assert re.search(rf"^{re.escape(name)} +\w+ +{loses}$", after[3].partition("NOT FOUND")[2], re.M)
    assert screens.table(after[1]) == screens.table(before[1])
    assert screens.layout(before[3]).keys() - screens.layout(after[3]).keys() == lost.keys()


def test_required_ones(crash, vring_so, busy_tap, scratch):
    """Without an index of the driver's there is no queue to show: one line, and a listing of the rest."""
    path = renamed(busy_tap.core, scratch / "core", ["last_used_idx"])
    commands = ["vring", "vring -j", "vqwalk eth0 tx1", "vring -l"]
    outputs = crash(VERSION).run(path, busy_tap.kernel.vmlinux, commands, minimal=True, so=vring_so).outputs
    told = "vring_virtqueue.last_used_idx: unknown: this kernel's types have it under no name that vring knows"
    assert outputs[0] == f"vring: {told}\n" and outputs[2] == f"vqwalk: {told}\n"
    document = json.loads(outputs[1])
    assert document["queues"] == [] and told in [error["what"] for error in document["errors"]]
    assert outputs[3].startswith(f"vring: {told}\n") and len(screens.layout(outputs[3])) > 100
    assert re.search(r"^vring_virtqueue.last_used_idx +virtio_ring +anything", outputs[3], re.M)


def test_in_a_host(crash, vring_so, host_session, scratch):
    session = host_session("6.1")
    path = renamed(session.core, scratch / "core", ["busyloop_timeout", "upend_idx"])
    commands = ["vhostq -j", "vhostq"]
    text, table = crash(VERSION).run(path, session.host.kernel.vmlinux, commands, minimal=True, so=vring_so).outputs
    document = json.loads(text)
    assert not differences({"queues": session.document["queues"]}, {"queues": document["queues"]})
    for name in ("busyloop_timeout", "upend_idx"):
        assert {q[name] for q in document["queues"]} == {None} != {q[name] for q in session.document["queues"]}
        assert re.search(rf"\w+\.{name}: .* not known without it: {name}$", table, re.M), table
    path = renamed(session.core, scratch / "core", ["signalled_used"])
    line, = crash(VERSION).run(path, session.host.kernel.vmlinux, ["vhostq"], minimal=True, so=vring_so).outputs
    assert re.fullmatch(r"vhostq: vhost_virtqueue.signalled_used: unknown: .*\n", line)
