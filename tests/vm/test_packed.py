# SPDX-License-Identifier: GPL-2.0-or-later
"""Packed rings: positions, wrap counters, event areas, and buffers that come back in any order.

That every queue's values are right is tested in test_virtio_zoo.py; here is what is peculiar to
packed rings, and that the guests have all of it.
"""

import json
import re

import packed
import pytest
import screens
from lab import core
from scenes_virtio import HELD, NICS, SCSI_SIZE
from test_vqwalk import printed, steps, words_read
from virtio_shown import CRASH

SCENES = [("mixed", "6.1"), ("mixed", "5.10"), ("mixed", "6.12"), ("mixed", "7.3"),
          # No other kernel has these.
          pytest.param(("in_order", "7.3"), marks=pytest.mark.smoke)]


@pytest.fixture(scope="module", params=[scene for scene in SCENES if scene[0] == "mixed"], ids="-".join)
def mixed(request, virtio_shown_of):
    return virtio_shown_of(*request.param)


@pytest.fixture(scope="module", params=SCENES, ids="-".join)
def shown(request, virtio_shown_of):
    return virtio_shown_of(*request.param)


@pytest.fixture(scope="module")
def plain(virtio_shown_of):
    """The guest for what need not be tried on every kernel."""
    return virtio_shown_of("mixed", "6.1")


def packed_nets(shown) -> list:
    """Return the packed queues of net devices, without those for control."""
    return [q for q in shown.queues if q.walk and q.ident in NICS and q.ours["queue"] != "ctrl"]


# ---- that the guest has everything --------------------------------------------------------------

def test_features(mixed):
    for queue in mixed.queues:
        made, names = queue.ident.split("-"), queue.ours["feature_names"]
        if made[0] in ("net", "stalled", "blk"):
            assert ("RING_PACKED" in names) == ("packed" in made) == (queue.ours["layout"] == "packed"), str(queue)
            for feature in ("INDIRECT_DESC", "EVENT_IDX"):
                assert (feature in names) == ("plain" not in made), str(queue)
        assert "IN_ORDER" not in names and queue.ours["in_order"] is False


def test_sizes(mixed):
    """From 6.2 on a packed ring's size need not be a power of two."""
    wanted = SCSI_SIZE[mixed.scene.dump.kernel.name]
    assert [mixed.of("scsi", n).ours["num"] for n in range(3)] == [wanted] * 3
    assert mixed.of("blk-packed").ours["num"] == 64


def test_wrap_counters(mixed):
    """Both sides have gone around, and both counters are seen in both states."""
    seen = [(q.ours["packed"]["avail_wrap_counter"], q.ours["packed"]["used_wrap_counter"])
            for q in packed_nets(mixed)]
    assert set(seen) == {(0, 0), (0, 1), (1, 0), (1, 1)}, seen
    for number in range(2):
        receive = mixed.of("net-packed", 2 * number).ours["packed"]
        assert receive["next_avail_idx"] != receive["device_idx"] or (
            receive["avail_wrap_counter"] != receive["device_wrap_counter"])
    assert all(q.drgn["num_free"] < 256 for q in packed_nets(mixed) if q.ours["queue"].startswith("rx"))


def test_states(mixed):
    """Full rings, buffers that came back and nobody has taken, others that wait behind those that came later."""
    for ident in ("stalled-packed", "stalled-packed-plain"):
        full = mixed.of(ident, 1).ours
        assert full["netdev_queue"]["stopped"] and full["num_free"] < 19 and full["device_pending"] > 100
    assert mixed.of("net-packed-big", 1).ours["driver_pending"] > 0
    assert mixed.of("serial", 5).ours["num_free"] == 0
    for ident in ("blk-packed", "blk-packed-plain"):
        held = mixed.of(ident).walk.held
        assert sum(not buffer.whole for buffer in held) and sum(buffer.whole for buffer in held) >= HELD[1]
        assert len(held) > sum(HELD)
    # An id that is in use for the second time: its first buffer's descriptors are still there.
    ring = mixed.of("blk-packed").words["ring"]
    device, end = mixed.of("blk-packed").walk.device[0], mixed.of("blk-packed").drgn["next_avail_idx"]
    ids = [ring[slot].id for slot in range(device, end)]
    assert len(set(ids)) < len(ids), ids


