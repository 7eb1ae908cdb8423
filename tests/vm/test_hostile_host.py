# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts' cores with something written over them, in the real crash: see hostile.py for what must hold."""

import pytest
from hostile import HOWS, cases, check_nothing_stays_behind, lay_open, sessions, try_damage
from hostile_host import DAMAGES, SIDE
from host_session import READER_MODULES


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
    """session(version, minimal) -> crash over a copy of the core"""
    core, kernel = scene.core, scene.kernel
    with sessions(crash, vring_so, core, kernel.vmlinux, places, tmp_path_factory.mktemp("hostile-host")) as get:
        yield get


@pytest.mark.parametrize("version, minimal, damage", cases(DAMAGES))
def test_damage(session, version, minimal, damage):
    try_damage(session(version, minimal), SIDE, damage)


@pytest.mark.parametrize("version, minimal", HOWS)
def test_nothing_stays_behind(session, version, minimal):
    check_nothing_stays_behind(session(version, minimal))
