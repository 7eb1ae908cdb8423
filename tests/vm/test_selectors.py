# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way to name a device and a queue, over one guest with sixteen devices in two namespaces."""

import json
import re

import pytest
from scenes_net import ODD_NAME

VERSION, KERNEL = "8.0.2", "6.1"
# Two devices have the one, crash's command line takes the other apart.
AMBIGUOUS = ("eth0", ODD_NAME.encode().decode("latin-1"))


@pytest.fixture(scope="module")
def scene(net_scene):
    return net_scene("zoo", KERNEL)


@pytest.fixture(scope="module")
def selected(scene, crash, vring_so, tmp_path_factory):
    """selected(selection, ...) -> the document of `vring -j selection` of each, from one session."""
    def run(*selections):
        folder = tmp_path_factory.mktemp("selected")
        lines = [f"vring -j {selection} > {folder}/{n}" for n, selection in enumerate(selections)]
        result = crash(VERSION).run(scene.dump.core, scene.dump.kernel.vmlinux, lines, minimal=True, so=vring_so)
        past = [(line, output) for line, output in zip(lines, result.outputs, strict=True) if output.strip()]
        assert not past, "something went past the redirection"
        return [json.loads((folder / str(n)).read_text()) for n in range(len(selections))]
    return run


def named(document: dict) -> set:
    """{(net_device, queue)} of a document without errors."""
    assert document["errors"] == [], document["errors"]
    return {(queue["net_device"], queue["queue"]) for queue in document["queues"]}


def queues_of(device: dict, *labels) -> set:
    return {(device["net_device"], queue["queue"]) for queue in device["queues"]
            if not labels or queue["queue"] in labels}


def test_devices(scene, selected):
    """By interface name, by address in either spelling, by the virtio bus's name."""
    devices = [d for d in scene.devices if d["device"] not in AMBIGUOUS]
    asked = [(form, device) for device in devices for form in (
        device["device"], device["net_device"], device["net_device"][2:], device["virtio_name"])]
    for (form, device), document in zip(asked, selected(*(form for form, _ in asked)), strict=True):
        assert named(document) == queues_of(device), form


def test_everything(scene, selected):
    everything, = selected("")
    assert named(everything) == {pair for device in scene.devices for pair in queues_of(device)}
    # JSON has characters only: each byte of the name is one.
    assert ODD_NAME.encode().decode("latin-1") in {queue["device"] for queue in everything["queues"]}


def test_one_name_in_two_namespaces(scene, selected):
    here, there = scene.of("busy"), scene.of("same-name")
    assert here["device"] == there["device"] == "eth0"
    both, second_pair, alone = selected("eth0", "eth0 1", f"{there['net_device']} 0")
    assert named(both) == queues_of(here) | queues_of(there)
    assert {(q["net_device"], q["netns"]) for q in both["queues"]} == {
        (d["net_device"], d["netns"]) for d in (here, there)}
    # Only one of them has a second pair.
    assert named(second_pair) == queues_of(here, "rx1", "tx1")
    assert named(alone) == queues_of(there, "rx0", "tx0")


def test_exact_name_wins_over_hex(scene, selected):
    device = scene.of("fade")
    assert int(device["device"], 16) == 0xfade or device["device"] == "fade"
    by_name, other = selected("fade", "0xfade")
    assert named(by_name) == queues_of(device)
    assert not other["queues"] and "'0xfade' is no net device" in other["errors"][0]["what"]


def test_queues_of_a_device(scene, selected):
    device = scene.of("pairs-beyond-cpus")
    name = device["device"]
    forms = {"2": ("rx2", "tx2"), "tx3": ("tx3",), "output.3": ("tx3",), "rx0": ("rx0",), "input.0": ("rx0",),
             "tx": ("tx0", "tx1", "tx2", "tx3"), "rx": ("rx0", "rx1", "rx2", "rx3"), "ctrl": ("ctrl",)}
    by_name = selected(*(f"{name} {form}" for form in forms))
    # The same whatever way the device was named.
    by_address = selected(*(f"{device['net_device']} {form}" for form in forms))
    by_virtio = selected(*(f"{device['virtio_name']} {form}" for form in forms))
    for labels, *documents in zip(forms.values(), by_name, by_address, by_virtio, strict=True):
        for document in documents:
            assert named(document) == queues_of(device, *labels)
            assert document == documents[0]


def test_virtqueue_addresses(scene, selected):
    queues = [(device, queue) for device in scene.devices for queue in device["queues"]][::3]
    documents = selected(*(queue["vring_virtqueue"] for _, queue in queues))
    for (device, queue), document in zip(queues, documents, strict=True):
        assert named(document) == queues_of(device, queue["queue"])


def test_nothing_there(scene, selected):
    """One document with one error, which says what would work."""
    bare = scene.of("bare")["device"]
    cases = {
        "eth77": "'eth77' is no net device, virtio device or virtqueue; virtio-net devices: eth0 (net_device",
        "virtio99": "'virtio99' is no net device",
        "virtio": "'virtio' is no net device",
        "lo": "is not a virtio-net device",
        f"{bare} ctrl": "has no such queue",
        f"{bare} 1": "has no such queue: its queue pairs are 0..0",
        "eth1 tx4": "has no such queue: its queue pairs are 0..3",
        "eth1 tx-1": "'tx-1' is no queue",
        "eth1 output": "'output' is no queue",
        "eth1 output.": "'output.' is no queue",
        "eth1 4294967296": "'4294967296' is no queue",
        # Inside a virtqueue is not a virtqueue.
        hex(int(scene.of("busy")["queues"][0]["vring_virtqueue"], 16) + 8): "is no net device",
        scene.of("busy")["virtnet_info"]: "is no net device",
        "ffffffffffffffff": "is no net device",
        "1ffffffffffffffff": "is no net device",
    }
    for (case, expected), document in zip(cases.items(), selected(*cases), strict=True):
        assert document["queues"] == [] and len(document["errors"]) == 1, case
        assert expected in document["errors"][0]["what"], (case, document["errors"])


def test_text_shows_each_namespace(scene, crash, vring_so):
    text, block = crash(VERSION).run(scene.dump.core, scene.dump.kernel.vmlinux, [
        "vring eth0", f"vring {scene.of('same-name')['queues'][0]['vring_virtqueue']}"],
        minimal=True, so=vring_so).outputs
    shown = re.findall(r"^eth0  net_device ([0-9a-f]+) .* netns (\d+) ", text, re.M)
    assert {(f"0x{address}", int(netns)) for address, netns in shown} == {
        (scene.of(what)["net_device"], scene.of(what)["netns"]) for what in ("busy", "same-name")}
    assert re.search(r"^eth0 rx0  input.0 ", block, re.M) and "descriptors" in block