def test_chains_of_every_kind(mixed):
    """In tables and side by side, to read and to write, around the end of the ring."""
    def lengths(ident, number=0):
        return {len(chain["desc"]) for chain in mixed.of(ident, number).ours["chains"]}

    assert {1, 3} <= lengths("stalled-packed", 1) and {1, 2} <= lengths("stalled-packed-plain", 1)
    big = lengths("net-packed-big").pop()
    assert big > 17 and lengths("net-packed-plain") == {big - 1}
    assert max(lengths("blk-packed")) > 5 and max(lengths("blk-packed-plain")) > 5
    around = [chain for chain in mixed.of("net-packed-plain").ours["chains"]
              if chain["desc"][0]["index"] > chain["desc"][-1]["index"]]
    assert len(around) == 1 and around[0]["desc"][0]["index"] == around[0]["head"]


# ---- positions by other means ----------------------------------------------------------------------

def test_positions_are_what_the_packets_add_up_to(shown):
    """Where the driver reaps next follows from the packets that it has taken back, and their size in slots."""
    counts = {q["vring_virtqueue"]: q["packets"] for device in shown.scene.devices for q in device["queues"]
              if "packets" in q}
    for queue in packed_nets(shown):
        sizes = set(queue.drgn["outstanding"].values()) or {1}
        if queue.ident in ("net-packed-plain", "stalled-packed-plain") and queue.ours["queue"] == "tx0":
            continue  # Frames of different sizes.
        assert len(sizes) == 1, str(queue)
        rounds, slot = divmod(counts[queue.drgn["vring_virtqueue"]] * sizes.pop(), queue.drgn["num"])
        words = queue.ours["packed"]
        assert (words["last_used_idx"], words["used_wrap_counter"]) == (slot, (rounds + 1) % 2), str(queue)


def position(queue, place: int, wrap: int) -> int:
    """Return the steps to a position from where the driver reaps next; those behind it come last."""
    num, base = queue.drgn["num"], (queue.drgn["last_used_idx"], queue.drgn["used_wrap_counter"])
    return packed.distance(num, base, (place, wrap)) % (2 * num)


def test_notifications(shown):
    """Both decisions by chapter 2.8.10: at once, never, or once a position is passed."""
    for queue in (q for q in shown.queues if q.walk):
        words, ours = queue.words, queue.ours
        device = position(queue, *queue.walk.device)
        avail = len(queue.words["ring"]) if queue.drgn["num_free"] == 0 else position(
            queue, queue.drgn["next_avail_idx"], queue.drgn["avail_wrap_counter"])
        assert queue.drgn["num_added"] == 0 and ours["kick"]["due"] is False, str(queue)
        # What the driver wants is in its shadow: it does not always take the trouble to write it down.
        wishes = {"kick": words["device"]["flags"], "interrupt": queue.drgn["event_flags_shadow"]}
        event = {}
        for name, area in (("kick", words["device"]), ("interrupt", words["driver"])):
            by_event, at = wishes[name] == packed.DESC, area["off_wrap"] & 0x7FFF
            event[name] = position(queue, at, area["off_wrap"] >> 15) if by_event else None
            assert ours[name]["mode"] == ("event_idx" if by_event else "flags"), (str(queue), name)
            assert ours[name]["event"] == (at if by_event else None), (str(queue), name)
        quiet = wishes["kick"] == packed.DISABLE if event["kick"] is None else not device <= event["kick"] <= avail
        assert ours["kick"]["suppressed"] == quiet, str(queue)
        off = wishes["interrupt"] == packed.DISABLE
        assert ours["interrupt"]["suppressed"] == off, str(queue)
        passed = event["interrupt"] is None or event["interrupt"] < device
        assert ours["interrupt"]["due"] == (not off and bool(queue.walk.returned) and passed), str(queue)


# ---- text ------------------------------------------------------------------------------------------

MODES = {packed.ENABLE: "ENABLE", packed.DISABLE: "DISABLE", packed.DESC: "DESC"}


