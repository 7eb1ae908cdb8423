# SPDX-License-Identifier: GPL-2.0-or-later
"""vqwalk: each hop against drgn's addresses, and repeated by hand with the commands that -x prints."""

import json
import re

import pytest
from scenes_net import Scene

# (crash, kernel, started with, module debuginfo loaded by hand): what -x prints differs with it.
SESSIONS = [("8.0.2", "6.1", "full", True), ("8.0.2", "6.1", "full", False), ("8.0.2", "6.1", "minimal", False),
            ("9.0.2", "6.1", "full", True), ("9.0.2", "6.1", "full", False), ("7.2.9", "5.10", "full", True),
            ("8.0.6", "6.12", "full", False), ("9.0.2", "7.3", "minimal", False)]
MODULES = ("virtio", "virtio_ring", "virtio_net")
# With one hop to each member, the pair names the hop.
SIDES = {"tx": ("sq", "send_queue"), "rx": ("rq", "receive_queue")}


def expected(device: dict, queue: dict) -> dict:
    """{(struct, member): next address} by drgn, in the order of the walk."""
    hops = {("net_device", "priv"): device["virtnet_info"]}
    side = queue["queue"][:2]
    if side in SIDES:
        array, struct = SIDES[side]
        base = next(q["owner"] for q in device["queues"] if q["queue"] == f"{side}0")
        hops |= {("virtnet_info", array): base, (struct, None): queue["owner"],
                 (struct, "vq"): queue["vring_virtqueue"]}
    else:
        hops["virtnet_info", "cvq"] = queue["vring_virtqueue"]
    hops["virtqueue", None] = queue["vring_virtqueue"]
    for part in ("desc", "avail", "used"):
        hops["vring_virtqueue", part] = queue[part]
    at = queue["word_at"]
    return hops | {("vring_avail", "idx"): at["avail_idx"], ("vring_avail", "used_event"): at["used_event"],
                   ("vring_used", "idx"): at["used_idx"], ("vring_used", "avail_event"): at["avail_event"]}


def hops_of(path: dict) -> dict:
    """The same of vqwalk -j."""
    hops = {}
    for hop in path["hops"]:
        # How the private area is found changed with the kernels, and so did the way to vring.
        member = "priv" if hop["struct"] == "net_device" else hop["member"] and hop["member"].split(".")[-1]
        hops[hop["struct"], member] = hop["next"]
    return hops


@pytest.mark.parametrize("version, name", [("7.2.9", "5.10"), ("8.0.2", "6.1"), ("8.0.6", "6.12"), ("9.0.2", "7.3")])
def test_hops_are_drgns(net_scene, crash, vring_so, tmp_path, version, name):
    """All queues of all devices; each hop starts where an earlier one led."""
    scene: Scene = net_scene("zoo", name)
    lines = [f"vqwalk -j {device['net_device']} > {tmp_path}/{n}" for n, device in enumerate(scene.devices)]
    crash(version).run(scene.dump.core, scene.dump.kernel.vmlinux, lines, minimal=True, so=vring_so)
    for n, device in enumerate(scene.devices):
        document = json.loads((tmp_path / str(n)).read_text())
        assert document["command"] == "vqwalk" and document["errors"] == []
        paths = {path["queue"]: path for path in document["queues"]}
        assert set(paths) == {queue["queue"] for queue in device["queues"]}
        for queue in device["queues"]:
            path = paths[queue["queue"]]
            assert hops_of(path) == expected(device, queue), (device["device"], queue["queue"])
            reached = {device["net_device"]}
            for hop in path["hops"]:
                assert hop["address"] in reached, hop
                reached.add(hop["next"])


