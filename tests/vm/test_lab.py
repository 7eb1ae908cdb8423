# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself: if one of these fails, no other result of tests/vm means anything."""

import struct

import pytest
from lab import core, guest, scenes, store

RX, TX = 0, 1
TRIES = 10


def used_index(path, queue: dict) -> int:
    """Read a split ring's used index from a core: flags, then idx, 16 bits each."""
    return struct.unpack("<HH", core.read_phys(path, queue["vring-used"], 4))[1]


def number_at(crash, path, kernel, address: int) -> int:
    """Let crash read 64 bits of physical memory."""
    output = crash.run(path, kernel.vmlinux, [f"rd -p {address:x}"], minimal=True).outputs[0]
    return int(output.split()[1], 16)


def test_crash_opens_the_core(crash, busy_tap):
    result = crash("8.0.2").run(busy_tap.core, busy_tap.kernel.vmlinux, ["sys", "p jiffies"])
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"RELEASE: {busy_tap.kernel.release}" in result.outputs[0]
    assert result.outputs[1].startswith("jiffies = $1 = ")


def test_every_queue_has_had_traffic(busy_tap):
    for pair in range(4):
        assert busy_tap.queue("net0", 2 * pair + TX)["used-idx"] > 20
        assert busy_tap.queue("net0", 2 * pair + RX)["used-idx"] > 20


def test_core_and_qmp_show_the_same_instant(busy_tap):
    queues = busy_tap.device("net0")["queues"]
    assert len(queues) == 9  # four pairs and the control queue
    for queue in queues:
        assert used_index(busy_tap.core, queue) == queue["used-idx"]


def test_outputs_are_told_apart(crash, busy_tap):
    commands = ["sym init_net", "nosuch", "rd init_net 1 > /dev/null", "eval 17"]
    result = crash("8.0.2").run(busy_tap.core, busy_tap.kernel.vmlinux, commands, minimal=True)
    assert "init_net" in result.outputs[0]
    assert "not available" in result.outputs[1]
    assert result.outputs[2] == ""
    assert result.outputs[3].startswith("hexadecimal: 11")
    assert "minimal mode" in result.greeting


def test_punched_core_lacks_the_page(crash, busy_tap, scratch):
    page = busy_tap.queue("net0", TX)["vring-desc"]
    punched = core.punch(busy_tap.core, scratch / "core", [(page, 4096)])
    commands = [f"rd -p {address:x}" for address in (page - 8, page, page + 4088, page + 4096)]
    outputs = crash("8.0.2").run(punched, busy_tap.kernel.vmlinux, commands, minimal=True).outputs
    assert ["read error" in output for output in outputs] == [False, True, True, False]
    with pytest.raises(KeyError):
        core.read_phys(punched, page, 1)
    assert core.read_phys(punched, page - 8, 8) == core.read_phys(busy_tap.core, page - 8, 8)


def test_scribbled_copy(crash, busy_tap, scratch):
    address = busy_tap.queue("net0", TX)["vring-desc"]
    scribbled = core.copy(busy_tap.core, scratch / "core")
    core.write_phys(scribbled, address, struct.pack("<Q", 0x1122334455667788))
    assert number_at(crash("8.0.2"), scribbled, busy_tap.kernel, address) == 0x1122334455667788
    assert number_at(crash("8.0.2"), busy_tap.core, busy_tap.kernel, address) != 0x1122334455667788


def test_frozen_guest_becomes_a_core(crash, kernel, scratch):
    one = kernel("6.1")
    with scenes.tap_guest(one, pairs=1) as (running, _):
        # Between the two a slow guest may still answer what it was sent.
        for _ in range(TRIES):
            with running.frozen():
                ram = running.copy_ram(scratch / "ram")
            dump = scenes.save(running, scratch)
            bare = core.wrap_ram(ram, scratch / "bare")
            queue = dump.queue("net0", TX)
            if used_index(bare, queue) == queue["used-idx"]:
                break
            running.resume()
        running.dump_kdump(scratch / "kdump")
    with_notes = core.wrap_ram(ram, scratch / "with-notes", template=dump.core)
    for path in (bare, with_notes, scratch / "kdump"):
        result = crash("8.0.2").run(path, one.vmlinux, ["sys"])
        assert f"RELEASE: {one.release}" in result.stdout, result.stdout + result.stderr
    assert used_index(bare, queue) == queue["used-idx"] > 0


def test_stalled_queue_stays_full(kernel, scratch):
    with scenes.stalled_guest(kernel("6.1")) as stalled:
        # The order matters: QEMU answers nothing while frozen.
        tx = next(q for q in stalled.queues()[0]["queues"] if q["queue-index"] == TX)
        with stalled.frozen():
            ram = stalled.copy_ram(scratch / "ram")
    path = core.wrap_ram(ram, scratch / "core")
    published = struct.unpack("<HH", core.read_phys(path, tx["vring-avail"], 4))[1]
    assert used_index(path, tx) == tx["used-idx"]
    # The driver stops its queue when what is left could not take the largest packet.
    assert tx["vring-num"] - 20 < published - tx["used-idx"] < tx["vring-num"]


@pytest.mark.parametrize("version, name, extra", [
    ("7.2.9", "5.10", []), ("8.0.6", "6.12", []), ("9.0.2", "6.1", []), ("9.0.2", "7.3", ["--no_modules"])])
def test_other_versions_of_crash(crash, busy_tap_of, version, name, extra):
    dump = busy_tap_of(name)
    result = crash(version).run(dump.core, dump.kernel.vmlinux, ["sys"], extra=extra)
    assert f"RELEASE: {dump.kernel.release}" in result.stdout, result.stdout + result.stderr


def test_emulators_fault_is_met_by_another_boot(kernel):
    """Not for ever: this guest meets it each time."""
    workload = f'echo "{guest.EMULATORS_FAULT}"; echo c >/proc/sysrq-trigger'
    with guest.Guest(kernel("6.1"), workload) as one:
        with pytest.raises(store.LabError, match="QEMU ended before"):
            one.wait_for()
        assert one.boots == guest.BOOTS


def test_a_silent_guest_boots_again(kernel, monkeypatch):
    """No guest says a word that soon: it is the last boot that is waited for."""
    monkeypatch.setattr(guest, "SILENCE", 0.5)
    with guest.Guest(kernel("6.1")) as one:
        one.wait_for()
        assert one.boots == guest.BOOTS and one.devices() == []


def test_terminal_survives_ctrl_c(crash, busy_tap):
    with crash("8.0.2").terminal(busy_tap.core, busy_tap.kernel.vmlinux, minimal=True) as terminal:
        terminal.send("sym -l\n")
        terminal.wait_for(r"\([A-Za-z]\)")
        terminal.interrupt()
        terminal.wait_prompt()
        assert terminal.command("eval 17").startswith("hexadecimal: 11")


def test_timeout_ends_crash(crash, busy_tap):
    result = crash("8.0.2").run(busy_tap.core, busy_tap.kernel.vmlinux, ["!sleep 60"], timeout=8)
    assert result.returncode is None
    assert result.seconds < 15


def test_interrupted_build_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("VRING_CACHE", str(tmp_path))

    def fails(folder):
        (folder / "half").touch()
        raise store.LabError("the network went away")
    with pytest.raises(store.LabError):
        store.entry("thing", fails)
    whole = store.entry("thing", lambda folder: (folder / "all").touch())
    assert [path.name for path in whole.iterdir()] == ["all"]
