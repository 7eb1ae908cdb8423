# SPDX-License-Identifier: GPL-2.0-or-later
"""Queues of all kinds at one instant, many of them with something in flight: all that vring says of
each, against QEMU, drgn and the bare core."""

import re

import agree
import pytest
import screens

SCENES = [("mixed", "6.1"), ("mixed", "5.10"), ("mixed", "6.12"), ("mixed", "7.3"),
          # No other kernel has these.
          pytest.param(("in_order", "7.3"), marks=pytest.mark.smoke)]


@pytest.fixture(scope="module", params=SCENES, ids="-".join)
def shown(request, virtio_shown_of):
    return virtio_shown_of(*request.param)


def none_wrong(shown, check):
    """Run a check on each queue; it returns what is wrong."""
    wrong = [f"{queue}: {line}" for queue in shown.queues for line in check(queue)]
    assert not wrong, "\n".join(["disagreements:", *wrong])


def test_contract(shown):
    assert shown.document["errors"] == []
    assert shown.document["release"] == shown.scene.dump.kernel.release
    assert not agree.with_contract(shown.document)


def test_what_drgn_reads(shown):
    none_wrong(shown, lambda queue: agree.queue_with_drgn(queue.ours, queue.drgn))


def test_what_qemu_knows(shown):
    none_wrong(shown, lambda queue: agree.queue_with_qemu(queue.ours, queue.qemu))


def test_what_is_in_memory(shown):
    """The words that both sides share, and the counts."""
    none_wrong(shown, lambda q: agree.with_walk(q.ours, q.drgn, q.words, q.walk) if q.walk else
               agree.with_memory(q.ours, q.words))


def test_chains(shown):
    """Each buffer that the device holds, with indirect tables: by QEMU in split rings, by the core in packed ones."""
    none_wrong(shown, lambda q: agree.chains_with_walk(q.ours, q.walk) if q.walk else
               agree.chains_with_qemu(q.ours, q.qemu, q.words))


def test_verdicts(shown):
    """Only what was stalled on purpose is in trouble, or will be soon: nobody reads from these three peers."""
    for queue in shown.queues:
        verdict = queue.ours["verdict"]
        if queue.ident.startswith("stalled") and queue.ours["queue"] == "tx0":
            assert verdict["state"] == "ring-full", (str(queue), verdict)
        else:
            assert verdict["severity"] in ("ok", "info"), (str(queue), verdict)


def test_sums_of_chains(shown):
    """What a chain has to read and to write adds up, whatever is in it."""
    for queue in shown.queues:
        for chain in queue.ours["chains"]:
            parts = [part for part in chain["desc"] if not part["flags"] & 4]
            assert chain["readable"] == sum(p["len"] for p in parts if not p["flags"] & 2), (str(queue), chain)
            assert chain["writable"] == sum(p["len"] for p in parts if p["flags"] & 2), (str(queue), chain)


def test_picture(shown):
    """One character a descriptor."""
    for queue in shown.queues:
        picture = "".join(re.findall(r"^ +\d+ ([.Du?+]+)$", queue.block, re.M))
        told = re.search(r"free (\d+), D with the device (\d+), u returned and not reaped (\d+)", queue.block)
        assert "?" not in picture
        per = re.search(r"; (\d+) a character", queue.block)
        assert len(picture) * int(per[1] if per else 1) >= queue.drgn["num"] > (len(picture) - 1) * int(
            per[1] if per else 1)
        assert sum(map(int, told.groups())) == queue.drgn["num"], str(queue)
        if not per:
            assert [picture.count(mark) for mark in ".Du"] == [int(count) for count in told.groups()], str(queue)


def test_table_is_the_same(shown):
    rows = {row["address"]: row for _, row in screens.rows(shown.table)}
    assert len(rows) == len(shown.queues)
    none_wrong(shown, lambda queue: agree.with_table(queue.ours, rows[int(queue.drgn["vring_virtqueue"], 16)]))


CHAIN = re.compile(r"^    (?:head|slot) (\d+|-)(?:, id (\d+))?: (\d+) descriptors?, (\d+) bytes to read, (\d+) to write"
                   r"(?:; stopped: (.*))?\n((?:      .*\n)*)", re.M)
PART = re.compile(r"^ +(\d+)  addr ([0-9a-f]+)  len (\d+)  flags (\d+)(?: [A-Z ]+)?  (?:next|id) (\d+)$", re.M)


def test_chains_in_text(shown):
    """vring -d says the same as vring -d -j."""
    for queue in shown.queues:
        packed = queue.drgn["layout"] == "packed"
        chains = []
        for head, ident, count, readable, writable, stop, parts in CHAIN.findall(queue.block):
            found = [tuple(int(word, 16 if n == 1 else 10) for n, word in enumerate(part))
                     for part in PART.findall(parts)]
            assert len(found) == int(count), (str(queue), parts)
            chains.append((None if head == "-" else int(head), int(ident or head), int(readable), int(writable),
                           stop or "end", found))
        wanted = [(c["head"], c["id"], c["readable"], c["writable"], c["stop"],
                   [(p["index"], int(p["addr"], 16), p["len"], p["flags"], p["id" if packed else "next"])
                    for p in c["desc"]]) for c in queue.ours["chains"]]
        assert chains == wanted, str(queue)


def test_hops_lead_to_the_rings(shown):
    """vqwalk by the queue's address: each hop begins where an earlier one led, and ends where drgn ends."""
    for queue in shown.queues:
        second = queue.drgn
        parts = [second["desc"], *(second[part]["addr"] for part in ("driver", "device"))] if queue.walk else [
            second[part] for part in ("desc", "avail", "used")]
        reached = {queue.hops[0]["address"]}
        for hop in queue.hops:
            assert hop["address"] in reached, (str(queue), hop)
            reached.add(hop["next"])
        assert {second["vring_virtqueue"], *parts} <= reached, str(queue)
        ends = {(hop["struct"], hop["member"].split(".")[-1]): hop["next"] for hop in queue.hops if hop["member"]}
        names = ("desc", "driver", "device") if queue.walk else ("desc", "avail", "used")
        assert [ends["vring_virtqueue", name] for name in names] == parts, str(queue)
