# SPDX-License-Identifier: GPL-2.0-or-later
"""vring -a: all devices on the virtio bus, against QEMU, the guest's own /sys and the bare core."""

import json
import os
import re
import shutil
from dataclasses import dataclass

import agree
import pytest
import rings
import scenes_bus
import screens
from lab import kernels

CRASH = {"5.10": "7.2.9", "6.1": "8.0.2", "6.12": "8.0.6", "7.3": "9.0.2"}

# The specification's numbers, as /sys tells them, and our words.
TYPES = {1: "net", 2: "block", 3: "console", 4: "rng", 5: "balloon", 8: "scsi", 18: "input", 20: "crypto"}

# What the drivers call their queues, by index.
PORT = ["input", "output"]
NAMES = {"blk0": ["req.0", "req.1"], "old0": ["req.0", "req.1"], "scsi0": ["control", "event", "request", "request"],
         "serial0": [*PORT, "control-i", "control-o", *PORT], "rng0": ["input"],
         "balloon0": ["inflate", "deflate", "stats", "reporting_vq"], "kbd0": ["events", "status"],
         "tablet0": ["events", "status"], "crypto0": [], "net0": ["input.0", "output.0", "control"]}
# Where two queues have one name, the index is the label.
LABELS = NAMES | {"net0": ["rx0", "tx0", "ctrl"], "scsi0": ["control", "event", "2", "3"],
                  "serial0": ["0", "1", "control-i", "control-o", "4", "5"]}

# QEMU's words for bits that have others in the specification, or none in QEMU 7.2.
QEMU_SAYS = {"REPORTING": "PAGE_REPORTING"}
UNNAMED_BY_QEMU = {40: "RING_RESET"}

# What only a network device has.
NET_ONLY = ("netns", "net_device", "virtnet_info", "netdev_queue", "napi", "carrier", "up", "link_up", "in_use",
            "refill_pending", "refill_enabled")


@dataclass
class Shown:
    """What vring -a says of a scene."""

    scene: scenes_bus.Bus
    document: dict
    text: str
    layout: str

    def devices(self):
        """Yield (our device, its line of /sys, QEMU's reading) of all devices."""
        listed = {line["name"]: line for line in self.scene.listed}
        for device in self.document["devices"]:
            yield device, listed[device["virtio_name"]], self.scene.qemu(device["parent"])

    def queues(self, ident: str) -> list:
        name = self.scene.of(ident)["name"]
        return [q for q in self.document["queues"] if q["virtio_name"] == name]


@pytest.fixture(scope="module")
def show(make_dump, crash, vring_so, tmp_path_factory):
    made = {}

    def get(name):
        if name not in made:
            kernel = kernels.get(name)
            scene = scenes_bus.load(kernel, make_dump(f"bus-{name}", lambda f: scenes_bus.bus(kernel, f)))
            file = tmp_path_factory.mktemp("bus") / "json"
            result = crash(CRASH[name]).run(scene.dump.core, kernel.vmlinux,
                                            [f"vring -a -j > {file}", "vring -a", "vring -a -l"],
                                            minimal=True, so=vring_so)
            assert len(result.outputs) == 3, result.stdout + result.stderr
            made[name] = Shown(scene, json.loads(file.read_text()), *result.outputs[1:])
        return made[name]
    return get


@pytest.fixture(scope="module", params=CRASH)
def shown(request, show):
    return show(request.param)


def test_the_scene_is_what_it_is_called(shown):
    """Nothing below would mean much without these."""
    assert {line["type"] for line in shown.scene.listed} == set(TYPES)
    assert len(shown.scene.listed) == len(shown.scene.dump.queues) == len(scenes_bus.DEVICES)
    assert any(line["driver"] == "" for line in shown.scene.listed)


def test_contract(shown):
    assert shown.document["errors"] == []
    assert not agree.with_contract(shown.document)
    for queue in shown.document["queues"]:
        if queue["type"] != "net":
            assert {name: queue[name] for name in NET_ONLY} == dict.fromkeys(NET_ONLY)


