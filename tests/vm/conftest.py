# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures over the lab. Everything is made once per run; VRING_REUSE=1 keeps dumps over runs."""

import os
import tempfile
from pathlib import Path

import pytest
import scenes_faults
import scenes_host
import scenes_net
import scenes_virtio
import support_matrix
import virtio_shown
from host_session import VERSION, Session
from lab import crash as lab_crash
from lab import drgn as lab_drgn
from lab import kernels, scenes, store

READER = Path(__file__).parent / "drgn_reader.py"


@pytest.fixture(scope="session")
def kernel():
    """kernel('6.1') -> lab.kernels.Kernel"""
    return kernels.get


@pytest.fixture(scope="session")
def crash():
    """crash('8.0.2') -> lab.crash.Crash"""
    made = {}

    def get(version):
        if version not in made:
            made[version] = lab_crash.Crash(version)
        return made[version]
    return get


# What 'make check' runs everything on; of the others it runs what is marked as smoke.
MAIN = "6.1"


def pytest_addoption(parser):
    parser.addoption("--kernels", default=MAIN, metavar="LIST",
                     help=f"run the tests of these kernels ('5.10 7.3', or 'all'); default {MAIN}")
    parser.addoption("--matrix", action="store_true",
                     help="also every cell of the matrix of these kernels; writes docs/support-matrix.md")


def kernels_of(item) -> set:
    """Which kernels a test is about: those that it is marked with, or that its parameters name."""
    marked = {name for mark in item.iter_markers("kernels") for name in mark.args}
    if marked:
        return marked
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    words = [word for value in values for word in (value if isinstance(value, tuple) else (value,))]
    return {word for word in words if isinstance(word, str) and word in kernels.SUITES} or {MAIN}


def pytest_collection_modifyitems(config, items):
    chosen = set(config.getoption("kernels").replace(",", " ").split())
    if "all" in chosen:
        chosen = set(kernels.SUITES)
    if unknown := chosen - set(kernels.SUITES):
        raise pytest.UsageError(f"--kernels: there are {', '.join(kernels.SUITES)}, not {', '.join(unknown)}")

    def wanted(item) -> bool:
        if item.get_closest_marker("matrix") and not config.getoption("matrix"):
            return False
        return kernels_of(item) <= chosen or (MAIN in chosen and item.get_closest_marker("smoke") is not None)
    config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
    items[:] = [item for item in items if wanted(item)]


class Found:
    """Writes down at once what each cell of the matrix found, in whatever process it ran."""

    def __init__(self):
        self.before, self.found = None, 0

    def pytest_runtest_logreport(self, report):
        told = dict(report.user_properties)
        if report.when == "call" and report.passed and ("row" in told or "arm64" in told):
            self.before = support_matrix.text() if self.before is None else self.before
            self.found += 1
            support_matrix.write([support_matrix.Row.from_json(told["row"])] if "row" in told else [],
                                 told.get("arm64"))

    def pytest_terminal_summary(self, terminalreporter):
        if self.found:
            terminalreporter.section("support matrix")
            terminalreporter.write_line(support_matrix.changes(self.before, self.found))


def pytest_configure(config):
    """The process that the others are forked from makes the folder that they share."""
    config.addinivalue_line("markers", "kernels(name, ...): which kernels a test is about, besides its parameters")
    config.addinivalue_line("markers", "smoke: runs always, whatever kernel it is about")
    config.addinivalue_line("markers", "matrix: runs only with --matrix")
    if not hasattr(config, "workerinput"):
        # pytest's own temporary folders outlive three runs: too long for gigabytes of cores.
        if config.getoption("matrix"):
            config.pluginmanager.register(Found())
        config.dumps = tempfile.TemporaryDirectory(prefix="vring-dumps-")
        os.environ["VRING_DUMPS"] = config.dumps.name


def pytest_unconfigure(config):
    if hasattr(config, "dumps"):
        config.dumps.cleanup()


