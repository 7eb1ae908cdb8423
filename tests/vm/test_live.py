# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings that change while they are read: of a running guest under load, split and packed, with chains and owners.

What is read of one queue is of different moments, and nothing stops for it. That alone must never look like
damage. (test_watch.py has the same of vring -w, and of a host.)
"""

import contextlib
import json
from collections import Counter

import pytest
from lab import kernels, net, scenes, store
from lab.crash import FULL_OPTIONS
from lab.guest import Guest

VERSION = "9.0.2"
PACKED_HOST, PACKED_ADDRESS = "10.97.0.1", "10.97.0.2"
# In turn. The last one asks for one queue in full, as people do.
COMMANDS = ["vring -j", "vring -j -d", "vring -j -b -d", "vring -a -j -d -b", "vring -j -d -b eth1 tx0"]
LOOKS, MANY = 50, 300
# So many different states of each queue that carries the load, for which a busy machine, where the guest does not
# get far between two looks, gets so many times the looks.
PLACES, PATIENCE = 5, 6
LOADED = (("eth0", "tx0", "split"), ("eth1", "rx0", "packed"), ("eth1", "tx0", "packed"),
          ("virtio2", "req.0", "split"), ("virtio3", "req.0", "packed"))

# All of it without end: both interfaces flood their gateways with packets of many fragments, whose answers come
# back, and the disks are written and read.
WORKLOAD = f"""
ip address add {scenes.ADDRESS}/24 dev eth0
ip link set eth0 up
ip address add {PACKED_ADDRESS}/24 dev eth1
ip link set eth1 up
for host in {scenes.HOST} {PACKED_HOST}; do
    ping -c 1 -W 20 $host >/dev/null || echo LAB: no answer from $host
done
for host in {scenes.HOST} {PACKED_HOST}; do
    for size in 56 1400 9000; do ping -A -s $size $host >/dev/null & done
done
for disk in vda vdb; do
    (while true; do dd if=/dev/zero of=/dev/$disk bs=64k count=64 oflag=direct; dd if=/dev/$disk of=/dev/null bs=16k count=256 iflag=direct
    done) >/dev/null 2>&1 &
done"""


@pytest.fixture(scope="module", params=kernels.SUITES)
def looks(request, kernel, crash, vring_so, tmp_path_factory):
    """[(command, document)] of a session over a running guest"""
    one, folder = kernel(request.param), tmp_path_factory.mktemp("live")
    count = MANY if request.config.getoption("matrix") else LOOKS
    with contextlib.ExitStack() as stack:
        namespace = stack.enter_context(net.Namespace())
        namespace.tap("tap0", f"{scenes.HOST}/24", multi_queue=True)
        namespace.tap("tap1", f"{PACKED_HOST}/24", multi_queue=False)
        disks = []
        for name, options in (("split", ""), ("packed", ",packed=on")):
            image = folder / name
            with open(image, "wb") as file:
                file.truncate(8 << 20)
            disks += ["-drive", f"if=none,id={name},file={image},format=raw", "-device", f"virtio-blk-pci,drive={name}{options}"]
        nics = [*scenes.tap_nic(2), *scenes.tap_nic(1, "tap1", "net1", ",packed=on")]
        guest = stack.enter_context(Guest(one, WORKLOAD, [*nics, *disks], modules=("virtio_blk",), netns=namespace, cpus=2,
                                          append="nokaslr ipv6.disable=1"))
        with store.step("guest under load: boot"):
            guest.wait_for()
        assert "LAB: no" not in guest.console()
        terminal = stack.enter_context(crash(VERSION).terminal(f"live:{guest.ram}@0", one.vmlinux, so=vring_so,
                                                               extra=FULL_OPTIONS.get((VERSION, request.param), [])))
        found = []
        while len(found) < count or len(found) < PATIENCE * count and not were_at_work(found):
            command = COMMANDS[len(found) % len(COMMANDS)]
            assert not terminal.command(f"{command} > {folder}/json").strip(), command
            found.append((command, json.loads((folder / "json").read_text())))
        return found


def queues(looks):
    return [(command, queue) for command, document in looks for queue in document["queues"]]


def places(looks, device: str, name: str) -> set:
    """Return the different states that a queue was seen in."""
    return {(queue["layout"], queue["last_used_idx"], queue["num_free"]) for _, queue in queues(looks)
            if (queue["device"], queue["queue"]) == (device, name)}


def held(looks, option: str, what: str, device: str = "") -> bool:
    """Was anything of this kind ever shown, by the commands with this option?"""
    return any(queue[what] for command, queue in queues(looks) if option in command and device in queue["device"])


def were_at_work(looks) -> bool:
    return (all(len(places(looks, device, name)) >= PLACES for device, name, _ in LOADED)
            and held(looks, "-d", "chains", "virtio3") and held(looks, "-b", "owners"))


def test_they_were_at_work(looks):
    """The scene's own check: the queues that carry the load were seen at many places, and with something in them."""
    assert {document["live"] for _, document in looks} == {True}
    for device, name, layout in LOADED:
        seen = places(looks, device, name)
        assert {one[0] for one in seen} == {layout}, (device, name)
        assert len(seen) >= PLACES, (device, name, len(seen), len(looks))
    assert were_at_work(looks), "nothing was ever in a queue"


def test_nothing_is_an_error(looks):
    told = Counter(f"{error['where']}: {error['what']}" for _, document in looks for error in document["errors"])
    assert not told, "\n".join(f"{count} x {line}" for line, count in told.most_common(20))


def test_no_verdict_is_an_error(looks):
    wrong = Counter(f"{queue['device']} {queue['queue']} {queue['layout']}: {queue['verdict']['state']}: "
                    f"{[reason['text'] for reason in queue['verdict']['reasons']]}"
                    for _, queue in queues(looks) if queue["verdict"]["severity"] == "error")
    assert not wrong, "\n".join(f"{count} x {line}" for line, count in wrong.most_common(20))


def test_every_queue_is_seen_each_time(looks):
    """None is lost on the way: lists of devices do not change here."""
    for command in COMMANDS:
        seen = {tuple((queue["device"], queue["queue"]) for queue in document["queues"])
                for mine, document in looks if mine == command}
        assert len(seen) == 1 and seen != {()}, command
