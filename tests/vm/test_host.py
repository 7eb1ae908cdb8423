# SPDX-License-Identifier: GPL-2.0-or-later
"""vhostq on hosts whose every queue was set up by us, against what was set and what drgn reads."""

import json
import re

import pytest
import scenes_host
import screens
from host_model import ACCESS_PLATFORM, RX
from host_session import PARTS, Session, against_drgn, bookkeeping
from lab import core

KERNELS = ("6.1", "5.10", "6.12", "7.3")
# Others, with what they open in full.
SESSIONS = [("7.2.9", "5.10"), ("8.0.2", "6.1"), ("8.0.6", "6.12"), ("9.0.2", "6.1")]

COUNTERS = ("kick", "call", "error")
# What became of a ring's pages: what is said of it.
WHY = {None: None, "forgotten": "not mapped by the owner", "swapped": "swapped out",
       "unmapped": "not in the iotlb"}


@pytest.fixture(scope="session", params=KERNELS)
def session(request, host_session):
    return host_session(request.param)


@pytest.fixture(scope="session")
def one_session(host_session):
    """For what does not depend on the kernel."""
    return host_session("6.1")


def differences(session, pairs) -> list:
    """Return a line for each (what, expected, shown) of each ring that differs."""
    wrong = []
    for expected, told, ring, queue in session.rings():
        for what, wanted, shown in pairs(expected, told, ring, queue):
            if wanted != shown:
                wrong.append(f"{ring.owner.process.name} {ring.owner.name} vq {ring.vq}: {what} is "
                             f"{shown!r}, not {wanted!r}")
    return wrong


def test_every_queue_once(session):
    """None missing, none twice, no errors: in whatever state its wait queue, tap and backend are."""
    document = session.document
    assert (document["schema"], document["command"], document["side"]) == ("vring/1", "vhostq", "host")
    assert document["release"] == session.host.kernel.release and document["errors"] == []
    addresses = [q["vhost_virtqueue"] for q in document["queues"]]
    assert len(set(addresses)) == len(addresses), "a queue twice"
    wanted = {(state["pid"], ring.expected(one)["desc"]): (told["name"], one["vq"])
              for state, told, one, ring in session.host.rings()}
    assert {wanted[key] for key in wanted.keys() - session.queues.keys()} == set(), "missing"
    assert {q["device"] for key, q in session.queues.items() if key not in wanted} == set(), "not ours"


def test_vhosts_own_indices(session):
    def pairs(expected, told, ring, queue):
        for name, value in expected.items():
            if value is not None:
                yield name, value, queue[name]
        yield "acked_features", hex(ring.owner.features), queue["acked_features"]
        yield "busyloop_timeout", 50 if ring.busy else 0, queue["busyloop_timeout"]
        yield "backend", ring.backend is not None, queue["backend"] is not None
    assert differences(session, pairs) == []


def test_words_in_the_owners_memory(session):
    """What the owner saw there itself, be it in pages that nobody may touch; null where none are."""
    def pairs(expected, told, ring, queue):
        shown, unseen = queue["ring"], told.get("unseen")
        yield "readable", unseen is None, shown["readable"]
        yield "why", WHY[unseen], shown["why"]
        for part in ("avail", "used"):
            yield part, dict.fromkeys(told[part]) if unseen else told[part], shown[part]
    assert differences(session, pairs) == []


def test_guest_addresses(session):
    def pairs(expected, told, ring, queue):
        behind_iommu = ring.owner.features & ACCESS_PLATFORM
        addresses = {part: expected[part] for part in PARTS}
        yield "dma", None if behind_iommu else told["gpa"], queue["dma"]
        yield "iova", addresses if behind_iommu else None, queue["iova"]
    assert differences(session, pairs) == []


def test_event_counts(session):
    def pairs(expected, told, ring, queue):
        for name in COUNTERS:
            yield name, told[name], queue[name]["eventfd_count"]
    assert differences(session, pairs) == []


def test_owner_and_worker(session):
    def pairs(expected, told, ring, queue):
        process = ring.owner.process
        yield "owner", (told["state"]["pid"], process.name), (queue["owner"]["pid"], queue["owner"]["comm"])
        yield "worker", (f"vhost-{told['state']['pid']}", "S"), (queue["worker"]["comm"], queue["worker"]["state"])
    assert differences(session, pairs) == []


def test_which_queue_of_which_tap(session):
    """By the guest's names: what vhost receives from the tap is the guest's rx."""
    def pairs(expected, told, ring, queue):
        bound = next((r for r in ring.owner.rings if r.backend), None)
        yield "vq", ring.vq, queue["vq"]
        if ring.owner.kind == "net" and bound:
            yield "device", bound.backend, queue["device"]
            yield "queue", f"{'rx' if ring.vq == RX else 'tx'}{bound.index}", queue["queue"]
            yield "queue_index", bound.index, queue["queue_index"]
            yield "detached", bound.detached, queue["detached"]
        else:
            yield "net_device", None, queue["net_device"]
    assert differences(session, pairs) == []