def test_devices_are_those_of_sys(shown):
    """Name, type, driver, features and the device behind it; sorted as the bus counts them."""
    ours = [{"name": d["virtio_name"], "type": d["type"], "driver": d["driver"], "features": int(d["features"], 16),
             "parent": d["parent"]} for d in shown.document["devices"]]
    theirs = [line | {"type": TYPES[line["type"]]} for line in shown.scene.listed]
    # There are ten of them: their names sort as their numbers do.
    assert ours == theirs
    assert {d["transport"] for d in shown.document["devices"]} == {"pci"}
    assert [d["device"] for d in shown.document["devices"]] == ["eth0", *(line["name"] for line in theirs[1:])]


def test_devices_are_qemus(shown):
    for device, _, qemu in shown.devices():
        assert TYPES[qemu["status"]["device-id"]] == device["type"]
        assert device["queues"] == len(qemu["queues"])
        assert device["failed"] is False
        told = qemu["status"]["guest-features"]
        names = [re.match(r"VIRTIO_(?:[A-Z]+_)?F_(\w+):", line)[1] for line in (*told["dev-features"],
                                                                                *told["transports"])]
        unknown = told.get("unknown-dev-features", 0)
        names += [UNNAMED_BY_QEMU.get(bit, f"bit {bit}") for bit in range(64) if unknown >> bit & 1]
        assert sorted(device["feature_names"]) == sorted(QEMU_SAYS.get(n, n) for n in names), device["device"]
        # Only the one that was made so lacks VERSION_1; without a driver nothing was negotiated.
        ident = qemu["id"]
        assert device["legacy"] == {"old0": True, "crypto0": None}.get(ident, False), ident
        assert device["config_enabled"] is (ident != "crypto0"), ident


def test_more_feature_words(shown):
    """Kernels since 6.17 keep 128 bits; no device of QEMU 7.2 uses the upper ones."""
    many = shown.scene.dump.kernel.name == "7.3"
    assert {d["features_high"] for d in shown.document["devices"]} == {"0x0" if many else None}


def test_queues_are_qemus(shown):
    """Each one that the driver has set up, and what QEMU knows of it."""
    wrong = []
    for device, _, qemu in shown.devices():
        ours = {q["index"]: q for q in shown.document["queues"] if q["virtio_name"] == device["virtio_name"]}
        assert sorted(ours) == sorted(q["queue-index"] for q in qemu["queues"])
        for second in qemu["queues"]:
            queue = ours[second["queue-index"]]
            values = [(queue["num"], second["vring-num"]), (queue["used"]["idx"], second["used-idx"])]
            values += [(int(queue["dma"][part], 16), second[f"vring-{part}"]) for part in ("desc", "avail", "used")]
            left = (queue["avail"]["idx"] - second["last-avail-idx"]) % 65536
            values += [(queue["device_pending"], left + second["inuse"])]
            wrong += [f"{device['virtio_name']} {queue['queue']}: {a} is {b} in QEMU" for a, b in values if a != b]
            wrong += agree.with_memory(queue, rings.words(shown.scene.dump.core, second))
    assert not wrong, "\n".join(wrong)
    assert sum(q["in_flight"] > 0 for q in shown.document["queues"]) > 5, "all rings were idle"


def test_an_idle_guest_is_no_trouble(shown):
    """Buffers that wait with the device (for input, for an event) are not late."""
    troubled = [q for q in shown.document["queues"] if q["type"] != "net" and q["verdict"]["severity"] != "ok"]
    assert not troubled, [(q["device"], q["queue"], q["verdict"]) for q in troubled]
    waiting = [q["name"] for q in shown.document["queues"] if q["type"] != "net" and q["device_pending"]]
    assert sorted(waiting) == sorted(["event", "input", "input", "control-i", "stats", "events", "events"])


def test_queue_names(shown):
    for ident, names in NAMES.items():
        queues = shown.queues(ident)
        assert [q["name"] for q in queues] == names, ident
        assert [q["queue"] for q in queues] == LABELS[ident], ident
        assert [q["index"] for q in queues] == list(range(len(names))), ident


