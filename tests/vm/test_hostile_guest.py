# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests' cores with something written over them, in the real crash: see hostile.py for what must hold."""

import pytest
from hostile import HOWS, cases, check_nothing_stays_behind, lay_open, sessions, try_damage
from hostile_guest import DAMAGES, SIDE


@pytest.fixture(scope="module")
def scene(virtio_scene):
    return virtio_scene("mixed", "6.1")


@pytest.fixture(scope="module")
def places(scene, drgn):
    return lay_open(drgn, scene.dump.core, scene.dump.kernel, DAMAGES)


@pytest.fixture(scope="module")
def session(scene, places, crash, vring_so, tmp_path_factory):
    """session(version, minimal) -> crash over a copy of the core"""
    core, kernel = scene.dump.core, scene.dump.kernel
    with sessions(crash, vring_so, core, kernel.vmlinux, places, tmp_path_factory.mktemp("hostile-guest")) as get:
        yield get


@pytest.mark.parametrize("version, minimal, damage", cases(DAMAGES))
def test_damage(session, version, minimal, damage):
    try_damage(session(version, minimal), SIDE, damage)


@pytest.mark.parametrize("version, minimal", HOWS)
def test_nothing_stays_behind(session, version, minimal):
    check_nothing_stays_behind(session(version, minimal))
