# SPDX-License-Identifier: GPL-2.0-or-later
"""The screens in the documentation look like this run's.

VRING_WRITE_DOCS=1 writes them anew; docs/make_help.py > help.c then takes those of the man pages over.
"""

import os
import subprocess

import doc_screens
import pytest
import scenes_faults
import scenes_host
import scenes_host_faults
import scenes_nested
import scenes_net

CRASH = {"6.1": "8.0.2"}
# A host's tasks are slow in 8.0.2's full session, and this is what most tests of hosts use.
HOST_CRASH = "9.0.2"
# {scene: (instant, guest)} of scenes_nested, whose host is the scene's name with ' host' behind it.
NESTED = {"nested": ("idle", "a"), "deaf": ("deaf", "b")}
FILES = doc_screens.files()


@pytest.fixture(scope="module")
def core_of(kernel, make_dump, busy_tap_of):
    """core_of('stalled', '6.1') -> the core of a scene"""
    def get(scene, name):
        one = kernel(name)
        if scene == "busy_tap":
            return busy_tap_of(name).core
        if scene.removesuffix(" host") in NESTED:
            instant, guest = NESTED[scene.removesuffix(" host")]
            folder = make_dump(f"nested-{name}", lambda f: scenes_nested.build(one, f))
            return folder / instant / ("core" if scene.endswith(" host") else guest)
        if scene == "faulty_host":
            how = scenes_host_faults.FAULTY
            return make_dump(f"host-faulty-{name}", lambda f: scenes_host.build(one, f, **how)) / "core"
        maker = getattr(scenes_net, scene, None) or getattr(scenes_faults, scene)
        return make_dump(f"net-{scene}-{name}", lambda f: maker(one, f)) / "core"
    return get


@pytest.fixture(scope="module")
def session(core_of, crash, kernel, vring_so):
    """session(scene, kernel, commands) -> outputs"""
    def run(scene, name, commands):
        version = HOST_CRASH if "host" in scene else CRASH[name]
        done = crash(version).run(core_of(scene, name), kernel(name).vmlinux, commands, so=vring_so, minimal=True)
        assert len(done.outputs) == len(commands), done.stdout + done.stderr
        return done.outputs
    return run


@pytest.fixture(scope="module")
def other_side(session, tmp_path_factory):
    """other_side('nested', '6.1') -> {'guest.json': path, 'host.json': path}: both ends of a nested guest's rings"""
    folder, made = tmp_path_factory.mktemp("sides"), {}

    def get(scene, name):
        guest = scene.removesuffix(" host")
        if guest not in made:
            made[guest] = {file: folder / f"{guest}-{file}" for file in ("guest.json", "host.json")}
            session(guest, name, [f"vring -j > {made[guest]['guest.json']}"])
            session(f"{guest} host", name, [f"vhostq -j > {made[guest]['host.json']}"])
        return made[guest]
    return get


def piped(command: str, output: str) -> str:
    """Return what is left behind the pipe of a command. 8.0.2's own pipes fail at times."""
    filters = command.partition(" | ")[2]
    if not filters:
        return output
    return subprocess.run(filters, shell=True, input=output, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.fixture(scope="module")
def answers(session, other_side):
    """answers(scene, kernel, commands) -> outputs; each command is run once for all files"""
    seen = {}

    def get(scene, name, commands):
        missing = [c for c in dict.fromkeys(commands) if (scene, name, c) not in seen]
        paths = other_side(scene, name) if any(".json" in c for c in missing) else {}

        def there(command):
            for file, path in paths.items():
                command = command.replace(f"-c {file}", f"-c {path}")
            return command.partition(" | ")[0]
        if missing:
            outputs = session(scene, name, list(map(there, missing)))
            seen.update({(scene, name, c): piped(c, out) for c, out in zip(missing, outputs, strict=True)})
        return [seen[scene, name, c] for c in commands]
    return get


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_screens(path, answers):
    """Line by line: what it is about, and the verdict where one is given."""
    shown = doc_screens.screens(path)
    now = [answers(one.scene, one.kernel, one.commands) for one in shown]
    if os.environ.get("VRING_WRITE_DOCS") == "1":
        doc_screens.write(path, now)
        return
    for one, outputs in zip(shown, now, strict=True):
        for command, before, after in zip(one.commands, one.outputs(), outputs, strict=True):
            assert doc_screens.shape(before) == doc_screens.shape(
                [line.rstrip() for line in after.splitlines()]), f"{path.name}: {command}: VRING_WRITE_DOCS=1 writes it"
        assert one.lines and all(one.outputs()), f"{path.name}: a screen of {one.scene} is empty"