# ---- text -----------------------------------------------------------------------------------

HEADER = re.compile(r"^(\S+)  (?:net_device .* (virtio\d+)  netns .*\n|virtio_device ([0-9a-f]+))"
                    r"  (\w+)  (?:driver (\w+)|no driver)  pci (\S+)( modern| legacy|)  features ([0-9a-f]+)$", re.M)
ROW = re.compile(r"^(\S+) +([0-9a-f]{16})((?: +(?:\d+|-)){10})  (\S+)(?:  (\S+))?$", re.M)


def test_text_is_the_same(shown):
    """One block a device, one line a queue, and a line where there is none."""
    blocks = shown.text.strip().split("\n\n")
    assert len(blocks) == len(shown.document["devices"])
    for block, device in zip(blocks, shown.document["devices"], strict=True):
        name, net_name, address, kind, driver, parent, flavour, mask = HEADER.search(block).groups()
        assert (name, kind, driver or "", parent) == (device["device"], device["type"], device["driver"],
                                                      device["parent"])
        assert net_name or int(address, 16) == int(device["virtio_device"], 16)
        assert flavour == {True: " legacy", False: " modern", None: ""}[device["legacy"]]
        assert int(mask, 16) == int(device["features"], 16)
        queues = [q for q in shown.document["queues"] if q["virtio_name"] == device["virtio_name"]]
        rows = ROW.findall(block)
        assert len(rows) == len(queues)
        assert block.endswith("\n  no queues") == (not queues)
        for (label, at, values, state, more), queue in zip(rows, queues, strict=True):
            assert (label, int(at, 16)) == (queue["queue"], int(queue["vring_virtqueue"], 16))
            cells = [queue["num"], queue["num_free"], queue["last_used_idx"], queue["avail"]["idx"],
                     queue["used"]["idx"], queue["in_flight"], queue["device_pending"], queue["driver_pending"],
                     queue["avail"]["used_event"], queue["used"]["avail_event"]]
            assert list(map(int, values.split())) == cells and state == queue["verdict"]["state"]
            # A label that is an index does not say what the queue is for.
            assert more == (queue["name"] if label.isdigit() else "")


def test_columns_stay_below_their_headings(shown):
    for block in shown.text.strip().split("\n\n"):
        lines = re.findall(r"^(?:QUEUE|\S+ +[0-9a-f]{16} ).*", block, re.M)
        starts = {re.search(r"VRING_VIRTQUEUE|[0-9a-f]{16}", line).start() for line in lines}
        # The last column, with its heading's or its value's last character.
        ends = {re.match(r"\S+ +\S+(?: +\S+){10}", line).end() for line in lines}
        assert len(starts) == len(ends) == bool(lines), block


def test_layout_lists_the_bus(shown):
    """-l with -a: a member that only some kernels have is where it should be."""
    rows = screens.layout(shown.layout)
    assert {"virtio_device.vqs", "subsys_private.subsys.kobj.entry", "klist.k_list"} <= set(rows)
    # Gone with 6.3.
    assert ("bus_type.p" in rows) == (shown.scene.dump.kernel.name in ("5.10", "6.1"))


# ---- selectors, in one session ---------------------------------------------------------------

@pytest.fixture(scope="module")
def selected(show, crash, vring_so, tmp_path_factory):
    """selected(command, ...) -> the document of each, from one session"""
    scene = show("6.1").scene

    def run(*commands, **more):
        folder = tmp_path_factory.mktemp("selected")
        lines = [f"{command} > {folder}/{n}" for n, command in enumerate(commands)]
        result = crash(CRASH["6.1"]).run(scene.dump.core, scene.dump.kernel.vmlinux, lines,
                                         **{"minimal": True, "so": vring_so} | more)
        assert len(result.outputs) == len(lines) and not "".join(result.outputs).strip()
        return [json.loads((folder / str(n)).read_text()) for n in range(len(commands))]
    return run