def test_text_is_the_same(net_scene, crash, vring_so, tmp_path):
    scene: Scene = net_scene("zoo", "6.1")
    device = scene.of("pairs-beyond-cpus")["net_device"]
    text, _ = crash("8.0.2").run(scene.dump.core, scene.dump.kernel.vmlinux, [
        f"vqwalk {device}", f"vqwalk -j {device} > {tmp_path}/json"], minimal=True, so=vring_so).outputs
    hops = [hop for path in json.loads((tmp_path / "json").read_text())["queues"] for hop in path["hops"]]
    rows = [line for line in text.splitlines() if re.match(r"\w+ +[0-9a-f]{16} ", line)]
    assert len(rows) == len(hops) > 100
    for row, hop in zip(rows, hops, strict=True):
        words = [hop["struct"], hop["address"][2:]]
        words += [hop["member"], hex(hop["offset"])] if hop["member"] else []
        assert row.split()[:len(words) + 1] == [*words, hop["next"][2:]] and row.endswith(hop["rule"])


# ---- by hand ----------------------------------------------------------------------------------

def printed(line: str, output: str) -> int:
    """Return the address that a command is about: what it computes, or where it reads."""
    if line.startswith("rd -16"):
        return int(re.match(r" *([0-9a-f]+):", output)[1], 16)
    forms = {"eval": r"^hexadecimal: ([0-9a-f]+)", "rd": r"^ *[0-9a-f]+: +([0-9a-f]{16})",
             "px": r"^\$\d+ = (?:\(.*\) )?0x([0-9a-f]+)"}
    return int(re.search(forms[line.split()[0]], output, re.M)[1], 16)


def steps(text: str):
    """Yield (a comment, the address at its end, the commands below it)."""
    for piece in re.split(r"^# ", text, flags=re.M)[1:]:
        comment, *commands = piece.splitlines()
        found = re.search(r"-> ([0-9a-f]+)$", comment)
        assert found or not commands, f"commands without an address: {piece}"
        if commands:
            yield comment, int(found[1], 16), commands


def words_read(text: str, transcript: dict) -> dict:
    """{address: value} of all 16-bit words that were read."""
    lines = re.findall(r"^rd -16 .*", text, re.M)
    pairs = (re.match(r" *([0-9a-f]+): +([0-9a-f]{4})\b", transcript[line]) for line in lines)
    return {int(pair[1], 16): int(pair[2], 16) for pair in pairs}


@pytest.mark.parametrize("version, name, mode, mods", SESSIONS,
                         ids=lambda value: {True: "mod", False: "nomod"}.get(value, value))
def test_commands_repeat_the_walk(net_scene, crash, vring_so, tmp_path, version, name, mode, mods):
    """What -x prints is typed into the same session, comments too: each step gives its address."""
    scene: Scene = net_scene("zoo", name)
    with crash(version).terminal(scene.dump.core, scene.dump.kernel.vmlinux, minimal=mode == "minimal",
                                 so=vring_so) as terminal:
        for module in MODULES if mods else ():
            terminal.command(f"mod -s {module} {next(scene.dump.kernel.debugmods.glob(f'**/{module}.ko*'))}")
        # Two devices have this name.
        for n, selection in enumerate(("eth0 1", "eth0 ctrl", "fade 0")):
            terminal.command(f"vqwalk -x {selection} > {tmp_path}/{n}")
        text = "".join((tmp_path / str(n)).read_text() for n in range(3))
        transcript = {line: terminal.command(line) for line in text.splitlines()}
    assert not [line for line in transcript if line.startswith("#") and transcript[line].strip()]
    if mods:
        assert "px ((struct virtnet_info *)" in text
    done = 0
    for comment, address, commands in steps(text):
        if len(commands) == 2:
            assert re.search(r"sizeof\(net_device\) (0x\w+)", comment)[1] in transcript[commands[0]]
        assert printed(commands[-1], transcript[commands[-1]]) == address, (commands, transcript[commands[-1]])
        done += 1
    assert done >= 5 * 10
    check_words(scene, words_read(text, transcript))


def check_words(scene: Scene, found: dict) -> None:
    """The words that the commands read are drgn's."""
    known = {int(address, 16): queue[word] for device in scene.devices for queue in device["queues"]
             for word, address in queue["word_at"].items()}
    assert len(found) >= 5 * 4 and found.items() <= known.items()
