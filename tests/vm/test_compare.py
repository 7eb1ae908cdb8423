# SPDX-License-Identifier: GPL-2.0-or-later
"""vring -c and vhostq -c: a guest's core and its host's, of one instant, and what is wrong between them."""

import copy
import json
import re
from dataclasses import dataclass
from pathlib import Path

import forge
import pytest
import scenes_nested
from lab import core, drgn

VERSION = "9.0.2"
PLACES = Path(__file__).parent / "vhost_places.py"
NET = list(scenes_nested.NAMES)
VSOCK = ["rx", "tx"]
# What vhost serves of a guest, in order.
NAMES = NET + VSOCK
# The control queue, all of a device without vhost, and what QEMU does itself for the vsock.
ALONE = ["ctrl", "rx0", "tx0", "ctrl", "event"]
MAC = "52:54:00:12:34:56"


@dataclass
class Both:
    """What each session says with the other side's document, and of documents that were edited."""

    guest: dict     # vring -j
    host: dict      # vhostq -j
    in_guest: list  # of vring -c host.json: text, document
    in_host: list   # of vhostq -c guest.json: the same
    more: dict      # {(command, name): the same}

    def ends(self) -> list:
        return [self.in_guest[1], self.in_host[1]]


def both_ways(command: str, path) -> list:
    return [f"{command} -c {path}", f"{command} -j -c {path}"]


def answer(outputs) -> list:
    return [outputs[0], json.loads(outputs[1])]


def pairs(document) -> dict:
    return {pair["guest"]["queue"]: pair for pair in document["compare"]["pairs"]}


def joint(pair) -> tuple:
    return pair["verdict"]["state"], pair["verdict"]["severity"], pair["at"]


@pytest.fixture(scope="module")
def folder(kernel, make_dump):
    one = kernel("6.1")
    return make_dump("nested-6.1", lambda f: scenes_nested.build(one, f))


@pytest.fixture(scope="module")
def places(kernel, folder):
    """{queue: (forge's places in the guest's core, the other end's in the host's)}, by drgn and addresses alone."""
    one = kernel("6.1")
    files = sorted((one.debugmods / "kernel/drivers").glob("vhost/vhost*.ko"))
    host = drgn.Drgn().run(PLACES, folder / "idle/core", one, *files)
    guest = forge.where(one, folder / "idle/a")[MAC]
    by_ring = {int(end["desc"]["gpa"], 16): end | {"vhost_virtqueue": addr} for addr, end in host.items()}
    return {name: (end, by_ring[end["desc"][0]]) for name, end in guest.items()}


@pytest.fixture(scope="module")
def sessions(kernel, crash, vring_so, tmp_path_factory):
    """sessions(inner, core, edits) -> Both; edits(guest's document) -> {name: what vhostq -c gets}"""
    one = kernel("6.1")

    def run(path, commands):
        result = crash(VERSION).run(path, one.vmlinux, commands, so=vring_so, minimal=True)
        assert len(result.outputs) == len(commands), result.stdout + result.stderr
        return result.outputs

    def look(inner, host_core, edits=None) -> Both:
        scratch = tmp_path_factory.mktemp("compare")
        guest_json, host_json = scratch / "guest.json", scratch / "host.json"
        host_json.write_text(run(host_core, ["vhostq -j"])[0])
        one = [f"{line} eth0 tx0" for line in both_ways("vring", host_json)]
        out = run(inner, [f"vring -a -j > {guest_json}", *both_ways("vring -a", host_json),
                          *both_ways("vring", guest_json), *one])
        in_guest, more = answer(out[1:3]), {("vring", "own side"): answer(out[3:5]),
                                            ("vring", "one queue"): answer(out[5:7])}
        documents = [json.loads(path.read_text()) for path in (guest_json, host_json)]
        files = {"plain": guest_json, "own side": host_json}
        for name, content in (edits(documents[0]) if edits else {}).items():
            files[name] = scratch / name.replace(" ", "-")
            if content is not None:
                files[name].write_text(content if isinstance(content, str) else json.dumps(content))
        # A queue of the host is meant by its own address.
        tx0 = queue_of(documents[1], "tx0")["vhost_virtqueue"].removeprefix("0x")
        one = [f"{line} {tx0}" for line in both_ways("vhostq", guest_json)]
        out = run(host_core, [*(line for path in files.values() for line in both_ways("vhostq", path)), *one])
        more |= {("vhostq", name): answer(out[2 * n:2 * n + 2]) for n, name in enumerate([*files, "one queue"])}
        return Both(*documents, in_guest, more["vhostq", "plain"], more)
    return look


