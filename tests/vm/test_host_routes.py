# SPDX-License-Identifier: GPL-2.0-or-later
"""vhost is found by a tap's wait queue and by open files: each way alone, on cores where the other is cut."""

import json
import struct

import pytest
from host_session import Session
from lab import core

GARBAGE = (0).to_bytes(8, "little"), 0xDEADBEEFDEADBEEF .to_bytes(8, "little")


@pytest.fixture(scope="module")
def whole(host_session):
    return host_session("6.1")


@pytest.fixture
def after(whole, scratch):
    """after([(place, bytes), ...]) -> session on a core where these were written"""
    def get(changes) -> Session:
        path = core.copy(whole.core, scratch / "core")
        for place, data in changes:
            core.write_phys(path, int(place["phys"], 16), data)
        return Session(whole.host, whole.crash, whole.so, path)
    return get


def queues(session) -> dict:
    """Each queue by its address, which nothing here changes."""
    return {q["vhost_virtqueue"]: q for q in session.document["queues"]}


def ways(whole, what: str) -> list:
    """Every place of a kind that leads a process to a vhost device."""
    return [dict(items) for items in {tuple(way[what].items()) for seen in whole.second.values()
                                      for way in seen["ways"]}]


def waiting(whole) -> set:
    """Addresses of the queues of devices that wait for a tap's socket with one of their queues, by drgn."""
    devices = {seen["holder"] for seen in whole.second.values() if seen.get("waiting")}
    return {seen["vhost_virtqueue"] for seen in whole.second.values() if seen["holder"] in devices}


def test_both_kinds_are_there(whole):
    """The lab's own check: some wait, some do not."""
    seen = {one["vhost_virtqueue"] for one in whole.second.values() if one.get("tap", {}).get("device")}
    assert len(waiting(whole)) > 40 and len(seen - waiting(whole)) >= 6


def cut_files(whole, how: str) -> list:
    """What to write so that no file leads to vhost."""
    places, data = {
        "no files": ("files", GARBAGE[0]), "bad files": ("files", GARBAGE[1]),
        "no slots": ("slot", GARBAGE[0]), "bad slots": ("slot", GARBAGE[1]),
        "bad table": ("fd", GARBAGE[1]),
        "too much room": ("max_fds", b"\xff\xff\xff\xff"),
    }[how]
    return [(place, data) for place in ways(whole, places)]


@pytest.mark.parametrize("how", ["no files", "bad files", "no slots", "bad slots", "bad table",
                                 "too much room"])
def test_by_wait_queue_alone(whole, after, how):
    """All that wait, and their neighbours that do not; owners by their memory."""
    session = after(cut_files(whole, how))
    found, before = queues(session), queues(whole)
    assert found.keys() == waiting(whole)
    assert {(q["device"], q["queue"]) for address, q in found.items() if q != before[address]} == set()
    # What looks like a process without that file is not known from one.
    assert bool(session.document["errors"]) == (how.split()[0] in ("bad", "too"))


def cut_waiters(whole, how: str) -> list:
    """What to write so that no wait queue leads to vhost."""
    heads = [seen["tap"]["head"] for seen in whole.second.values() if seen.get("tap", {}).get("device")]
    own = {"empty": lambda head: struct.pack("<QQ", *[int(head["virt"], 16)] * 2),
           "null": lambda head: bytes(16), "garbage": lambda head: 2 * GARBAGE[1]}[how]
    return [(head, own(head)) for head in heads]


@pytest.mark.parametrize("how", ["empty", "null", "garbage"])
def test_by_open_files_alone(whole, after, how):
    """Everything but the entries themselves."""
    session = after(cut_waiters(whole, how))
    found, before = queues(session), queues(whole)
    assert found.keys() == before.keys()
    for address, queue in found.items():
        differ = {k for k in queue if queue[k] != before[address][k]}
        assert differ <= {"wait_entry"} and queue["wait_entry"] is None, (queue["device"], queue["queue"], differ)
    told = session.document["errors"]
    assert bool(told) == (how != "empty") and all("wait queue" in error["what"] for error in told), told


def test_neither(whole, after):
    """Nothing is made up."""
    session = after(cut_files(whole, "bad slots") + cut_waiters(whole, "empty"))
    assert session.document["queues"] == []
    assert {error["what"].split(":")[0] for error in session.document["errors"]} != set()


def test_one_device_by_name(whole, after):
    """The selector takes the same two ways."""
    session = after(cut_files(whole, "no files"))
    document = json.loads(session.run("vhostq -j flags")[0])
    assert document["queues"] == [q for q in whole.document["queues"]
                                  if (q["device"], q["owner"]["comm"]) == ("flags", "vmm-first")]
