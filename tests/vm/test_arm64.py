# SPDX-License-Identifier: GPL-2.0-or-later
"""arm64: an arm64 guest's core in an arm64 crash, with a vring.so of its own.

crash reads dumps of its own architecture only, so this one runs through QEMU's user emulation.
QEMU's reading of the guest's rings, drgn and the bare core are as for any other guest.
"""

import json
import os
import re
from pathlib import Path

import agree
import pytest
import rings
import screens
from lab import crash as lab_crash
from lab import store
from test_guest_matrix import Shown, none_wrong

pytestmark = pytest.mark.matrix

KERNEL, VERSION = "6.1-arm64", "8.0.2"
MODES = ("full", "minimal")
TOP = Path(__file__).parents[2]
STACK_END = 0x57AC6E9D  # what Linux has at the end of each kernel stack


@pytest.fixture(scope="module")
def scene(net_scene):
    return net_scene("busy_tap", KERNEL)


@pytest.fixture(scope="module")
def places(scene, drgn):
    return drgn.run(Path(__file__).parent / "arm64_reader.py", scene.dump.core, scene.dump.kernel)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The folder with both extensions, compiled for arm64."""
    folder = tmp_path_factory.mktemp("built")
    # A make above us would hand down what it was started with.
    env = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    store.run(["make", "-C", folder, "-f", TOP / "Makefile", "ARCH=aarch64", "CC=aarch64-linux-gnu-gcc",
               "vring.so", "build/probe.so"], env=env)
    return folder


@pytest.fixture(scope="module")
def session(scene, places, built, tmp_path_factory):
    """session(mode) -> (what vring shows, {command: output} of the others), of one session: each costs a minute."""
    made = {}

    def get(mode):
        if mode not in made:
            made[mode] = run(mode, scene, places, built, tmp_path_factory.mktemp("json") / "vring.json")
        return made[mode]
    return get


def run(mode, scene, places, built, file):
    others = ["vring eth0 tx1", "vqwalk eth0 rx0", f"extend {built}/build/probe.so"]
    for at, _ in places["words"].values():
        others += [f"vrprobe read {at:x}", f"vrprobe raw {at:x}"]
    others += [f"vrprobe user {places['mm']:x} {places['argument_at']:x}", "vrprobe read 1234567890abcdef"]
    crash = lab_crash.Crash(VERSION, "arm64")
    result = crash.run(scene.dump.core, scene.dump.kernel.vmlinux, [f"vring -j > {file}", "vring", *others],
                       minimal=mode == "minimal", so=built / "vring.so", timeout=1200)
    assert len(result.outputs) == 2 + len(others), result.stdout + result.stderr
    shown = Shown("busy_tap", scene, json.loads(file.read_text()), result.outputs[1])
    return shown, dict(zip(others, result.outputs[2:], strict=True))


def disagreements(shown) -> list:
    """Compare each field with QEMU, drgn and the words in the bare core, and the table with the JSON."""
    tables = screens.devices(shown.text)
    wrong = agree.with_contract(shown.document)
    for queue, device, second in shown.each():
        qemu = shown.scene.qemu(device)
        status = next(q for q in qemu["queues"] if q["queue-index"] == queue["index"])
        wrong += agree.with_drgn(queue, device, second)
        wrong += agree.with_qemu(queue, qemu, status)
        wrong += agree.with_memory(queue, rings.words(shown.scene.dump.core, status))
        wrong += agree.with_table(queue, tables[int(queue["net_device"], 16)][queue["queue"]])
    return wrong


def test_every_queue(session, record_property):
    for mode in MODES:
        shown, _ = session(mode)
        document = shown.document
        assert document["errors"] == [] and document["release"] == shown.scene.dump.kernel.release
        assert {q["queue"] for q in document["queues"]} == {
            "ctrl", *(f"{way}{n}" for way in ("rx", "tx") for n in range(4))}
        none_wrong(disagreements(shown))
        assert sum(q["used"]["idx"] for q in document["queues"]) > 300, "the guest was not busy"
    record_property("arm64", f"yes. {document['release']} in crash {VERSION}, full and minimal, run by QEMU's user "
                             "emulation: every queue compared with QEMU's reading of it, with the words in the "
                             "bare dump and with drgn's reading.")


@pytest.mark.parametrize("mode", MODES)
def test_blocks_and_hops(session, mode):
    shown, outputs = session(mode)
    queues = {q["queue"]: q for q in shown.document["queues"]}
    block = screens.blocks(outputs["vring eth0 tx1"])["tx1"]
    assert screens.value(block, "last_used_idx") == queues["tx1"]["last_used_idx"]
    hops = outputs["vqwalk eth0 rx0"]
    for address in (queues["rx0"]["net_device"], queues["rx0"]["vring_virtqueue"]):
        assert address.removeprefix("0x") in hops


@pytest.mark.parametrize("mode", MODES)
def test_page_tables(session, places, mode):
    """Our own walk, of the kernel's tables and of a process's, is drgn's, and crash's where crash has one."""
    _, outputs = session(mode)
    words = places["words"]
    assert words["stack"][1] == STACK_END and places["argument"] == "/bin/sh"
    for name, (at, value) in words.items():
        assert outputs[f"vrprobe read {at:x}"] == f"read: {value:x}\n", name
        crashs_own = f"{value:x}" if mode == "full" or name in ("image", "direct") else "failed"
        assert outputs[f"vrprobe raw {at:x}"] == f"raw: {crashs_own}\n", name
    user = f"vrprobe user {places['mm']:x} {places['argument_at']:x}"
    assert outputs[user] == f"user: '{places['argument']}'\n"
    assert outputs["vrprobe read 1234567890abcdef"] == "read: failed\n"


def test_loads_on_old_systems(built):
    """No symbol newer than the oldest glibc there is for arm64."""
    table = store.run(["aarch64-linux-gnu-objdump", "-T", built / "vring.so"])
    assert set(re.findall(r"GLIBC_([0-9.]+)", table)) == {"2.17"}