# ---- documents beside the idle pair ------------------------------------------------------

def queue_of(document, name) -> dict:
    return next(q for q in document["queues"] if q["queue"] == name)


def edited(document, name, change) -> dict:
    other = copy.deepcopy(document)
    change(queue_of(other, name))
    return other


def returned(count: int, **more):
    """The guest has not yet reaped what it has been told of."""
    def change(q):
        q["last_used_idx"] -= count
        q["avail"]["used_event"] = q["last_used_idx"]
        q["driver_pending"] += count
        q["in_flight"] += count
        q["num_free"] -= count
        for name, value in more.items():
            q[name] = q[name] | value if isinstance(value, dict) else value
    return change


def published(count: int):
    def change(q):
        q["avail"]["idx"] += count
        q["in_flight"] += count
        q["device_pending"] += count
        q["num_free"] -= count
    return change


def judged(state: str):
    def change(q):
        q["verdict"] = {"state": state, "severity": "error", "reasons": []}
    return change


def twin(document, shift: int) -> dict:
    """The device a second time, under another name, its indices shifted."""
    other = copy.deepcopy(document)
    for q in (q for q in document["queues"] if q["device"] == "eth0"):
        q = copy.deepcopy(q) | {"device": "twin", "virtio_device": "0xffff888000001000",
                                "net_device": "0xffff888000002000"}
        q["avail"]["idx"] = (q["avail"]["idx"] + shift) % 65536
        q["used"]["idx"] = (q["used"]["idx"] + shift) % 65536
        other["queues"].append(q)
    return other


# What is no document of the other side, and what the one line about it says.
BROKEN = {"empty": ("", "is empty"), "none": (None, "cannot be read"), "prose": ("tx0 is fine\n", ""),
          "a list": ("[]", "one object"), "an object": ("{}", "schema"),
          "another schema": ({"schema": "vring/2", "command": "vring", "queues": []}, "'vring/2'"),
          "another command": ({"schema": "vring/1", "command": "vqwalk", "walks": []}, "not what vring -j"),
          "no queues": ({"schema": "vring/1", "command": "vring", "queues": None}, "not what vring -j"),
          "deep": ("[" * 100000, "")}

# {what is edited of the guest's document: (queue, change, joint verdict)}; the host's core is as it was.
EDITS = {
    "polling": ("rx0", returned(3, napi={"scheduled": True}), ("active", "ok", "guest NAPI")),
    "unheard": ("rx0", returned(3), ("lost-interrupt", "warn", "interrupt")),
    "unasked": ("rx1", returned(3, avail_flags_shadow=1), ("idle", "ok", "nobody")),
    "broken": ("tx0", judged("broken"), ("broken", "error", "guest driver")),
    "corrupt": ("tx1", judged("corrupt"), ("corrupt", "error", "ring")),
    "later": ("tx0", published(3), ("lost-kick", "info", "kick")),
}


@pytest.fixture(scope="module")
def idle(sessions, folder, busy_tap, crash, vring_so):
    foreign = crash(VERSION).run(busy_tap.core, busy_tap.kernel.vmlinux, ["vring -j"], so=vring_so, minimal=True)

    def edits(guest):
        made = {name: edited(guest, queue, change) for name, (queue, change, _) in EDITS.items()}
        return made | {name: content for name, (content, _) in BROKEN.items()} | {
            "cut off": json.dumps(guest)[:-100], "foreign": foreign.outputs[0], "twins": twin(guest, 0),
            "twin of another moment": twin(guest, 9000)}
    return sessions(folder / "idle/a", folder / "idle/core", edits)


