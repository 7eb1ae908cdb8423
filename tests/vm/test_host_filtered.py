# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps as production hosts leave them: through makedumpfile, without the guests' memory."""

import json
import re

import pytest
from host_session import Session, bookkeeping
from lab import core
from test_scripts import wrong

# In kdump's own format a page that was left out is missing; in an ELF core it reads as zeros.
FORMATS = {"kdump": ("-c",), "elf": ("-E",)}
CASES = [("6.1", "kdump"), ("6.1", "elf"), ("5.10", "elf")]
NOTHING = {"avail": dict.fromkeys(("flags", "idx", "used_event")),
           "used": dict.fromkeys(("flags", "idx", "avail_event"))}


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def both(request, host_session, tmp_path_factory):
    """(session on the whole core, session on what makedumpfile -d 31 left of it, the format)"""
    name, how = request.param
    whole = host_session(name)
    folder = tmp_path_factory.mktemp("filtered")
    left = core.filtered(whole.core, folder / "core", 31, *FORMATS[how])
    yield whole, Session(whole.host, whole.crash, whole.so, left), how
    left.unlink()


def test_what_the_filter_left(both):
    """The lab's own check: no ring of a live process is in there."""
    whole, filtered, how = both
    if how == "kdump":
        assert filtered.core.read_bytes()[:8] == b"KDUMP   "
        return
    left = 0
    with core.Core(filtered.core) as source:
        for queue in whole.second.values():
            for address in filter(None, queue["physical"].values()):
                try:
                    left += any(source.read(int(address, 16) & -core.PAGE, core.PAGE))
                except KeyError:
                    pass
    assert left == 0


def test_bookkeeping_is_the_whole_cores(both):
    whole, filtered, _ = both
    assert filtered.document["errors"] == [] and filtered.queues.keys() == whole.queues.keys()
    for key, queue in filtered.queues.items():
        assert bookkeeping(queue) == bookkeeping(whole.queues[key])


def test_no_ring_and_no_zeros(both):
    """Whatever was set up: an idle ring, too, must not look like one that was read."""
    whole, filtered, how = both
    why = {"kdump": "not in the dump", "elf": "not in the dump: reads as zeros"}[how]
    for key, queue in filtered.queues.items():
        before = whole.queues[key]["ring"]
        assert queue["ring"] == {"readable": False, "why": why if before["readable"] else before["why"],
                                 **NOTHING}, key


def test_documents_keep_the_schema(both):
    """What only the ring could tell is null."""
    _, filtered, _ = both
    assert not wrong(filtered.document, "host")
    assert any(queue["kick"].get("due", 0) is None for queue in filtered.document["queues"])


@pytest.mark.parametrize("device", ["idle", "chains", "huge"])
def test_one_device_alone(both, device):
    """What gives the zeros away may be none of the queues that were asked for."""
    _, filtered, _ = both
    text, listed = filtered.run(f"vhostq -d -j {device}", f"vhostq {device}")
    queues = json.loads(text)["queues"]
    assert len(queues) == 2
    for queue in queues:
        assert queue["ring"]["readable"] is False and queue["chains"] is None
        assert {part: queue["ring"][part] for part in NOTHING} == NOTHING
    rows = re.findall(r"^[rt]x0 .*$", listed, re.M)
    assert len(rows) == 2 and all(row.split()[7:11] == ["-"] * 4 for row in rows), listed


def test_one_line_says_how_to_dump(both):
    whole, filtered, _ = both
    text, block = filtered.run("vhostq", "vhostq flags tx0")
    lost = sum(queue["ring"]["readable"] for queue in whole.document["queues"])
    assert [line for line in text.splitlines() if "makedumpfile" in line] == [
        f"{lost} rings not in this dump, which was taken without user pages: makedumpfile -d 17 keeps them, "
        "-d 31 does not"]
    assert len(re.findall("makedumpfile", block)) == 1 and "1 ring not in this dump" in block
    assert "avail flags 0" not in block and "used flags 0" not in block, block


@pytest.mark.parametrize("how", FORMATS)
def test_the_level_that_is_advised(host_session, scratch, how):
    """Nothing is lost: what a person is told to do next time is right."""
    whole = host_session("6.1")
    kept = core.filtered(whole.core, scratch / "core", 17, *FORMATS[how])
    assert Session(whole.host, whole.crash, whole.so, kept).document == whole.document


@pytest.mark.parametrize("how", FORMATS)
def test_a_guests_rings_stay(busy_tap, crash, vring_so, scratch, how):
    """They are the kernel's own pages."""
    left = core.filtered(busy_tap.core, scratch / "core", 31, *FORMATS[how])
    before, after = (crash("8.0.2").run(path, busy_tap.kernel.vmlinux, ["vring -j", "vring -j -d eth0 rx0"],
                                        so=vring_so, minimal=True).outputs for path in (busy_tap.core, left))
    assert len(before) == 2 and json.loads(before[0])["queues"] and json.loads(before[1])["queues"][0]["chains"]
    assert after == before
