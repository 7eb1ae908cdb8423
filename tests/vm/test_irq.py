# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupts, softirqs and timeouts of queues: against drgn, the guest's own word, and crash's irq."""

import json
import re
from pathlib import Path

import pahole
import pytest
import scenes_irq
import screens
from lab import core, kernels, scenes

# It opens every kernel in minimal mode; the other one opens 6.1 in full.
VERSION, FULL = "9.0.2", "8.0.2"
READER = Path(__file__).parent / "irq_reader.py"
TX = ("tx_timeouts", "trans_timeout")
# In the order of their bits, as /proc/softirqs lists them.
SOFTIRQS = ("HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU")
JIFFY_MS = 4


class Shown:
    """A dump of the scene: vring's JSON and two blocks, drgn's reading, the guest's words."""

    def __init__(self, folder, kernel, crash, drgn, vring_so):
        self.dump = scenes.load(kernel, folder)
        result = crash(VERSION).run(self.dump.core, kernel.vmlinux, ["vring -j", "vring eth0 0", "vring eth1 rx0"],
                                    minimal=True, so=vring_so)
        assert len(result.outputs) == 3, result.stdout + result.stderr
        self.document = json.loads(result.outputs[0])
        self.blocks = screens.blocks(result.outputs[1])
        self.shared = result.outputs[2]
        self.queues = {(q["device"], q["queue"]): q for q in self.document["queues"]}
        self.reader = drgn.run(READER, self.dump.core, kernel)
        self.told, self.timeouts = scenes_irq.told(folder)


@pytest.fixture(scope="module")
def shown(make_dump, crash, drgn, vring_so):
    """shown('6.1') -> Shown"""
    made = {}

    def get(name):
        if name not in made:
            kernel = kernels.get(name)
            folder = make_dump(f"irq-vectors-{name}", lambda f: scenes_irq.vectors(kernel, f))
            made[name] = Shown(folder, kernel, crash, drgn, vring_so)
        return made[name]
    return get


@pytest.mark.parametrize("name", kernels.SUITES)
def test_irqs_are_what_drgn_reads(shown, name):
    scene = shown(name)
    assert scene.document["errors"] == []
    expected = {(device, address): irq for device, found in scene.reader.items()
                for address, irq in found["irqs"].items()}
    assert {(q["device"], q["vring_virtqueue"]): q["irq"] for q in scene.document["queues"]} == expected
    assert len(expected) == 5 + 3 * 3
    irqs = {queue: q["irq"] for queue, q in scene.queues.items()}
    for device in ("eth0", "eth1", "eth2", "eth3"):
        assert irqs[device, "ctrl"] is None
        for queue in ("rx0", "tx0"):
            assert irqs[device, queue]["shared"] is (device in ("eth1", "eth2")), (device, queue)
    # What the scene did: each of them would be the same in an idle guest otherwise.
    assert irqs["eth0", "tx0"]["cpu"] == 1 and irqs["eth0", "rx0"]["cpu"] == 0
    assert irqs["eth0", "rx1"]["softirq_pending"]["mask"] != "0x0", "CPU 1 handled its softirqs"
    if name in ("5.10", "6.1"):
        assert irqs["eth0", "rx1"]["softirq_pending"]["net_rx"] is True


@pytest.mark.parametrize("name", kernels.SUITES)
def test_irqs_are_what_the_guest_said(shown, name):
    """/proc/interrupts and effective_affinity_list, of a moment before the dump."""
    scene = shown(name)
    irqs = [q["irq"] for q in scene.document["queues"] if q["irq"]]
    assert len(irqs) == 4 + 3 * 2
    for irq in irqs:
        said, count, cpu = scene.told[irq["number"]]
        assert (irq["name"], str(irq["cpu"])) == (said, cpu)
        assert count <= irq["count"] < count + 200, irq
        assert irq["disabled"] is False and irq["more_cpus"] is False
    # Every queue's: no vector of a queue's was left out.
    assert {irq["name"] for irq in irqs} == {
        said for said, _, _ in scene.told.values() if "virtio" in said and not said.endswith("-config")}


