# SPDX-License-Identifier: GPL-2.0-or-later
"""vring -j of many guests: every field against QEMU, drgn and the bare core.

QEMU knows sizes, guest-physical addresses, used indices and features; drgn reads all that
the guest's kernel knows, with its own types and page tables; the words that both sides
share are also taken out of the core at QEMU's addresses.
"""

import json
from dataclasses import dataclass

import agree
import pytest
import rings
import screens
from scenes_net import MANY, ZOO, Scene

# --minimal takes seconds, and shows that the dump's own types are enough.
CRASH = {"5.10": "7.2.9", "6.1": "8.0.2", "6.12": "8.0.6", "7.3": "9.0.2"}
SCENES = [("zoo", "6.1"), ("zoo", "5.10"), ("zoo", "6.12"), ("zoo", "7.3"),
          ("busy_tap", "6.1"), ("busy_tap", "7.3"), ("wrapped", "6.1"),
          ("stalled", "6.1"), ("stalled", "6.12"), ("stalled_fifo", "6.1"), ("caught", "6.1"),
          ("five_levels", "6.1"), ("five_levels", "7.3")]


@dataclass
class Shown:
    """What vring says of a scene."""

    what: str
    scene: Scene
    document: dict
    text: str

    def each(self):
        """Yield (our queue, drgn's device, drgn's queue) of all queues."""
        devices = {device["net_device"]: device for device in self.scene.devices}
        for queue in self.document["queues"]:
            device = devices[queue["net_device"]]
            yield queue, device, next(q for q in device["queues"] if q["queue"] == queue["queue"])

    def of(self, what: str) -> dict:
        """Return {label: queue} of a device of the zoo."""
        address = self.scene.of(what)["net_device"]
        return {q["queue"]: q for q in self.document["queues"] if q["net_device"] == address}


@pytest.fixture(scope="session")
def show(net_scene, crash, vring_so, tmp_path_factory):
    made = {}

    def get(what, name):
        if (what, name) not in made:
            scene = net_scene(what, name)
            file = tmp_path_factory.mktemp("json") / "vring.json"
            result = crash(CRASH[name]).run(scene.dump.core, scene.dump.kernel.vmlinux,
                                            [f"vring -j > {file}", "vring"], minimal=True, so=vring_so)
            assert len(result.outputs) == 2, result.stdout + result.stderr
            made[what, name] = Shown(what, scene, json.loads(file.read_text()), result.outputs[1])
        return made[what, name]
    return get


@pytest.fixture(scope="session", params=SCENES, ids="-".join)
def shown(request, show):
    return show(*request.param)


def none_wrong(wrong):
    assert not wrong, "\n".join(["disagreements:", *wrong])


def test_contract(shown):
    assert shown.document["queues"] and shown.document["errors"] == []
    assert shown.document["release"] == shown.scene.dump.kernel.release
    none_wrong(agree.with_contract(shown.document))


def test_every_queue_is_there(shown):
    ours = sorted((q["net_device"], q["queue"]) for q in shown.document["queues"])
    drgns = sorted((d["net_device"], q["queue"]) for d in shown.scene.devices for q in d["queues"])
    qemus = sum(len(shown.scene.qemu(d)["queues"]) for d in shown.scene.devices)
    assert ours == drgns and len(ours) == qemus


def test_what_drgn_reads(shown):
    none_wrong([w for queue, device, second in shown.each() for w in agree.with_drgn(queue, device, second)])


def test_what_qemu_knows(shown):
    wrong = []
    for queue, device, _ in shown.each():
        qemu = shown.scene.qemu(device)
        second = next(q for q in qemu["queues"] if q["queue-index"] == queue["index"])
        wrong += agree.with_qemu(queue, qemu, second, moved=shown.what == "caught")
    none_wrong(wrong)


def test_what_is_in_memory(shown):
    wrong = []
    for queue, device, _ in shown.each():
        second = next(q for q in shown.scene.qemu(device)["queues"] if q["queue-index"] == queue["index"])
        wrong += agree.with_memory(queue, rings.words(shown.scene.dump.core, second))
    none_wrong(wrong)


def test_text_is_the_same(shown):
    tables = screens.devices(shown.text)
    assert sum(map(len, tables.values())) == len(shown.document["queues"])
    none_wrong([w for queue, _, _ in shown.each()
                for w in agree.with_table(queue, tables[int(queue["net_device"], 16)][queue["queue"]])])


# ---- that it is the same everywhere ------------------------------------------------------------

# (crash, kernel, minimal, options): other versions, a full session, types from debuginfo.
ELSEWHERE = [("8.0.2", "6.1", False, ""), ("8.0.2", "6.1", True, "-t dwarf"), ("9.0.2", "6.1", True, ""),
             ("9.0.2", "6.1", False, "-t dwarf"), ("8.0.2", "5.10", True, ""), ("8.0.2", "5.10", False, "-t dwarf"),
             ("9.0.2", "6.12", True, ""), ("8.0.6", "6.12", False, "")]