def test_selectors(show, selected):
    """Every way to name a device or a queue gives what vring -a says of it; -a or not makes no difference."""
    whole = show("6.1")
    of = {ident: whole.queues(ident) for ident in NAMES}
    devices = {ident: whole.scene.of(ident) for ident in NAMES}
    address = {d["parent"]: d["virtio_device"] for d in whole.document["devices"]}
    cases = {}
    for ident, device in devices.items():
        for word in (device["name"], device["parent"], address[device["parent"]], address[device["parent"]][2:]):
            cases[word] = of[ident]
    disk, scsi, port, net = (devices[i]["name"] for i in ("blk0", "scsi0", "serial0", "net0"))
    cases |= {
        f"{disk} req.1": of["blk0"][1:], f"{disk} 0": of["blk0"][:1], f"{devices['blk0']['parent']} 1": of["blk0"][1:],
        f"{scsi} event": of["scsi0"][1:2], f"{scsi} 3": of["scsi0"][3:], f"{scsi} request": of["scsi0"][2:],
        f"{port} input": [of["serial0"][0], of["serial0"][4]], f"{port} control-i": of["serial0"][2:3],
        "eth0": of["net0"], "eth0 tx": of["net0"][1:2], f"{net} ctrl": of["net0"][2:],
        f"{net} 0": of["net0"][:2], "": of["net0"],
    }
    cases |= {q["vring_virtqueue"]: [q] for queues in of.values() for q in queues}
    asked = [(option, case) for case in cases for option in ("", "-a ") if case or not option]
    documents = selected(*(f"vring {option}-j {case}" for option, case in asked))
    for (option, case), document in zip(asked, documents, strict=True):
        assert document["errors"] == [], (option, case)
        assert [stripped(q) for q in document["queues"]] == [stripped(q) for q in cases[case]], (option, case)


def stripped(queue: dict) -> dict:
    """A queue without what a network device tells with -a only."""
    return {name: value for name, value in queue.items() if name not in ("transport", "parent", "config_enabled")}


def test_nothing_there(show, selected):
    """One document with one error, which says what would work."""
    names = {ident: show("6.1").scene.of(ident)["name"] for ident in NAMES}
    cases = {
        "virtio99": "'virtio99' is no net device, virtio device or virtqueue; virtio-net devices: eth0 (net_device",
        "0000:00:1f.0": f"; other virtio devices: {names['blk0']} (block), ",
        f"{names['blk0']} req": f"{names['blk0']} has no such queue: its queues are 0 req.0, 1 req.1",
        f"{names['blk0']} 2": "its queues are 0 req.0, 1 req.1",
        f"{names['blk0']} tx0": "its queues are 0 req.0, 1 req.1",
        f"{names['serial0']} 6": "0 input, 1 output, 2 control-i, 3 control-o, 4 input, 5 output",
        f"{names['crypto0']} 0": "has no such queue: it has none at all",
        f"{names['net0']} req.0": "'req.0' is no queue: use N, txN",
        "eth0 requests": "'requests' is no queue: use N, txN",
    }
    commands = [f"{command} {case}" for case in cases for command in ("vring -j", "vring -a -j", "vqwalk -j")]
    documents = iter(selected(*commands))
    for case, expected in cases.items():
        for _ in range(3):
            document = next(documents)
            assert document["queues"] == [] and len(document["errors"]) == 1, case
            assert expected in document["errors"][0]["what"], (case, document["errors"])