@pytest.mark.parametrize("name", kernels.SUITES)
def test_counts_are_what_drgn_reads(shown, name):
    scene = shown(name)
    for device, found in scene.reader.items():
        for queue, stats in found["stats"].items():
            mine = scene.queues[device, queue]
            assert mine["kicks"] == stats["kicks"] > 0, (device, queue)
            if queue.startswith("tx"):
                assert {key: mine["netdev_queue"][key] for key in TX} == {key: stats[key] for key in TX}
                assert mine["netdev_queue"]["watchdog_timeo_ms"] == stats["watchdog_timeo"] * JIFFY_MS
    stalled = scene.queues["eth3", "tx0"]["netdev_queue"]
    assert scene.timeouts <= stalled["trans_timeout"] <= scene.timeouts + 1
    if name == "5.10":
        assert stalled["tx_timeouts"] is None and stalled["watchdog_timeo_ms"] == 0
    else:
        assert stalled["tx_timeouts"] == stalled["trans_timeout"] > 0
        assert stalled["watchdog_timeo_ms"] == 5000


@pytest.mark.parametrize("name", ["6.1", "7.3"])
def test_full_block(shown, name):
    scene = shown(name)
    for queue in ("rx0", "tx0"):
        irq = scene.queues["eth0", queue]["irq"]
        mask = int(irq["softirq_pending"]["mask"], 16)
        pending = " ".join(name for bit, name in enumerate(SOFTIRQS) if mask >> bit & 1) or "none"
        assert re.search(rf"^    irq {irq['number']} {re.escape(irq['name'])}   enabled   CPU {irq['cpu']}   "
                         rf"count {irq['count']}   unhandled {irq['unhandled']}   "
                         rf"softirqs pending there: {pending}$", scene.blocks[queue], re.M), scene.blocks[queue]
    assert "watchdog after 5000 ms   fired 0 times, by the driver's count 0" in scene.blocks["tx0"]
    assert re.search(r"irq \d+ virtio1-virtqueues \(shared\)   enabled", scene.shared)


def test_crash_finds_the_same(shown, crash):
    """crash's own irq command, in a full session."""
    scene = shown("6.1")
    irqs = {q["irq"]["number"]: q["irq"] for q in scene.document["queues"] if q["irq"]}
    result = crash(FULL).run(scene.dump.core, scene.dump.kernel.vmlinux, [f"irq {n}" for n in irqs])
    assert len(result.outputs) == len(irqs) >= 7
    for irq, text in zip(irqs.values(), result.outputs, strict=True):
        row = re.search(r'^ *(\d+) +([0-9a-f]{16}) +[0-9a-f]{16} +"(.*)"$', text, re.M)
        assert (int(row[1]), f"0x{row[2]}", row[3]) == (irq["number"], irq["irq_desc"], irq["name"])


def test_disabled_and_masked(shown, crash, vring_so, tmp_path):
    """Of one interrupt the descriptor's words are overwritten, as disable_irq() would."""
    scene = shown("6.1")
    kernel = scene.dump.kernel
    members = pahole.read(kernel.vmlinux, "btf", ["irq_desc"])["irq_desc"].members
    result = crash(VERSION).run(scene.dump.core, kernel.vmlinux, ["rd page_offset_base"], minimal=True)
    base = int(result.outputs[0].split()[1], 16)
    changed = core.copy(scene.dump.core, tmp_path / "core")

    def overwrite(queue, member, value):
        desc = int(scene.queues["eth0", queue]["irq"]["irq_desc"], 16)
        offset, size = members[member]
        core.write_phys(changed, desc - base + offset, value.to_bytes(size, "little"))
    overwrite("rx0", "depth", 1)
    overwrite("tx1", "irq_common_data.state_use_accessors", 1 << 17)
    overwrite("tx1", "irqs_unhandled", 99999)
    result = crash(VERSION).run(changed, kernel.vmlinux, ["vring -j eth0", "vring eth0 rx0", "vring eth0 tx1"],
                                minimal=True, so=vring_so)
    irqs = {q["queue"]: q["irq"] for q in json.loads(result.outputs[0])["queues"] if q["irq"]}
    assert {queue: (irq["disabled"], irq["masked"]) for queue, irq in irqs.items()} == {
        "rx0": (True, False), "tx0": (False, False), "rx1": (False, False), "tx1": (False, True)}
    assert irqs["tx1"]["unhandled"] == 99999
    assert "virtio0-input.0   disabled   CPU" in result.outputs[1]
    assert "virtio0-output.1   enabled, masked   CPU" in result.outputs[2]