@pytest.fixture(scope="module")
def busy(sessions, folder):
    return sessions(folder / "busy/a", folder / "busy/core")


@pytest.fixture(params=["idle", "busy"])
def both(request):
    return request.getfixturevalue(request.param)


def test_pairs_are_those_of_the_addresses(both, places):
    """What drgn and vhost's table of memory say, from either side."""
    by_name = {q["queue"]: q["vring_virtqueue"] for q in both.guest["queues"] if q["device"] == "eth0"}
    for document in both.ends():
        assert document["schema"] == "vring/1" and document["live"] is False and document["errors"] == []
        seen = pairs(document)
        assert list(seen) == NAMES
        for name in NET:
            netns = [queue_of(own, name)["netns"] for own in (both.guest, both.host)]
            assert seen[name]["host"] == {"device": "tap0", "netns": netns[1], "queue": name,
                                          "vhost_virtqueue": places[name][1]["vhost_virtqueue"]}
            assert seen[name]["guest"] == {"device": "eth0", "netns": netns[0], "queue": name,
                                           "vring_virtqueue": by_name[name]}
        assert [(seen[name]["host"]["device"], seen[name]["host"]["queue"]) for name in VSOCK] == [
            ("vhost-vsock", name) for name in VSOCK]
        rest = document["compare"]
        assert [q["queue"] for q in rest["guest_alone"]] == ALONE
        assert (rest["host_alone"], rest["ambiguous"], rest["gave_up"]) == ([], [], False)


def test_healthy_pairs_raise_no_alarm(both):
    for document in both.ends():
        for name, pair in pairs(document).items():
            assert pair["same_moment"] is True, name
            assert pair["verdict"]["severity"] in ("ok", "info"), (name, pair)


def test_both_ways_round_say_the_same(both):
    assert both.in_guest[1]["compare"] == both.in_host[1]["compare"]
    assert both.in_guest[0] == both.in_host[0]
    assert [d["side"] for d in both.ends()] == ["guest", "host"]


RING = {"avail->idx": ("avail", "idx"), "avail->flags": ("avail", "flags"), "used_event": ("avail", "used_event"),
        "used->idx": ("used", "idx"), "used->flags": ("used", "flags"), "avail_event": ("used", "avail_event")}
DRIVER = ("last_used_idx", "num_added", "num_free")
VHOST = ("avail_idx", "last_avail_idx", "last_used_idx", "signalled_used", "used_flags")


def words_of(text: str) -> dict:
    """{queue: {word: value}} of the text, the host's with 'host ' before it."""
    found = {}
    for block in re.split(r"^(?=\S.*  vring_virtqueue )", text, flags=re.M)[1:]:
        device, name = block.split()[:2]
        if device != "eth0":
            continue
        found[name] = {}
        for row in re.findall(r"^    (\S+) +(\d+|-)    (\S+) +(\d+|-)(?:  differs)?$", block, re.M):
            found[name] |= {row[0]: row[1], f"host {row[2]}": row[3]}
        for who, prefix in (("driver", ""), ("vhost", "host ")):
            (line,) = re.findall(rf"^    {who} +(.*)$", block, re.M)
            found[name] |= {prefix + word: value for word, value in (part.split(" ") for part in line.split("   "))}
    return found


def test_words_stand_side_by_side(both):
    """Each side's own words, as its document has them, in the text and in the pair."""
    words = words_of(both.in_guest[0])
    assert list(words) == NET
    for name, row in words.items():
        guest, host = queue_of(both.guest, name), queue_of(both.host, name)
        wanted = {word: guest[part][member] for word, (part, member) in RING.items()}
        wanted |= {f"host {word}": host["ring"][part][member] for word, (part, member) in RING.items()}
        wanted |= {word: guest[word] for word in DRIVER} | {f"host {word}": host[word] for word in VHOST}
        counts = {"kicks": host["kick"]["eventfd_count"], "calls": host["call"]["eventfd_count"]}
        wanted |= {f"host {word}": value for word, value in counts.items()}
        assert row == {word: "-" if value is None else str(value) for word, value in wanted.items()}, name
        ring = {part: {member: guest[part][member] for p, member in RING.values() if p == part}
                for part in ("avail", "used")}
        assert pairs(both.in_guest[1])[name]["words"] == {
            "guest": ring | {word: guest[word] for word in DRIVER},
            "host": {part: host["ring"][part] for part in ring} | {word: host[word] for word in VHOST} | counts}
    assert "guest: eth0 ctrl has no partner" in both.in_guest[0]
    assert "\n6 pairs; 6 queues, nothing wrong seen" in both.in_guest[0]