def test_waiting_packets(session):
    """In vhost's own queue and in the tap's ring, one of them full."""
    def pairs(expected, told, ring, queue):
        if ring.owner.kind != "net":
            return
        yield "pending", ring.waiting[0], queue["rxq"]["pending"]
        if ring.backend and ring.vq == RX:
            yield "tx_ring", ring.waiting[1], queue["tx_ring"]["used"]
        if ring.waiting[0]:
            # vhost waits for the guest, not for the tap: only the open file leads to it.
            yield "wait_entry", None, queue["wait_entry"]
            yield "backend_poll.wqh", None, queue["backend_poll"]["wqh"]
    assert differences(session, pairs) == []


def test_against_drgn(session):
    """Whatever both read, down to addresses that nobody could know beforehand."""
    # That none is missing is another test's.
    assert [line for key in session.second.keys() & session.queues.keys()
            for line in against_drgn(session.second[key], session.queues[key])] == []


def test_memory_regions(session):
    """In the order of the table, for each process its own."""
    _, process = session.host.process("vmm-second")
    state, _ = session.host.process("vmm-second")
    text, = session.run("vhostq -m huge")
    rows = [tuple(int(word, 16) for word in row)
            for row in re.findall(r"^([0-9a-f]{16}) ([0-9a-f]{16}) +([0-9a-f]+)$", text, re.M)]
    wanted = [tuple(int(region[key], 16) for key in ("gpa", "user", "size")) for region in state["regions"]]
    assert sorted(rows) == sorted(wanted) and len(process.regions) == len(rows)


def test_layout(one_session):
    """What leads to the rings, and what is not found where a kernel of another age has it."""
    text, = one_session.run("vhostq -l")
    found, _, missing = text.partition("\nNOT FOUND ")
    named = {name.partition(".")[0] for name in screens.layout(found)}
    assert {"vhost_virtqueue", "vhost_dev", "tun_file", "tap_queue", "task_struct", "sizeof(net_device)"} <= named
    assert "vring_virtqueue" not in named and re.search(r"^vhost_virtqueue\.worker +vhost +nothing", missing, re.M)


def test_taps_without_vhost(one_session):
    for name in ("persist", "plain"):
        text, = one_session.run(f"vhostq {name}")
        assert text.startswith("vhostq: ") and "has no vhost" in text, text
    # One in each of two namespaces.
    assert len(set(re.findall(r"net_device ([0-9a-f]+)", text))) == 2, text


def test_same_name_in_two_namespaces(one_session):
    document = json.loads(one_session.run("vhostq -j rx")[0])
    assert [(q["owner"]["comm"], q["queue"]) for q in document["queues"]] == [
        ("vmm-first", "rx0"), ("vmm-first", "tx0"), ("vmm-third", "rx0"), ("vmm-third", "tx0")]
    assert len({q["netns"] for q in document["queues"]}) == 2


def test_selectors(one_session):
    """By name, by every address, by owner and by worker: the same queues."""
    whole = one_session.document["queues"]
    tx = next(q for q in whole if (q["device"], q["queue"]) == ("starved", "tx0"))
    pair = {q["vhost_virtqueue"] for q in whole if q["device"] == "starved"}
    mine = {q["vhost_virtqueue"] for q in whole if q["owner"]["pid"] == tx["owner"]["pid"]}
    cases = {"starved": pair, "starved 0": pair, "starved tx": {tx["vhost_virtqueue"]},
             "starved tx0": {tx["vhost_virtqueue"]}, tx["net_device"]: pair, tx["vhost_net"][2:]: pair,
             tx["vhost_dev"]: pair, tx["vhost_virtqueue"]: {tx["vhost_virtqueue"]},
             f"-p {tx['owner']['pid']}": mine, f"-p {tx['worker']['pid']}": pair}
    outputs = one_session.run(*(f"vhostq -j {case}" for case in cases))
    shown = {case: {q["vhost_virtqueue"] for q in json.loads(text)["queues"]}
             for case, text in zip(cases, outputs, strict=True)}
    assert {case for case in cases if shown[case] != cases[case]} == set()


def cut(session, device: str, parts, scratch, how) -> Session:
    """Return a session on a core from which pages of a device's rings are cut (or zeroed)."""
    owner = session.host.process("vmm-first")[0]["pid"]
    pages = [int(q["physical"][part], 16) & ~0xFFF for (pid, _), q in session.second.items()
             for part in parts if pid == owner and q.get("tap", {}).get("device") == device]
    path = scratch / "core"
    if how == "punched":
        core.punch(session.core, path, [(page, core.PAGE) for page in pages])
    else:
        core.copy(session.core, path)
        for page in pages:
            core.write_phys(path, page, bytes(core.PAGE))
    return Session(session.host, session.crash, session.so, path)