def test_full_block(shown):
    """The driver's positions with their wrap counters, the device's, and both event areas in words."""
    for queue in (q for q in shown.queues if q.walk):
        second, words, block = queue.drgn, queue.words, queue.block
        slot, wrap = queue.walk.device
        wanted = [
            f"  num {second['num']}  packed",
            f"    num_free {second['num_free']}   free_head {second['free_head']}   num_added {second['num_added']}\n",
            f"    next_avail_idx {second['next_avail_idx']} (wrap {second['avail_wrap_counter']})"
            f"   last_used_idx {second['last_used_idx']} (wrap {second['used_wrap_counter']})\n",
            f"    event_flags_shadow {second['event_flags_shadow']} (",
            f"    next to be returned at slot {slot} (wrap {wrap})\n",
        ]
        for area, writer, about in (("driver", "driver", "interrupts"), ("device", "device", "kicks")):
            off_wrap, flags = words[area]["off_wrap"], words[area]["flags"]
            unused = "" if flags == packed.DESC else " (not looked at)"
            wanted.append(f"  {area} area {second[area]['addr'][2:]}, written by the {writer}, about {about}\n"
                          f"    flags {flags} ({MODES[flags]})   off_wrap {off_wrap}: slot {off_wrap & 0x7FFF}, "
                          f"wrap {off_wrap >> 15}{unused}\n")
        for text in wanted:
            assert text in block, (str(queue), text, block)
        for name in ("in_flight", "device_pending", "driver_pending"):
            assert screens.value(block, name) == queue.ours[name], (str(queue), name)


def test_picture_is_by_slot(shown):
    """Between the two positions of the driver, and the device's between them."""
    for queue in (q for q in shown.queues if q.walk):
        num, device = queue.drgn["num"], position(queue, *queue.walk.device)
        end = position(queue, queue.drgn["next_avail_idx"], queue.drgn["avail_wrap_counter"])
        wanted = ["."] * num
        for step in range(end):
            wanted[(queue.drgn["last_used_idx"] + step) % num] = "u" if step < device else "D"
        assert "".join(re.findall(r"^ +\d+ ([.Du?]+)$", queue.block, re.M)) == "".join(wanted), str(queue)


# ---- the way there ------------------------------------------------------------------------------------

def test_hops_of_a_net_queue(shown):
    """From net_device to the ring and to both event areas, in order."""
    device = shown.scene.devices[0]
    queue = shown.of("net-packed", 3)
    second = next(q for q in device["queues"] if q["queue"] == "tx1")
    first = next(q for q in device["queues"] if q["queue"] == "tx0")
    ends = [(hop["struct"], (hop["member"] or "").split(".")[-1], hop["next"]) for hop in queue.hops]
    assert ends[0][2] == device["virtnet_info"] and ends[1:4] == [
        ("virtnet_info", "sq", first["owner"]), ("send_queue", "", second["owner"]),
        ("send_queue", "vq", second["vring_virtqueue"])]
    areas = [second[area]["addr"] for area in ("driver", "device")]
    assert ends[-5:] == [("vring_virtqueue", "desc", second["desc"]),
                         *(("vring_virtqueue", area, at) for area, at in zip(("driver", "device"), areas, strict=True)),
                         *(("vring_packed_desc_event", "off_wrap", at) for at in areas)]


@pytest.mark.parametrize("mods", [False, True], ids=["minimal", "full"])
def test_commands_repeat_the_walk(plain, crash, vring_so, tmp_path, mods):
    """What -x prints is typed into the same session: each step gives its address, the last ones the areas' words."""
    dump, queue = plain.scene.dump, plain.of("stalled-packed", 1)
    with crash("8.0.2").terminal(dump.core, dump.kernel.vmlinux, minimal=not mods, so=vring_so) as terminal:
        for module in ("virtio", "virtio_ring", "virtio_net") if mods else ():
            terminal.command(f"mod -s {module} {next(dump.kernel.debugmods.glob(f'**/{module}.ko*'))}")
        terminal.command(f"vqwalk -x eth4 tx0 > {tmp_path}/text")
        text = (tmp_path / "text").read_text()
        transcript = {line: terminal.command(line) for line in text.splitlines()}
    found = [(address, printed(commands[-1], transcript[commands[-1]])) for _, address, commands in steps(text)]
    assert len(found) >= 8 and all(told == address for told, address in found), found
    words = words_read(text, transcript)
    for area in ("driver", "device"):
        assert words[int(queue.drgn[area]["addr"], 16)] == queue.words[area]["off_wrap"]