@pytest.mark.parametrize("command", ["vring", "vhostq"])
def test_one_queue_is_compared_by_its_whole_device(both, command):
    """The same pair as in the whole comparison, and nothing of what else there is."""
    text, document = both.more[command, "one queue"]
    whole = next(d for d in both.ends() if d["command"] == command)
    assert document["compare"] == {"pairs": [pairs(whole)["tx0"]], "ambiguous": [], "guest_alone": [],
                                   "host_alone": [], "gave_up": False}
    assert text.count(" <-> ") == 1 and "\n1 pair; " in text and "no partner" not in text


def test_idle_pairs_wait_for_nobody(idle):
    assert {name: joint(pair) for name, pair in pairs(idle.in_guest[1]).items()} == dict.fromkeys(
        NAMES, ("idle", "ok", "nobody"))


@pytest.mark.parametrize("name", EDITS)
def test_one_thing_wrong_in_the_guest(idle, name):
    queue, _, wanted = EDITS[name]
    text, document = idle.more["vhostq", name]
    seen = {other: joint(pair) for other, pair in pairs(document).items()}
    assert seen == dict.fromkeys(NAMES, ("idle", "ok", "nobody")) | {queue: wanted}
    assert f"together: {wanted[0]} ({wanted[1]}), it is at: {wanted[2]}" in text
    assert [n for n, pair in pairs(document).items() if not pair["same_moment"]] == [queue] * (name == "later")


def test_a_foreign_guest_has_no_partner(idle):
    text, document = idle.more["vhostq", "foreign"]
    rest = document["compare"]
    assert (rest["pairs"], rest["ambiguous"]) == ([], [])
    assert [q["queue"] for q in rest["host_alone"]] == NAMES and len(rest["guest_alone"]) == 9
    assert text.count(" has no partner") == len(NAMES) + 9
    assert "\n0 pairs; nothing of the one side is the other end of the other's: guest '" in text


def test_twins_are_not_joined(idle):
    text, document = idle.more["vhostq", "twins"]
    rest = document["compare"]
    assert list(pairs(document)) == VSOCK and [q["queue"] for q in rest["host_alone"]] == NET
    assert [(c["guest"], c["host"], c["plausible"]) for c in rest["ambiguous"]] == [
        ("eth0", "tap0", True), ("twin", "tap0", True)]
    assert len(re.findall(r"^(?:eth0|twin) may be tap0 of \d+ \(qemu-system-x86\): so may others", text, re.M)) == 2


def test_indices_tell_twins_apart(idle):
    text, document = idle.more["vhostq", "twin of another moment"]
    assert list(pairs(document)) == NAMES
    assert {pairs(document)[name]["guest"]["device"] for name in NET} == {"eth0"}
    assert [(c["guest"], c["plausible"]) for c in document["compare"]["ambiguous"]] == [("twin", False)]
    assert "twin may be tap0" in text and "the addresses fit, the indices do not" in text


@pytest.mark.parametrize("key", [*(("vhostq", name) for name in [*BROKEN, "cut off", "own side"]),
                                 ("vring", "own side")], ids=" ".join)
def test_no_document(idle, key):
    """One line says what it is, and -j makes a document of it."""
    text, document = idle.more[key]
    wanted = BROKEN.get(key[1], (None, ""))[1]
    assert re.fullmatch(rf"{key[0]}: /\S+: .+\n", text) and wanted in text, text
    if key[1] == "own side":
        assert f"what {'vring' if key[0] == 'vhostq' else 'vhostq'} -j wrote" in text
    assert (document["schema"], document["command"]) == ("vring/1", key[0])
    (error,) = document["errors"]
    assert error["what"].strip() in text and "compare" not in document