@pytest.mark.parametrize("how", ["punched", "zeroed"])
def test_user_pages_not_in_the_dump(session, scratch, how):
    """The bookkeeping still prints, of all other rings everything; zeros are no ring."""
    holed = cut(session, "flags", ("avail", "used"), scratch, how)
    assert holed.queues.keys() == session.queues.keys()
    for key, queue in holed.queues.items():
        before, ring = session.queues[key], queue["ring"]
        assert bookkeeping(queue) == bookkeeping(before)
        if (queue["device"], queue["owner"]["comm"]) == ("flags", "vmm-first"):
            assert ring["readable"] is False and ring["why"], ring
            assert words(ring) == {None}, ring
        # Where pages are known to be missing, a ring that really is all zeros is in doubt too.
        elif how == "punched" or words(before["ring"]) != {0}:
            assert ring == before["ring"]


def words(ring) -> set:
    return {*ring["avail"].values(), *ring["used"].values()}


def test_used_page_alone_is_missing(one_session, scratch):
    """What is left of the ring is shown."""
    holed = cut(one_session, "flags", ("used",), scratch, "punched")
    queue = next(q for q in holed.document["queues"] if (q["device"], q["queue"]) == ("flags", "tx0"))
    assert queue["ring"]["readable"] is False and queue["ring"]["why"]
    assert queue["ring"]["avail"] == {"flags": 0, "idx": 11, "used_event": 0}


@pytest.mark.parametrize("name", KERNELS)
def test_held_worker_and_halted_owner(host_session, name):
    """A kick that nobody serves: the work is queued, and the worker's state says why."""
    session = host_session(name, "held", scenes_host.HELD)
    by_device = {(q["device"], q["queue"]): q for q in session.document["queues"]}
    tx = by_device["held", "tx0"]
    assert tx["kick_poll"]["queued"] is True and tx["worker"]["state"] == "R"
    assert (tx["last_avail_idx"], tx["ring"]["avail"]["idx"]) == (4, 9)
    assert by_device["held", "rx0"]["kick_poll"]["queued"] is False
    # Up to 6.3 a worker is a kernel thread, which nobody stops with its owner.
    tx = by_device["halted", "tx0"]
    served = tx["last_avail_idx"] == 9
    assert served == (name in ("5.10", "6.1")) and tx["ring"]["avail"]["idx"] == 9
    assert tx["owner"]["state"] == "T"
    assert (tx["worker"]["state"], tx["kick_poll"]["queued"]) == (("S", False) if served else ("T", True))

    def pairs(expected, told, ring, queue):
        return ((what, value, queue[what]) for what, value in expected.items() if value is not None)
    assert differences(session, pairs) == []


@pytest.fixture(scope="session")
def rare(host_session):
    return host_session("6.1", "rare", scenes_host.RARE)


def test_five_levels_of_page_tables_and_a_page_of_a_gigabyte(rare):
    with core.Core(rare.core) as saved:
        assert b"NUMBER(pgtable_l5_enabled)=1" in saved.notes, "four levels only"
    high, giant = ([q for q in rare.document["queues"] if q["device"] == name] for name in ("high", "giant"))
    assert len(high) == 2 and all(int(q["avail"], 16) >> 47 for q in high)
    # The kernel gives an address that is no multiple of its size to no such page.
    assert len(giant) == 2 and rare.host.process("vmm-giant")[0]["regions"][1]["user"].endswith("0000000")
    test_every_queue_once(rare)
    test_words_in_the_owners_memory(rare)
    test_vhosts_own_indices(rare)


def test_buffers_that_were_lent_to_the_network(rare):
    """Zero copy: taken by vhost, neither copied nor returned; or returned, through a second pair of indices."""
    lent, back = (next(q for q in rare.document["queues"] if (q["device"], q["queue"]) == (name, "tx0"))
                  for name in ("mv0", "returned"))
    assert (lent["last_avail_idx"], lent["last_used_idx"]) == (12, 0)
    assert (lent["upend_idx"], lent["done_idx"]) == (12, 0)
    # The stack copies what it takes in itself: vhost hears of it, and does not try again for a while.
    assert back["last_used_idx"] == 9 and 1 <= back["upend_idx"] == back["done_idx"]
    assert len(rare.second) == len(rare.document["queues"])
    test_against_drgn(rare)


def test_many_queues(host_session):
    """512 of them: all right, and none of it slow once the types are there."""
    session = host_session("6.1", "many", scenes_host.MANY)
    assert len(session.document["queues"]) == 2 * scenes_host.MANY_PAIRS
    test_vhosts_own_indices(session)
    test_words_in_the_owners_memory(session)
    once, often = (session.crash.run(session.core, session.host.kernel.vmlinux, ["vhostq > /dev/null"] * times,
                                     so=session.so, minimal=True, timeout=300).seconds for times in (1, 6))
    # Milliseconds are what it should take; the machine may be busy.
    assert often - once < 5, f"five more calls took {often - once:.1f} s"


@pytest.mark.parametrize("version, name", SESSIONS)
def test_full_sessions(crash, host_session, version, name):
    """Where crash itself knows modules and tasks, we find the same."""
    minimal = host_session(name)
    full = Session(minimal.host, crash(version), minimal.so, minimal.core, minimal=False)
    assert full.document == minimal.document