def test_one_queue_is_shown_in_full(show, crash, vring_so):
    scene = show("6.1").scene
    disk, port, crypto = (scene.of(i)["name"] for i in ("blk0", "serial0", "crypto0"))
    commands = [f"vring {disk} 1", f"vring {port} input", f"vring {port} 0", f"vring -d {port} control-i",
                f"vring -a -d {crypto}", f"vring {crypto}"]
    one, two, receive, chains, bare, empty = crash(CRASH["6.1"]).run(
        scene.dump.core, scene.dump.kernel.vmlinux, commands, minimal=True, so=vring_so).outputs
    assert re.search(rf"^{disk} req.1  req.1  virtqueue 1  vring_virtqueue [0-9a-f]+  num 256$", one, re.M)
    assert "\n  callback   yes\n" in one and "\n  net\n" not in one and "\n  descriptors " in one
    assert "SEG_MAX" in one and "BLK_SIZE" in one
    # A name that two queues have: a line each.
    assert len(ROW.findall(two)) == 2 and "descriptors" not in two
    # All receive buffers of an idle port are with the device.
    assert screens.value(receive, "in_flight") == 128 and "D with the device 128" in receive
    assert len(re.findall(r"^ +head \d+: 1 descriptor, 0 bytes to read, 4096 to write$", chains, re.M)) == 32
    assert bare.rstrip().endswith("no queues") and empty.rstrip().endswith("no queues")


# ---- vqwalk ---------------------------------------------------------------------------------------

def test_hops(show, selected):
    """From each virtio_device to its rings; every hop begins where an earlier one led."""
    whole = show("6.1")
    idents = [ident for ident in NAMES if NAMES[ident] and ident != "net0"]
    documents = selected(*(f"vqwalk -j {whole.scene.of(ident)['name']}" for ident in idents))
    for ident, document in zip(idents, documents, strict=True):
        assert document["errors"] == []
        assert [path["queue"] for path in document["queues"]] == LABELS[ident]
        for path, queue in zip(document["queues"], whole.queues(ident), strict=True):
            assert path["vring_virtqueue"] == queue["vring_virtqueue"]
            first, *_ = path["hops"]
            assert (first["struct"], first["member"], first["address"]) == (
                "virtio_device", "vqs", queue["virtio_device"])
            reached = {queue["virtio_device"]}
            for hop in path["hops"]:
                assert hop["address"] in reached, hop
                reached.add(hop["next"])
            assert {queue[part]["addr"] for part in ("desc", "avail", "used")} <= reached


# ---- elsewhere ----------------------------------------------------------------------------------------

def test_same_in_a_full_session(show, selected):
    """There crash knows modules and their symbols."""
    document, = selected("vring -a -j", minimal=False)
    assert document == show("6.1").document


def test_without_virtio_net(make_dump, crash, vring_so, tmp_path):
    """Its types are nowhere: its device is one like any other then, and a line says why."""
    kernel = kernels.get("6.1")

    def build(folder):
        scenes_bus.netless(kernel, folder)
        # Where no module's debuginfo is around; a symbolic link would lead back to it.
        (folder / "debug/boot").mkdir(parents=True)
        try:
            os.link(kernel.vmlinux.resolve(), folder / "debug/boot/vmlinux")
        except OSError:
            shutil.copyfile(kernel.vmlinux, folder / "debug/boot/vmlinux")
    folder = make_dump("bus-netless-6.1", build)
    scene = scenes_bus.load(kernel, folder)
    net, disk = scene.of("net0"), scene.of("blk0")
    lines = [f"vring -a -j > {tmp_path}/all", f"vring -j {disk['name']} 1 > {tmp_path}/one", "vring",
             "vring eth0", f"vring {net['name']}"]
    *_, plain, eth, device = crash(CRASH["6.1"]).run(scene.dump.core, folder / "debug/boot/vmlinux", lines,
                                                     minimal=True, so=vring_so).outputs
    everything, one = (json.loads((tmp_path / name).read_text()) for name in ("all", "one"))
    assert [(d["device"], d["type"], d["driver"], d["queues"]) for d in everything["devices"]] == [
        (net["name"], "net", "", 0), (disk["name"], "block", "virtio_blk", 2)]
    assert [e["what"] for e in everything["errors"]] == ["the types of module virtio_net are unknown (struct virtnet_info)"]
    assert one["errors"] == [] and one["queues"] == everything["queues"][1:]
    for text in (plain, eth):
        assert text.startswith("vring: virtnet_info") and "no debuginfo of module virtio_net" in text, text
        assert "module virtio_net is not loaded" in text
    assert device.startswith(f"{net['name']}  virtio_device ") and "no driver" in device
