# SPDX-License-Identifier: GPL-2.0-or-later
"""What is installed and used as it is: scripts for crash -i, the JSON schema, jq's examples in the README."""

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
import scenes_faults
import scenes_host
import scenes_host_faults
import scenes_nested

TOP = Path(__file__).parents[2]
SCHEMA = json.loads((TOP / "docs/vring.schema.json").read_text())
VERSION = re.search(r'VRING_VERSION "(.*)"', (TOP / "version.h").read_text())[1]
CRASH = "9.0.2"


def closed(part):
    """Return a schema that allows no names beside its own: what it does not know is an error here."""
    if isinstance(part, list):
        return [closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    made = {name: closed(item) for name, item in part.items()}
    return made | {"additionalProperties": False} if "type" in made and "properties" in made else made


def wrong(document: dict, kind: str) -> list:
    """Return what the schema's definition of a kind of document does not allow."""
    schema = closed(SCHEMA)
    schema.pop("oneOf")
    found = jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{kind}"}).iter_errors(document)
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in found]


@pytest.fixture(scope="module")
def installed(vring_so, tmp_path_factory):
    """A folder with what make install puts under PREFIX."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(["make", "-s", "-C", TOP, "install", f"DESTDIR={folder}", "PREFIX=/usr/local"], check=True,
                   stdout=subprocess.PIPE)
    return folder / "usr/local"


def extensions(installed: Path) -> Path:
    return next(installed.glob("lib*/crash/extensions"))


@pytest.fixture(scope="module")
def run(crash, installed):
    """run(core, kernel, script, folder): crash -i with a script that finds vring.so by itself, in a folder"""
    program = crash(CRASH)

    def run(core, kernel, script, folder):
        env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb", "LC_ALL": "C",
               "CRASH_EXTENSIONS": str(extensions(installed))}
        argv = [*program.command, "-s", "--no_panic", "--minimal", "-i", installed / "share/vring" / script,
                kernel.vmlinux, core]
        return subprocess.run(argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300, check=True).stdout
    return run


@pytest.fixture(scope="module")
def collected(run, kernel, make_dump, tmp_path_factory):
    """A folder where all three scripts ran, over the two sides of one moment."""
    one, folder = kernel("6.1"), tmp_path_factory.mktemp("collected")
    scene = make_dump("nested-6.1", lambda f: scenes_nested.build(one, f)) / "idle"
    printed = {name: run(scene / core, one, name, folder)
               for name, core in (("guest", "a"), ("host", "core"), ("compare", "a"))}
    return folder, printed


def test_install_and_uninstall(installed, tmp_path):
    documents = installed / "share/doc/crash-vring"
    files = {str(path.relative_to(installed)) for path in installed.rglob("*")
             if path.is_file() and documents not in path.parents}
    assert files - {f"{extensions(installed).relative_to(installed)}/vring.so"} == {
        "share/man/man8/vring.8", "share/man/man8/vqwalk.8", "share/man/man8/vhostq.8", "share/vring/guest",
        "share/vring/host", "share/vring/compare", "share/vring/vring.schema.json"}
    # Whatever a document links to is there.
    for document in (documents / "README.md", *(documents / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / link).is_file(), (document.name, link)
    for target in ("install", "uninstall"):
        subprocess.run(["make", "-s", "-C", TOP, target, f"DESTDIR={tmp_path}"], check=True, stdout=subprocess.PIPE)
        left = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert len(left) == (len(files) + sum(path.is_file() for path in documents.rglob("*"))
                             if target == "install" else 0), left
        assert target == "uninstall" or "crash/extensions/vring.so" in " ".join(map(str, left))


def test_each_version_is_the_same():
    spec = (TOP / "packaging/crash-vring.spec").read_text()
    assert f"\nVersion:        {VERSION}\n" in spec and f"{VERSION}-1\n- " in spec
    assert (TOP / "packaging/debian/changelog").read_text().startswith(f"crash-vring ({VERSION}) ")
    assert (TOP / "NEWS").read_text().startswith(f"vring.so {VERSION}, ")


def test_scripts_leave_their_files(collected):
    folder, printed = collected
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) == [
        "compare.json", "compare.txt", "guest.json", "guest.txt", "host.json", "host.txt"]
    for name, said in printed.items():
        # Before it, crash's own note about minimal mode.
        assert re.search(r"\n\S+/vring\.so: shared object loaded\n$", said), (name, said)
    for name in ("guest", "host"):
        assert (folder / f"{name}.txt").read_text().startswith(f"vring.so {VERSION}\n")
        assert json.loads((folder / f"{name}.json").read_text())["version"] == VERSION
    assert re.search(r"^\d+ pairs; \d+ queues", (folder / "compare.txt").read_text(), re.M)


def test_schema_is_sound():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    kinds = [part["$ref"].rpartition("/")[2] for part in SCHEMA["oneOf"]]
    assert kinds == ["guest", "host", "vqwalk", "compared"]
    # It refuses something.
    assert wrong({}, "guest") and wrong({"schema": "vring/2"}, "host")


def test_collected_documents_keep_the_schema(collected):
    folder, _ = collected
    for name, kind in (("guest", "guest"), ("host", "host"), ("compare", "compared")):
        document = json.loads((folder / f"{name}.json").read_text())
        assert not wrong(document, kind), name
        assert jsonschema.Draft202012Validator(SCHEMA).is_valid(document)
    # Of the network device, and of the vsock.
    assert len(document["compare"]["pairs"]) == 2 * scenes_nested.CPUS + 2


# {scene: (its core's folder, how it is made, {command: what kind of document it writes})}
DOCUMENTS = {
    "faults": {"vring -jbd": "guest", "vring -ajbd": "guest", "vring -j nosuch": "guest", "vqwalk -j eth1": "vqwalk",
               "vqwalk -j virtio3 0": "vqwalk", "vhostq -j": "host"},
    "faulty_host": {"vhostq -jdm": "host", "vhostq -j nosuch": "host", "vqwalk -j quiet-flags": "vqwalk",
                    "vring -j": "guest", "vhostq -j -c nosuch": "host"},
}


@pytest.mark.parametrize("scene", DOCUMENTS)
def test_documents_keep_the_schema(scene, crash, kernel, make_dump, vring_so, tmp_path):
    """All that is ever written of a queue, and failures; nothing that the schema does not know."""
    one = kernel("6.1")
    if scene == "faults":
        folder = make_dump("net-faults-6.1", lambda f: scenes_faults.faults(one, f))
    else:
        folder = make_dump("host-faulty-6.1", lambda f: scenes_host.build(one, f, **scenes_host_faults.FAULTY))
    commands = list(DOCUMENTS[scene])
    paths = [tmp_path / str(n) for n, _ in enumerate(commands)]
    lines = [f"{command} > {path}" for command, path in zip(commands, paths, strict=True)]
    done = crash(CRASH).run(folder / "core", one.vmlinux, lines, so=vring_so, minimal=True, timeout=600)
    assert len(done.outputs) == len(lines), done.stdout + done.stderr
    for path, (command, kind) in zip(paths, DOCUMENTS[scene].items(), strict=True):
        document = json.loads(path.read_text())
        assert not wrong(document, kind), command
        assert document["queues"] or document["errors"][-1]["what"], command


def jq_examples() -> list:
    """Return the jq command lines of the README."""
    return re.findall(r"^    (jq .*)$", (TOP / "README.md").read_text(), re.M)


def test_jq_examples(collected):
    """Each runs as it stands and finds something, or says so by finding nothing wrong."""
    folder, _ = collected
    examples = jq_examples()
    assert len(examples) >= 3
    for line in examples:
        done = subprocess.run(line, shell=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr) == (0, ""), line
        # Of healthy queues none is in trouble; the other examples list something.
        assert bool(done.stdout.strip()) != ("severity" in line), (line, done.stdout)
