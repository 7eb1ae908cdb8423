# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages: built from the tree, installed on fresh systems, and used there by real crash; and the README's demo there.

They take minutes and download some hundred megabytes, so only make check-matrix runs them.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest
from lab import chroot, debian, store

pytestmark = pytest.mark.matrix

TOP = Path(__file__).parents[2]
VERSION = re.search(r'VRING_VERSION "(.*)"', (TOP / "version.h").read_text())[1]
DIST = f"crash-vring-{VERSION}"
# Of Debian's; in an .rpm the extension's folder is another.
FILES = {"usr/lib/crash/extensions/vring.so", *(f"usr/share/man/man8/{page}.8.gz" for page in ("vring", "vqwalk", "vhostq")),
         *(f"usr/share/vring/{name}" for name in ("guest", "host", "compare", "vring.schema.json")),
         # What they link to is beside them, and not compressed.
         *(f"usr/share/doc/crash-vring/{name}" for name in (
             "README.md", "NEWS", "docs/triage.md", "docs/bench.svg", "docs/vring.8", "docs/vring.schema.json"))}


@pytest.fixture(scope="module")
def tarball():
    """The tree as make dist packs it."""
    subprocess.run(["make", "-s", "-C", TOP, "dist"], check=True)
    return TOP / f"build/{DIST}.tar.gz"


@pytest.fixture(scope="module")
def expected(crash, busy_tap, vring_so, tmp_path_factory):
    """What vring -a -j says here of the dump that the fresh systems get."""
    out = tmp_path_factory.mktemp("expected") / "guest.json"
    crash("8.0.2").run(busy_tap.core, busy_tap.kernel.vmlinux, [f"vring -a -j > {out}"], so=vring_so, minimal=True)
    return json.loads(out.read_text())


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_deb(suite, tarball, busy_tap, expected, tmp_path):
    """Built in one fresh system, installed in another, where crash finds it by its name alone."""
    with chroot.Chroot(suite) as builder:
        builder.install("dpkg-dev", "debhelper", "gcc", "make")
        builder.run(f"mkdir /src; tar -xzf /dist/{tarball.name} -C /src; cd /src/{DIST}; cp -r packaging/debian debian; "
                    "apt-get -q -y --no-install-recommends build-dep .; dpkg-buildpackage -b -uc -us",
                    binds={"/dist": tarball.parent})
        (deb,) = (builder.root / "src").glob("crash-vring_*.deb")
        deb = deb.rename(tmp_path / deb.name)
    listed = store.run(["dpkg-deb", "--contents", deb])
    assert FILES <= set(re.findall(r" \./(\S+)$", listed, re.M))
    dump = {"/deb": tmp_path, "/core": busy_tap.core.parent, "/kernel": busy_tap.kernel.vmlinux.parent}
    with chroot.Chroot(suite) as user:
        user.install("ca-certificates")
        user.run(f"apt-get -q -y install /deb/{deb.name}", binds=dump)
        user.run("mkdir /out; cd /out; crash -s --no_panic --minimal -i /usr/share/vring/guest "
                 f"/kernel/{busy_tap.kernel.vmlinux.name} /core/core", binds=dump)
        document = json.loads((user.root / "out/guest.json").read_text())
        assert document == expected
        assert (user.root / "out/guest.txt").read_text().startswith(f"vring.so {VERSION}\n")
        user.run("apt-get -q -y purge crash-vring")
        assert not [path for path in FILES if (user.root / path).exists()]


def test_demo(tarball):
    """All that the README asks for is there, and nothing else: it brings the rest itself."""
    with chroot.Chroot("bookworm") as system:
        system.install("git", "gcc", "make")
        said = system.run(f"tar -xzf /dist/{tarball.name} -C /root; make -C /root/{DIST} demo",
                          binds={"/dist": tarball.parent})
    assert re.search(r"^installing .*\bcrash\b.*qemu-system-x86", said, re.M)
    shown = said.partition("crash> vring eth0 ")[2]
    assert re.search(r"^eth0 tx\d  output\.\d  .*num 256$", shown, re.M)
    assert re.search(r"^  verdict    (idle|active)", shown, re.M)


def test_rpm(tarball, tmp_path):
    """It builds, holds the same files, is installed and goes again; the names that it requires are Fedora's."""
    subprocess.run(["make", "-s", "-C", TOP, "rpm", "RPMFLAGS=--nodeps"], check=True, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE)
    (package,) = (TOP / "build").glob(f"{DIST}-1*.x86_64.rpm")
    files = set(store.run(["rpm", "-qlp", package]).split())
    # Debian's rpmbuild does not compress pages.
    wanted = {"/" + path.removesuffix(".gz").replace("usr/lib/", "usr/lib64/") for path in FILES}
    assert wanted <= {path.removesuffix(".gz") for path in files}
    rpm = ["rpm", "--root", tmp_path, "--nodeps"]
    store.run(["rpm", "--root", tmp_path, "--initdb"])
    store.run([*rpm, "-i", "--nosignature", package])
    assert all((tmp_path / path[1:]).is_file() for path in wanted)
    store.run([*rpm, "-e", "crash-vring"])
    assert not any((tmp_path / path[1:]).exists() for path in wanted)
    assert "crash\n" in store.run(["rpm", "-qp", "--requires", package])


def test_drop_in(crash, busy_tap, expected, tmp_path):
    """crash's own 'make extensions' builds it in crash's own tree."""
    with debian.Suite("sid") as suite:
        suite.source("crash", tmp_path)
    tree = tmp_path / "crash"
    tree.mkdir()
    (archive,) = tmp_path.glob("crash_*.orig.tar.gz")
    store.run(["tar", "-xf", archive, "-C", tree, "--strip-components=1"])
    store.run(["make", "-C", TOP, "drop-in", f"CRASH={tree}"])
    store.run(["make", "-C", tree, "extensions"])
    result = crash("9.0.2").run(busy_tap.core, busy_tap.kernel.vmlinux, ["vring -V", f"vring -a -j > {tmp_path}/guest.json"],
                                so=tree / "extensions/vring.so", minimal=True)
    assert result.outputs[0] == f"vring.so {VERSION}\n"
    assert json.loads((tmp_path / "guest.json").read_text()) == expected