# ---- elsewhere, and with holes ---------------------------------------------------------------------------

@pytest.mark.parametrize("version, name, minimal, options",
                         [("8.0.2", "6.1", True, "-t dwarf"), ("9.0.2", "6.1", False, ""),
                          ("8.0.2", "5.10", True, "-t dwarf"), ("9.0.2", "6.12", True, "")])
def test_same_in_every_session(virtio_shown_of, crash, vring_so, tmp_path, version, name, minimal, options):
    shown = virtio_shown_of("mixed", name)
    dump = shown.scene.dump
    crash(version).run(dump.core, dump.kernel.vmlinux, [f"vring -a -j -d {options} > {tmp_path}/json"],
                       minimal=minimal, so=vring_so)
    assert json.loads((tmp_path / "json").read_text()) == shown.document


HOLES = {
    # The page that is missing: what of the queue is unknown then.
    "vring-desc": {"device_pending", "driver_pending", "packed.device_idx", "packed.device_wrap_counter",
                   "interrupt"},
    "vring-avail": {"packed.driver.off_wrap", "packed.driver.flags", "interrupt"},
    "vring-used": {"packed.device.off_wrap", "packed.device.flags", "kick"},
}


def leaves(value, path=""):
    """Yield the path of each value of a queue."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}".lstrip("."))
    else:
        yield path, value


@pytest.mark.parametrize("part", HOLES)
def test_missing_pages(plain, crash, vring_so, scratch, part):
    """What was not read is null, and '-' in text; all else is as it was, in this queue and the others."""
    dump, queue = plain.scene.dump, plain.of("stalled-packed", 1)
    holed = core.punch(dump.core, scratch / "core", [(queue.qemu[part] & ~0xFFF, 4096)])
    at = queue.drgn["vring_virtqueue"]
    table, block, _ = crash(CRASH["6.1"]).run(holed, dump.kernel.vmlinux, [
        "vring eth4", f"vring {at}", f"vring -j > {scratch}/json"], minimal=True, so=vring_so).outputs
    document = json.loads((scratch / "json").read_text())
    before = {q["vring_virtqueue"]: dict(leaves({k: v for k, v in q.items() if k not in OURS_ONLY}))
              for q in plain.document["queues"]}
    for found in document["queues"]:
        was = before[found["vring_virtqueue"]]
        now = dict(leaves({k: v for k, v in found.items() if k not in OURS_ONLY}))
        changed = {path for path in was if now.get(path, was[path]) != was[path] or path not in now}
        wanted = {path for path in was if any(f"{path}.".startswith(f"{one}.") for one in HOLES[part])}
        if found["vring_virtqueue"] != at:
            assert not changed, (found["device"], found["queue"], changed)
        else:
            assert changed == wanted and all(now.get(path) is None for path in wanted), (changed ^ wanted, now)
    name = {"vring-desc": "descriptor ring", "vring-avail": "driver's event area",
            "vring-used": "device's event area"}[part]
    assert any(name in error["what"] for error in document["errors"]), document["errors"]
    assert re.search(rf"^eth4 tx0: {name}: cannot read \d+ bytes at [0-9a-f]{{16}}$", table, re.M)
    row = dict(screens.rows(table))["tx0"]
    lost = {"vring-desc": ("used_idx", "device_pending", "driver_pending"), "vring-avail": ("used_event",),
            "vring-used": ("avail_event",)}[part]
    assert {column for column in screens.COLUMNS if row[column] is None} == set(lost), row
    if part != "vring-desc":
        area = {"vring-avail": "driver", "vring-used": "device"}[part]
        assert re.search(rf"^  {area} area .*\n    flags -   off_wrap -$", block, re.M)


# Of a document with chains, or told with -a only.
OURS_ONLY = ("chains", "chains_capped", "bus_addresses", "transport", "parent", "config_enabled", "verdict")