@pytest.mark.parametrize("version, name, minimal, options", ELSEWHERE)
def test_same_in_every_session(show, crash, vring_so, tmp_path, version, name, minimal, options):
    expected = show("zoo", name)
    dump = expected.scene.dump
    crash(version).run(dump.core, dump.kernel.vmlinux, [f"vring -j {options} > {tmp_path}/json"],
                       minimal=minimal, so=vring_so)
    assert json.loads((tmp_path / "json").read_text()) == expected.document


# ---- that the scenes are what they are called -----------------------------------------------------

@pytest.fixture(params=["5.10", "6.1", "6.12", "7.3"])
def zoo(request, show):
    return show("zoo", request.param)


def test_zoo_features(zoo):
    """What each device was made with or without is in its mask, and in the rings' own flags."""
    def names(what):
        return set(next(iter(zoo.of(what).values()))["feature_names"])

    assert {"VERSION_1", "MQ", "EVENT_IDX", "INDIRECT_DESC"} <= names("busy")
    assert "VERSION_1" not in names("legacy") and "MQ" in names("legacy")
    for what, feature, flag in (("no-event-idx", "EVENT_IDX", "event"), ("no-indirect", "INDIRECT_DESC", "indirect")):
        assert feature not in names(what) and {q[flag] for q in zoo.of(what).values()} == {False}
        # Receive buffers with a context, of mergeable ones, are never indirect.
        assert zoo.of("busy")["tx0"][flag]
    assert "MRG_RXBUF" not in names("chains")
    assert set(zoo.of("bare")) == {"rx0", "tx0"} and "CTRL_VQ" not in names("bare")
    assert zoo.of("rx-1024")["rx0"]["num"] == 1024 and zoo.of("rx-1024")["tx0"]["num"] == 256


def test_zoo_states(zoo):
    def all_of(what, name):
        return [queue[name] for queue in zoo.of(what).values()]

    assert sum(q["used"]["idx"] for q in zoo.of("busy").values()) > 300, "the guest was not busy"
    for what, pairs in (("pairs-beyond-cpus", 2), ("fewer-channels", 1)):
        assert {label for label, q in zoo.of(what).items() if q["in_use"]} == {
            "ctrl", *(f"{way}{n}" for way in ("rx", "tx") for n in range(pairs))}
        assert len(zoo.of(what)) == 2 * ZOO_PAIRS[what] + 1
    assert not any(all_of("down", "up")) and not any(all_of("never-up", "up"))
    assert all(all_of("link-down", "up")) and not any(all_of("link-down", "carrier"))
    assert zoo.of("link-down")["tx0"]["netdev_queue"]["stopped"]
    for what, name in (("fade", "fade"), ("same-name", "eth0"), ("next-door", "eth11")):
        assert set(all_of(what, "device")) == {name}
    spaces = [set(all_of(what, "netns")) for what in ("busy", "same-name", "next-door")]
    assert spaces[0] != spaces[1] == spaces[2]


def test_wrapped(show):
    """Both indices have gone around; nothing else can tell that they have."""
    queues = {q["queue"]: q for q in show("wrapped", "6.1").document["queues"]}
    for label in ("rx0", "tx0"):
        assert queues[label]["used"]["idx"] < MANY - 65536 + 4000, label
        assert queues[label]["in_flight"] <= queues[label]["num"]


@pytest.mark.parametrize("what", ["stalled", "stalled_fifo"])
def test_stalled(show, what):
    """A full transmit ring: the driver has stopped the queue, the device returns nothing more."""
    tx = next(q for q in show(what, "6.1").document["queues"] if q["queue"] == "tx0")
    assert tx["netdev_queue"]["stopped"] and tx["num_free"] < 19
    assert tx["device_pending"] > 200 and tx["driver_pending"] == 0
    assert tx["netdev_queue"]["qlen"] > 0 and tx["netdev_queue"]["trans_start_age_ms"] > 1000


@pytest.mark.kernels("6.12")
def test_stalled_under_byte_limits(show):
    """From 6.11 the stack stops a queue by the bytes it has in flight, long before the ring is full."""
    tx = next(q for q in show("stalled", "6.12").document["queues"] if q["queue"] == "tx0")
    assert tx["netdev_queue"]["state"] == 2 and not tx["netdev_queue"]["stopped"]
    assert 0 < tx["device_pending"] < 20 and tx["netdev_queue"]["qlen"] > 100


def test_caught(show):
    """Held still at work: packets are under way."""
    queues = [q for q in show("caught", "6.1").document["queues"] if q["queue"].startswith("tx")]
    assert any(q["in_flight"] for q in queues) and any(q["num_free"] < 256 for q in queues)


ZOO_PAIRS = {nic.what: nic.pairs for nic in ZOO}