@pytest.fixture(scope="session")
def make_dump():
    """make_dump(name, build) -> what build(folder) fills, a folder that lasts for this run.

    For a test file's own scenes: with VRING_REUSE=1 the folder is kept in the cache under
    that name, and build is not called again.
    """
    def get(name, build) -> Path:
        if os.environ.get("VRING_REUSE") == "1":
            return store.entry(f"dumps/{name}", build)
        return store.entry(name, build, Path(os.environ["VRING_DUMPS"]))
    return get


@pytest.fixture
def scratch():
    """A folder for cores that is gone right after the test."""
    with tempfile.TemporaryDirectory(prefix="vring-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def busy_tap_of(make_dump):
    """busy_tap_of('6.12') -> lab.scenes.Dump: four queue pairs on a tap, traffic on all of them."""
    made = {}

    def get(name):
        if name not in made:
            one = kernels.get(name)
            folder = make_dump(f"busy-tap-{name}", lambda folder: scenes.busy_tap(one, folder))
            made[name] = scenes.load(one, folder)
        return made[name]
    return get


@pytest.fixture(scope="session")
def busy_tap(busy_tap_of):
    """The dump above, of kernel 6.1."""
    return busy_tap_of("6.1")


@pytest.fixture(scope="session")
def vring_so() -> Path:
    """The extension under test: $VRING_SO, else vring.so at the top of the checkout."""
    path = Path(os.environ.get("VRING_SO") or Path(__file__).parents[2] / "vring.so").resolve()
    if not path.exists():
        pytest.fail(f"{path} is missing: run make first")
    return path


@pytest.fixture(scope="session")
def drgn():
    """lab.drgn.Drgn"""
    return lab_drgn.Drgn()


@pytest.fixture(scope="session")
def net_scene(make_dump, busy_tap_of, drgn):
    """net_scene('zoo', '6.1') -> scenes_net.Scene: a guest of scenes_net or scenes_faults, or 'busy_tap'."""
    made = {}

    def get(what, name):
        if (what, name) not in made:
            if what == "busy_tap":
                dump = busy_tap_of(name)
            else:
                one = kernels.get(name)
                maker = getattr(scenes_net, what, None) or getattr(scenes_faults, what)
                folder = make_dump(f"net-{what}-{name}", lambda f: maker(one, f))
                dump = scenes.load(one, folder)
            made[what, name] = scenes_net.Scene(dump, drgn.run(READER, dump.core, dump.kernel)["devices"])
        return made[what, name]
    return get


@pytest.fixture(scope="session")
def host_session(crash, kernel, make_dump, vring_so):
    """host_session('6.1', 'held', scenes_host.HELD) -> host_session.Session"""
    made = {}

    def get(name, what="every", how=scenes_host.WHOLE) -> Session:
        if (name, what) not in made:
            one = kernel(name)
            folder = make_dump(f"host-{what}-{name}", lambda f: scenes_host.build(one, f, **how))
            host = scenes_host.load(one, folder, how.get("processes", scenes_host.PROCESSES))
            made[name, what] = Session(host, crash(VERSION), vring_so, host.core)
        return made[name, what]
    return get


@pytest.fixture(scope="session")
def virtio_scene(make_dump, drgn):
    """virtio_scene('mixed', '6.1') -> scenes_virtio.Scene: a guest of scenes_virtio."""
    made = {}

    def get(what, name):
        if (what, name) not in made:
            one = kernels.get(name)
            folder = make_dump(f"virtio-{what}-{name}", lambda f: getattr(scenes_virtio, what)(one, f))
            dump = scenes.load(one, folder)
            read = drgn.run(READER, dump.core, one)
            made[what, name] = scenes_virtio.Scene(dump, read["devices"], read["virtio"])
        return made[what, name]
    return get


@pytest.fixture(scope="session")
def virtio_shown_of(virtio_scene, crash, vring_so, tmp_path_factory):
    """virtio_shown_of('mixed', '6.1') -> virtio_shown.Shown"""
    made = {}

    def get(what, name):
        if (what, name) not in made:
            folder = tmp_path_factory.mktemp(f"{what}-{name}")
            made[what, name] = virtio_shown.show(virtio_scene(what, name), crash, vring_so, folder)
        return made[what, name]
    return get
