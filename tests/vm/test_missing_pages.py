# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps without some of their pages: the JSON stays whole, says what is missing, and keeps the rest."""

import json
import os
import tempfile
from pathlib import Path

import agree
import pytest
from lab import core, store

VERSION, KERNEL = "8.0.2", "6.1"
PAGE = 4096
# Sizes that are no smaller than the kernel's: a queue is spoiled when a hole touches one of its parts.
VIRTQUEUE, QUEUE_STRUCT, NETDEV_QUEUE, VIRTIO_DEVICE = 256, 0x800, 0x140, 0x400
# What follows from several values may well change when one of them is missing.
JUDGED = {"verdict", "kick", "interrupt"}


@pytest.fixture(scope="module")
def scene(net_scene):
    return net_scene("zoo", KERNEL)


@pytest.fixture(scope="module")
def direct_map(scene):
    """What to take from a direct-map address to get the physical one, from a ring that QEMU knows too."""
    device = scene.of("busy")
    first = next(q for q in scene.qemu(device)["queues"] if q["queue-index"] == 0)
    return int(device["queues"][0]["desc"], 16) - first["vring-desc"]


@pytest.fixture(scope="module")
def ask(scene, crash, vring_so, tmp_path_factory):
    """ask(core, command) -> the JSON that the command leaves in a file."""
    def run(path, command="vring -j", vmlinux=scene.dump.kernel.vmlinux):
        file = tmp_path_factory.mktemp("asked") / "json"
        result = crash(VERSION).run(path, vmlinux, [f"{command} > {file}"], minimal=True, so=vring_so)
        assert not result.outputs[0].strip(), "something went past the redirection"
        return json.loads(file.read_text())
    return run


@pytest.fixture(scope="module")
def whole(ask, scene):
    return ask(scene.dump.core)


@pytest.fixture
def without(ask, scene, direct_map, scratch):
    """without(address, ...) -> vring's document over a core without the pages of these addresses."""
    def get(*addresses, command="vring -j"):
        holes = [((int(a, 16) - direct_map) & -PAGE, PAGE) for a in addresses]
        document = ask(core.punch(scene.dump.core, scratch / "core", holes), command)
        assert document["command"] == "vqwalk" or not agree.with_contract(document)
        return document
    return get


def key(queue: dict) -> tuple:
    return queue["net_device"], queue["queue"]


def parts(device: dict, queue: dict) -> list:
    """(address, length) of all that is read for a queue."""
    found = [(device["net_device"], PAGE), (device["virtio_device"], VIRTIO_DEVICE), (queue["vring_virtqueue"], VIRTQUEUE),
             (queue["avail"], 6 + 2 * queue["num"]), (queue["used"], 6 + 8 * queue["num"])]
    if queue["owner"]:
        found.append((queue["owner"], QUEUE_STRUCT))
    if queue["netdev_queue"]:
        found.append((queue["netdev_queue"]["addr"], NETDEV_QUEUE))
    return [(int(address, 16), length) for address, length in found]


def spoiled(scene, *holes) -> set:
    """The queues that need a missing page."""
    pages = [int(hole, 16) & -PAGE for hole in holes]
    return {(device["net_device"], queue["queue"]) for device in scene.devices for queue in device["queues"]
            for start, length in parts(device, queue)
            for page in pages if start < page + PAGE and page < start + length}


def check_rest(whole: dict, document: dict, bad: set) -> dict:
    """All queues that need no missing page are what they were; return the others."""
    now = {key(queue): queue for queue in document["queues"]}
    for queue in whole["queues"]:
        if key(queue) not in bad:
            assert now.get(key(queue)) == queue, key(queue)
    assert document["errors"], "not a word about what is missing"
    return {name: queue for name, queue in now.items() if name in bad}


def values(queue: dict) -> dict:
    """Every scalar of a queue by its path, without what is judged."""
    found = {}
    for name, value in queue.items():
        if name in JUDGED:
            continue
        found |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    return found


def unread(before: dict, after: dict) -> set:
    """The paths that are null now; whatever is not is what it was: nothing is made up."""
    old, new = values(before), values(after)
    lost = {path for path in old if old[path] is not None and new.get(path, new.get(path.split(".")[0])) is None}
    assert {p: v for p, v in new.items() if v is not None and p in old} == {
        p: v for p, v in old.items() if p in new and new[p] is not None}
    return lost


def of_queue(document: dict, device: dict, label: str) -> dict:
    return next(q for q in document["queues"] if key(q) == (device["net_device"], label))


def errors_of(document: dict, where: str) -> str:
    return "\n".join(error["what"] for error in document["errors"] if error["where"] == where)


def test_shared_words(scene, whole, without):
    """The avail and used rings of tx1 share a page; what the driver keeps for itself is left."""
    device = scene.of("pairs-beyond-cpus")
    queue = next(q for q in device["queues"] if q["queue"] == "tx1")
    document = without(queue["avail"])
    check_rest(whole, document, spoiled(scene, queue["avail"]))
    before, after = (of_queue(d, device, "tx1") for d in (whole, document))
    lost = unread(before, after)
    needed = {"avail.flags", "avail.idx", "used.flags", "used.idx", "in_flight", "device_pending", "driver_pending"}
    assert needed <= lost <= {*needed, "avail.used_event", "used.avail_event"}
    said = errors_of(document, f"{device['device']} tx1")
    assert "avail ring: cannot read" in said and "used ring: cannot read" in said
    assert queue["avail"][2:] in said