# ---- faults in both cores ----------------------------------------------------------------

class Ends:
    """Both ends of one queue, to change; what the guest shares is copied to where QEMU has it."""

    def __init__(self, place, inner: core.Core, host: core.Core):
        self.guest, self.where, self.core = forge.Place(place[0], inner), place[1], host

    def host(self, **members) -> None:
        for name, value in members.items():
            phys, size = self.where[name]
            self.core.write(phys, value.to_bytes(size, "little"))

    def share(self) -> None:
        for part in ("desc", "avail", "used"):
            # All of a ring of 256 lies in two pages.
            page = self.guest.where[part][0] & ~0xFFF
            self.core.write(self.where[part]["phys"] & ~0xFFF, self.guest.file.read(page, core.PAGE))


def not_taken(ends) -> None:
    """Three more are published, and vhost sleeps with notifications on."""
    for _ in range(3):
        forge._add(ends.guest, True, True)
        ends.guest.avail_idx(ends.guest.avail_idx() + 1)


def not_reaped(ends) -> None:
    """Three more are returned and signalled; NAPI does not know."""
    for _ in range(3):
        forge._used_element(ends.guest, ends.guest.held())
    used = ends.guest.used_idx()
    ends.host(last_avail_idx=used, last_used_idx=used, signalled_used=used)


def no_buffers(ends) -> None:
    """All are used and reaped, none is posted, and packets go on coming."""
    guest = ends.guest
    while guest.used_idx() != guest.avail_idx():
        forge._get(guest, True)
        guest.member("last_used_idx", guest.used_idx())
    used = guest.used_idx()
    guest._word("avail", 4 + 2 * guest.num, used)
    ends.host(last_avail_idx=used, avail_idx=used, last_used_idx=used, signalled_used=used, used_flags=0, rxq_tail=5)


def no_backend(ends) -> None:
    """Three more are published, and nobody is left to take them. A guest that is paused has no backend either."""
    not_taken(ends)
    ends.host(private_data=0)


FAULTS = {"tx0": (not_taken, ("lost-kick", "warn", "kick")),
          "rx0": (not_reaped, ("lost-interrupt", "warn", "interrupt")),
          "rx1": (no_buffers, ("rx-starved", "warn", "guest driver")),
          "tx1": (no_backend, ("stopped", "warn", "backend"))}


@pytest.fixture(scope="module")
def faulty(sessions, folder, places, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("faulty")
    inner = core.copy(folder / "idle/a", scratch / "inner")
    host = core.copy(folder / "idle/core", scratch / "core")
    with core.Core(inner, writable=True) as a, core.Core(host, writable=True) as b:
        for name, (change, _) in FAULTS.items():
            ends = Ends(places[name], a, b)
            change(ends)
            ends.share()
    try:
        yield sessions(inner, host)
    finally:
        # pytest keeps its temporary folders; these are big.
        inner.unlink()
        host.unlink()


def test_faults_together(faulty):
    for text, document in (faulty.in_guest, faulty.in_host):
        assert {name: joint(pair) for name, pair in pairs(document).items()} == {
            name: wanted for name, (_, wanted) in FAULTS.items()} | dict.fromkeys(VSOCK, ("idle", "ok", "nobody"))
        assert all(pair["same_moment"] for pair in pairs(document).values())
        for word, severity, at in (wanted for _, wanted in FAULTS.values()):
            assert f"together: {word} ({severity}), it is at: {at}\n" in text
    assert faulty.in_guest[1]["compare"] == faulty.in_host[1]["compare"]


def test_faults_leave_the_ends_sound(faulty):
    """The lab's own check: what was written into the cores is no corruption."""
    shown = {(d["side"], q["queue"]): q["verdict"]["state"] for d in (faulty.guest, faulty.host) for q in d["queues"]}
    assert not {"corrupt", "broken", "unreadable"} & set(shown.values()), shown
