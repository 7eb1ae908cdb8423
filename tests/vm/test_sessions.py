# SPDX-License-Identifier: GPL-2.0-or-later
"""One vring.so in every crash, in full and in minimal sessions: the same bytes everywhere."""

import pytest
import screens
from lab import crash as lab_crash

# Who opens what (docs: each crash's own limits).
MINIMAL = {"5.10": ["7.2.9", "8.0.2", "8.0.6", "9.0.2"], "6.1": ["8.0.2", "8.0.6", "9.0.2"],
           "6.12": ["8.0.6", "9.0.2"], "7.3": ["8.0.6", "9.0.2"]}
FULL = {"5.10": ["7.2.9", "8.0.2", "9.0.2"], "6.1": ["8.0.2", "9.0.2"],
        "6.12": ["8.0.6", "9.0.2"], "7.3": ["9.0.2"]}

GOOD = ["vring", "vring eth0", "vring eth0 1", "vring eth0 tx0", "vring eth0 rx", "vring eth0 ctrl",
        "vring -j", "vring -j eth0 2", "vqwalk eth0 rx1", "vqwalk -j eth0 tx2", "vhostq"]
# What each is answered with, beside being the same everywhere.
BAD = {
    "vring nosuch": "virtio-net devices: eth0 (net_device",
    "vring lo": "is not a virtio-net device",
    "vring eth0 4": "eth0 has no such queue: its queue pairs are 0..3",
    "vring eth0 tx99": "eth0 has no such queue",
    "vring eth0 first": "'first' is no queue",
    "vring ffff888000000000": "'ffff888000000000' is no net device",
    "vqwalk eth0 tx4": "eth0 has no such queue",
    "vhostq eth0": "eth0",
    "vring -q": "bad option -q",
    "vring -c": "no argument behind option -c",
    "vhostq -p": "no argument behind option -p",
    "vring -l -j": "-j does nothing beside option -l",
    "vring -w 1 -d": "-d does nothing beside option -w",
    "vring -w 1 -l": "-w does nothing beside option -l",
    "vring -b -c guest.json": "-b does nothing beside option -c",
    "vhostq -m -d": "-d does nothing beside option -m",
    "vhostq -l -m": "-m does nothing beside option -l",
    "vhostq -l -p 1": "-p does nothing beside option -l",
    "vring -l eth0": "a device does nothing beside option -l",
    "vhostq -l tap0": "a device does nothing beside option -l",
    "vring -V eth0": "a device does nothing beside option -V",
    "vring -V -j": "-j does nothing beside option -V",
    "vqwalk -x -j eth0": "-x does nothing beside option -j",
}
COMMANDS = [*GOOD, *BAD, "vring -l"]


@pytest.fixture(scope="module")
def output(crash, busy_tap_of, vring_so):
    """output(version, kernel, minimal) -> {command: what it prints}, from one start of crash"""
    made = {}

    def get(version, name, minimal):
        key = version, name, minimal
        if key not in made:
            dump = busy_tap_of(name)
            extra = [] if minimal else lab_crash.FULL_OPTIONS.get((version, name), [])
            result = crash(version).run(dump.core, dump.kernel.vmlinux, COMMANDS, minimal=minimal,
                                        extra=extra, so=vring_so)
            assert len(result.outputs) == len(COMMANDS), result.stdout + result.stderr
            made[key] = dict(zip(COMMANDS, result.outputs, strict=True))
        return made[key]
    return get


def pairs(table: dict) -> list:
    return [pytest.param(version, name, id=f"crash-{version}-kernel-{name}")
            for name, versions in table.items() for version in versions]


def test_matrix_is_complete():
    assert {version for versions in MINIMAL.values() for version in versions} == set(lab_crash.SUITES)


@pytest.mark.parametrize("version, name", pairs(MINIMAL))
def test_all_versions_print_the_same(output, version, name):
    """What the newest prints, and that it is what was asked for."""
    reference = output("9.0.2", name, True)
    assert output(version, name, True) == reference
    assert len(screens.table(reference["vring eth0"])) == 9
    assert set(screens.blocks(reference["vring eth0 1"])) == {"rx1", "tx1"}
    for command, expected in BAD.items():
        assert expected in reference[command], command
    assert len(screens.layout(reference["vring -l"])) > 50


@pytest.mark.parametrize("version, name", pairs(FULL))
def test_full_session_prints_the_same(output, version, name):
    assert output(version, name, False) == output("9.0.2", name, True)
