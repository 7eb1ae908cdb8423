# SPDX-License-Identifier: GPL-2.0-or-later
"""vqwalk on a host: the commands that -x prints, typed into the same session, lead from hop to hop."""

import re

import pytest
from test_vqwalk import printed, steps

VERSION = "9.0.2"
MODULES = ("tun", "tap", "macvtap", "vhost", "vhost_net")
# What the way to a queue goes through: a tap's array and its list of detached queues, a
# macvtap's list, and a device that only its process's files lead to.
WAYS = {"tun_struct.tfiles", "tun_struct.disabled", "tap_dev.queue_list", "list_head.tun_file.next", "list_head.tap_queue.next",
        "file.private_data", "vhost_vsock.dev", "vhost_dev.vqs", "vhost_net.vqs[0].vq"}


def selections(session) -> list:
    """Devices that go all these ways."""
    chosen = {}
    for queue in session.queues.values():
        kind = re.sub(r"\d+", "", queue["device"]), queue["detached"]
        chosen.setdefault(kind, queue["vhost_virtqueue"][2:])
    return list(chosen.values())


@pytest.mark.parametrize("mode, mods", [("full", True), ("full", False), ("minimal", False)])
def test_commands_repeat_the_walk(host_session, crash, vring_so, tmp_path, mode, mods):
    session = host_session("6.1")
    host = session.host
    with crash(VERSION).terminal(host.core, host.kernel.vmlinux, minimal=mode == "minimal", so=vring_so) as terminal:
        for module in MODULES if mods else ():
            terminal.command(f"mod -s {module} {next(host.kernel.debugmods.glob(f'**/{module}.ko*'))}")
        texts = []
        for n, address in enumerate(selections(session)):
            terminal.command(f"vqwalk -x {address} > {tmp_path}/{n}")
            texts.append((tmp_path / str(n)).read_text())
        text = "".join(texts)
        transcript = {line: terminal.command(line) for line in text.splitlines()}
    assert not [line for line in transcript if line.startswith("#") and transcript[line].strip()]
    assert {way.split(":")[0] for way in re.findall(r"^# ([\w*]+\.[^:]+): ", text, re.M)} >= WAYS
    done = 0
    for comment, address, commands in steps(text):
        output = transcript[commands[-1]]
        if commands[-1].startswith(("list ", "files ")) or "on this list" in comment:
            assert f"{address:x}" in output, (comment, output)
        else:
            assert printed(commands[-1], output) == address, (commands, output)
        done += 1
    assert done > 6 * len(texts)
