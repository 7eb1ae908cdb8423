# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts' cores with something written over them, in the real crash: see hostile.py for what must hold."""

import contextlib

import pytest
from hostile import Session, lay_open, try_damage
from hostile_host import DAMAGES, SIDE
from host_session import READER_MODULES
from lab import core

# Minimal mode starts in no time. The second version gets a sample: a dump is read the same way there.
SESSIONS = {"9.0.2": DAMAGES, "8.0.2": DAMAGES[::5]}
CASES = [pytest.param(version, damage, id=f"{version}-{damage.what}-{number}")
         for version, damages in SESSIONS.items() for number, damage in enumerate(damages)]


@pytest.fixture(scope="module")
def scene(host_session):
    return host_session("6.1").host


@pytest.fixture(scope="module")
def places(scene, drgn):
    drivers = scene.kernel.debugmods / "kernel/drivers"
    files = [file for pattern in READER_MODULES for file in sorted(drivers.glob(pattern))]
    return lay_open(drgn, scene.core, scene.kernel, DAMAGES, *files)


@pytest.fixture(scope="module")
def session(scene, places, crash, vring_so, tmp_path_factory):
    """session(version) -> crash of that version over a copy of the core."""
    with contextlib.ExitStack() as stack:
        made = {}

        def get(version) -> Session:
            if version not in made:
                folder = tmp_path_factory.mktemp("hostile-host")
                path = core.copy(scene.core, folder / "core")
                stack.callback(path.unlink)
                terminal = stack.enter_context(crash(version).terminal(
                    path, scene.kernel.vmlinux, minimal=True, so=vring_so))
                made[version] = Session(terminal, path, places, folder)
                stack.callback(made[version].close)
            return made[version]
        yield get


@pytest.mark.parametrize("version, damage", CASES)
def test_damage(session, version, damage):
    try_damage(session(version), SIDE, damage)


@pytest.mark.parametrize("version", SESSIONS)
def test_nothing_stays_behind(session, version):
    """After all that the same session answers as it did at first."""
    for command, answer in session(version).calm.items():
        assert session(version).ask(command).text == answer.text, command