def test_second_page_of_a_ring(scene, whole, without):
    """used->ring of 1024 entries lies on more pages: the indices in front are still read."""
    device = scene.of("rx-1024")
    queue = next(q for q in device["queues"] if q["queue"] == "rx0")
    last = hex(int(queue["used"], 16) + 4 + 8 * queue["num"])
    document = without(last)
    check_rest(whole, document, spoiled(scene, last))
    before, after = (of_queue(d, device, "rx0") for d in (whole, document))
    assert unread(before, after) == {"used.avail_event"}
    assert "used ring: cannot read" in errors_of(document, f"{device['device']} rx0")


def test_virtqueue_pages(scene, whole, without):
    """Up to sixteen vring_virtqueue share a page of the slab: all are null, with a reason each."""
    device = scene.of("pairs-beyond-cpus")
    holes = [queue["vring_virtqueue"] for queue in device["queues"]]
    document = without(*holes)
    bad = check_rest(whole, document, spoiled(scene, *holes))
    assert {(device["net_device"], queue["queue"]) for queue in device["queues"]} <= set(bad)
    for (_, label), after in bad.items():
        assert after["num"] is None and after["last_used_idx"] is None and after["avail"]["idx"] is None
        assert errors_of(document, f"{after['device']} {label}"), f"nothing said about {after['device']} {label}"
        # What leads here is still known.
        assert after["vring_virtqueue"] and after["features"] and after["up"] is not None


def test_receive_queues_page(scene, whole, without):
    """Without its receive_queue a queue is found on the virtio device's list, and its ring is read as ever."""
    device = scene.of("pairs-beyond-cpus")
    owner = next(q for q in device["queues"] if q["queue"] == "rx0")["owner"]
    document = without(owner)
    bad = check_rest(whole, document, spoiled(scene, owner))
    before, after = of_queue(whole, device, "rx0"), bad[device["net_device"], "rx0"]
    lost = unread(before, after)
    # The name of its virtqueue is in there, too.
    assert lost and all(path.startswith(("napi", "kicks", "name")) for path in lost)
    assert after["vring_virtqueue"] == before["vring_virtqueue"] and after["avail"] == before["avail"]
    assert "pointer to the virtqueue" in errors_of(document, f"{device['device']} rx0")


def test_virtio_device_page(scene, whole, without):
    """virtio_net's own pointers are enough to know what the device is."""
    device = scene.of("pairs-beyond-cpus")
    document = without(device["virtio_device"])
    bad = check_rest(whole, document, spoiled(scene, device["virtio_device"]))
    for queue in device["queues"]:
        after = bad[device["net_device"], queue["queue"]]
        assert after["vring_virtqueue"] == queue["vring_virtqueue"] and after["features"] is None
        assert after["avail"] == of_queue(whole, device, queue["queue"])["avail"]
    assert "virtio_device.id" in errors_of(document, device["device"])


def test_transmit_state_page(scene, whole, without):
    device = scene.of("pairs-beyond-cpus")
    queue = next(q for q in device["queues"] if q["queue"] == "tx0")
    document = without(queue["netdev_queue"]["addr"])
    check_rest(whole, document, spoiled(scene, queue["netdev_queue"]["addr"]))
    lost = unread(of_queue(whole, device, "tx0"), of_queue(document, device, "tx0"))
    assert lost >= {"netdev_queue.state", "netdev_queue.stopped"} and "avail.idx" not in lost
    assert "netdev_queue.state" in errors_of(document, f"{device['device']} tx0")


@pytest.mark.parametrize("what", ["pairs-beyond-cpus", "fade"])
def test_net_device_page(scene, whole, without, what):
    """One device is gone, and with it the link to the next in the list: the others are still found."""
    device = scene.of(what)
    document = without(device["net_device"])
    check_rest(whole, document, spoiled(scene, device["net_device"]))
    assert device["net_device"][2:-3] in " ".join(error["what"] for error in document["errors"])


def test_missing_page_by_name(scene, whole, without):
    """Asking for the device that is gone is answered in JSON as well."""
    device = scene.of("fade")
    document = without(device["net_device"], command="vring -j fade")
    assert document["queues"] == [] and document["errors"]


def test_vqwalk_json(scene, without):
    device = scene.of("pairs-beyond-cpus")
    queue = next(q for q in device["queues"] if q["queue"] == "tx1")
    document = without(queue["vring_virtqueue"], command=f"vqwalk -j {device['net_device']} tx1")
    hops = document["queues"][0]["hops"]
    assert hops[3]["next"] == queue["vring_virtqueue"]
    assert document["errors"]


@pytest.mark.parametrize("command", ["vring -j eth77", "vring -j eth0 99", "vqwalk -j eth77", "vqwalk -j lo",
                                     "vqwalk -j eth0 nonsense"])
def test_nothing_there(scene, ask, command):
    document = ask(scene.dump.core, command)
    assert document["queues"] == [] and len(document["errors"]) == 1 and document["command"] == command.split()[0]


@pytest.fixture
def lonely_vmlinux(scene):
    """The vmlinux in a folder where no module's debuginfo is near."""
    with tempfile.TemporaryDirectory(dir=store.root(), prefix="lonely-") as folder:
        path = Path(folder) / "vmlinux"
        os.link(scene.dump.kernel.vmlinux, path)
        yield path


@pytest.mark.parametrize("command", ["vring -j -t dwarf", "vqwalk -j -t dwarf eth0"])
def test_missing_types(scene, ask, lonely_vmlinux, command):
    """Without BTF and without module debuginfo: which module's is missing, in JSON."""
    document = ask(scene.dump.core, command, vmlinux=lonely_vmlinux)
    assert document["queues"] == [] and len(document["errors"]) == 1
    assert "no debuginfo of module virtio" in document["errors"][0]["what"]
