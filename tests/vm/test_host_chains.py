# SPDX-License-Identifier: GPL-2.0-or-later
"""vhostq -d: the chains that vhost holds, against what was put into the rings."""

import json
import re

import pytest
from host_model import IN_TABLE, WRITE

# User memory is the same everywhere; the way there is not.
KERNELS = ("6.1", "7.3")


@pytest.fixture(scope="module", params=KERNELS)
def session(request, host_session):
    return host_session(request.param)


def published(session):
    """Yield (name, what is told of a ring, its chains as they must be, its queue by vhostq) of each."""
    for state, _, one, ring in session.host.rings():
        # It must be asked for first: it finds out how much has come back.
        expected = ring.expected(one)
        name = f"{ring.owner.process.name} {ring.owner.name} vq {ring.vq}"
        yield name, one, ring.held(), session.chains[state["pid"], expected["desc"]]


def test_heads_places_and_ends(session):
    """Of every ring: which descriptors, in which order, and why a chain ends where it does."""
    wrong = []
    for name, told, wanted, queue in published(session):
        if "unseen" in told:
            wanted = None
        elif wanted is None and told["used_base"] != told["base"]:
            # What the two started with apart was never put there.
            continue
        shown = queue["chains"] and [
            (chain["head"], [("table" if d["indirect"] else "ring", d["index"]) for d in chain["desc"]],
             chain["stop"]) for chain in queue["chains"]]
        if shown != wanted:
            wrong.append(f"{name}: {shown}, not {wanted}")
    assert wrong == []


def test_every_descriptor(session):
    """Its members are those that the owner put there."""
    seen = 0
    for name, told, wanted, queue in published(session):
        if "desc" not in told:
            continue
        for chain in queue["chains"]:
            table = None
            for d in chain["desc"]:
                source = table if d["indirect"] else told["desc"]
                assert [int(d["addr"], 16), d["len"], d["flags"], d["next"]] == source[d["index"]], (name, d)
                if d["flags"] & IN_TABLE and not d["indirect"]:
                    table = told["tables"].get(str(int(d["addr"], 16)))
                seen += 1
            # Totals: what is in a table counts, the descriptor that leads there does not.
            plain = [d for d in chain["desc"] if not d["flags"] & IN_TABLE]
            assert chain["readable"] == sum(d["len"] for d in plain if not d["flags"] & WRITE), (name, chain)
            assert chain["writable"] == sum(d["len"] for d in plain if d["flags"] & WRITE), (name, chain)
    # 256 of them in a circle.
    assert seen > 300


def test_bus_addresses(session):
    for name, _, _, queue in published(session):
        assert queue["bus_addresses"] is ("iommu" in name or "unmapped" in name), name
        assert queue["chains_capped"] is False


def test_an_index_that_cannot_be(session):
    document = json.loads(session.run("vhostq -d -j bad-index")[0])
    assert [queue["chains"] for queue in document["queues"]] == [[], None]
    assert [error["where"] for error in document["errors"]] == ["bad-index tx0"]
    assert "300" in document["errors"][0]["what"] and "256" in document["errors"][0]["what"]


def test_in_words(session):
    """A chain as text: each descriptor on its line, those of a table further in, and what is wrong."""
    text, = session.run("vhostq -d chains tx0")
    (told, queue), = [(told, queue) for name, told, _, queue in published(session) if name.endswith("chains vq 1")]
    blocks = re.findall(r"^    head (\d+): (.*)\n((?:      .*\n)*)", text, re.M)
    assert [int(head) for head, _, _ in blocks] == [chain["head"] for chain in queue["chains"]]
    assert blocks[2][1] == "5 descriptors, 72 bytes to read, 0 to write"
    lines = blocks[2][2].splitlines()
    assert lines[0].split() == ["6", "addr", f"{told['desc'][6][0]:x}", "len", "64", "flags", "4", "INDIRECT",
                                "next", "0"]
    assert [len(line) - len(line.lstrip()) for line in lines] == [10, 12, 12, 12, 12]
    text, = session.run("vhostq -d broken tx0")
    assert "head 256: 0 descriptors, 0 bytes to read, 0 to write; stopped: index out of range" in text
    assert "head 51: 2 descriptors, 0 bytes to read, 0 to write; stopped: indirect table inside an indirect table" in text
