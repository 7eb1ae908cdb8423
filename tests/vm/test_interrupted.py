# SPDX-License-Identifier: GPL-2.0-or-later
"""Living with crash's users: Ctrl-C at any moment, pipes that close, full disks, odd settings."""

import json

import pytest

VERSION, KERNEL = "9.0.2", "6.1"
# What takes long enough to be interrupted in the midst of, and what is asked next.
LONG = ["vring -a -b -d", "vring -a -b -d -j", "vqwalk eth0", "vring -a", "vring -b -d eth3"]
NEXT = "vring eth3"
# Moments between sending a command and Ctrl-C, in seconds: from before it starts to after its end.
MOMENTS = [0.002 * n for n in range(10)] + [0.03 * n for n in range(1, 11)]


@pytest.fixture(scope="module")
def scene(virtio_scene):
    return virtio_scene("mixed", KERNEL).dump


@pytest.fixture(scope="module")
def run(scene, crash, vring_so):
    """run(commands) -> their outputs"""
    def get(commands, version=VERSION, so=vring_so, **more):
        result = crash(version).run(scene.core, scene.kernel.vmlinux, commands, minimal=True, so=so, **more)
        assert result.returncode == 0 and len(result.outputs) == len(commands), result.stdout + result.stderr
        return result.outputs
    return get


@pytest.fixture(scope="module")
def usual(run):
    """{command: what it prints}"""
    commands = [*LONG, NEXT, "vring", "vring -j", "sym init_net"]
    return dict(zip(commands, run(commands), strict=True))


@pytest.fixture(scope="module")
def terminal(scene, crash, vring_so):
    with crash(VERSION).terminal(scene.core, scene.kernel.vmlinux, minimal=True, so=vring_so) as made:
        made.command("set scroll off")
        yield made


# ---- Ctrl-C ------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", range(len(MOMENTS)))
def test_interrupt(terminal, usual, number):
    """Whatever is cut short, what comes next is whole."""
    terminal.send(LONG[number % len(LONG)] + "\n")
    terminal.pause(MOMENTS[number])
    terminal.interrupt()
    # Ctrl-C at the prompt gives none: a line does, and where there was one there are two then.
    terminal.send("\n")
    terminal.wait_prompt(60)
    terminal.settle()
    assert terminal.command(NEXT) == usual[NEXT]
    assert terminal.command("sym init_net") == usual["sym init_net"]


def test_interrupt_while_a_file_is_written(terminal, usual, tmp_path):
    """What is redirected is cut short, and the next command's output goes to the terminal again."""
    for moment in (0.01, 0.05, 0.2):
        terminal.send(f"vring -a -b -d > {tmp_path}/out\n")
        terminal.pause(moment)
        terminal.interrupt()
        terminal.wait_prompt(60)
        terminal.settle()
        assert terminal.command(NEXT) == usual[NEXT]
        written = (tmp_path / "out").read_text() if (tmp_path / "out").exists() else ""
        assert usual["vring -a -b -d"].startswith(written)


# ---- where output goes ---------------------------------------------------------------------------

def test_closed_pipe(scene, crash, vring_so, usual):
    """The reader has had enough, which crash itself may complain of; what comes next is whole."""
    commands = ["vring -a | head -1", "vring -a -b -d | head -1", "vring -a -b -d -j | head -c 10", "vqwalk eth0 | true", NEXT]
    result = crash(VERSION).run(scene.core, scene.kernel.vmlinux, commands, minimal=True, so=vring_so)
    assert result.returncode == 0
    assert result.stdout.count(usual[NEXT]) == 1 and result.stdout.rstrip().endswith(usual[NEXT].rstrip())


def test_full_disk(run, usual, tmp_path):
    """It is said that something is missing, and what comes next is whole."""
    commands = ["vring -j > /dev/full", NEXT, "vring -a > /dev/full", NEXT, f"vring -j > {tmp_path}/json"]
    outputs = run(commands)
    assert "vring: " in outputs[0] and "not all of its output could be written" in outputs[0], outputs[0]
    assert "vring: " in outputs[2] and "not all of its output could be written" in outputs[2], outputs[2]
    assert outputs[1] == outputs[3] == usual[NEXT] and outputs[4] == ""
    assert json.loads((tmp_path / "json").read_text()) == json.loads(usual["vring -j"])


# ---- extend ---------------------------------------------------------------------------------------

def test_extend_twice_and_again(run, usual, vring_so):
    commands = [f"extend {vring_so}", NEXT, f"extend -u {vring_so}", "vring", f"extend {vring_so}", NEXT, "vring -j",
                f"extend -u {vring_so}", f"extend {vring_so}", "vring -a -b -d"]
    outputs = run(commands)
    assert "already loaded" in outputs[0]
    assert outputs[1] == outputs[5] == usual[NEXT]
    assert "net_device" not in outputs[3]
    assert outputs[6] == usual["vring -j"] and outputs[-1] == usual["vring -a -b -d"]


# ---- settings and files -----------------------------------------------------------------------------

SETTINGS = {"set radix 16": "set radix 10", "set scroll off": "set scroll off", "set debug 8": "set debug 0",
            "set hex": "set dec", "set silent on": "set silent off"}


def test_settings(run, usual, tmp_path):
    """No setting of crash's changes what is printed; with debug crash itself says more on the terminal."""
    commands = []
    for number, (setting, back) in enumerate(SETTINGS.items()):
        commands += [setting, f"vring eth3 > {tmp_path}/text{number}", f"vring -j > {tmp_path}/json{number}", back]
    run(commands)
    for number, setting in enumerate(SETTINGS):
        assert (tmp_path / f"text{number}").read_text() == usual[NEXT], setting
        assert (tmp_path / f"json{number}").read_text() == usual["vring -j"], setting


def test_settings_on_a_host(host_session, tmp_path):
    """The same of vhostq and of vqwalk on its side."""
    session = host_session(KERNEL)
    commands = ["vhostq tx", "vhostq -j", "vqwalk tx tx0"]
    usual = session.run(*commands)
    assert json.loads(usual[1])["queues"]
    lines = []
    for number, (setting, back) in enumerate(SETTINGS.items()):
        lines += [setting, *(f"{command} > {tmp_path}/{number}-{n}" for n, command in enumerate(commands)), back]
    session.run(*lines)
    for number, setting in enumerate(SETTINGS):
        assert [(tmp_path / f"{number}-{n}").read_text() for n in range(len(commands))] == usual, setting


def test_input_files(terminal, usual, tmp_path):
    """Commands from a file by <, which crash does not allow within the file of -i that other tests use."""
    (tmp_path / "commands").write_text(f"{NEXT}\nvring -j > {tmp_path}/json\n")
    shown = terminal.command(f"< {tmp_path}/commands")
    assert usual[NEXT] in shown
    assert terminal.command(NEXT) == usual[NEXT]
    assert (tmp_path / "json").read_text() == usual["vring -j"]
