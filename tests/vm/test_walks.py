# SPDX-License-Identifier: GPL-2.0-or-later
"""Our own walks over tasks, modules and user memory, against crash's own commands.

Minimal mode knows neither tasks nor modules, so what the walks find there is compared with
what they find in a full session.
"""

import re
from pathlib import Path

import pytest
from lab import initramfs, kernels, scenes, store
from lab.guest import Guest

VERSION = "9.0.2"
KERNELS = ["5.10", "6.1"]

# One process of four threads with names of their own, and two that share its memory or its
# files only: what the walk has to tell apart.
THREADS = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
static void *sleeper(void *name)
{
	prctl(PR_SET_NAME, name);
	for (;;)
		pause();
}
int main(int argc, char **argv)
{
	pthread_t thread;
	for (int i = 1; i < argc; i++)
		if (pthread_create(&thread, NULL, sleeper, argv[i]))
			return 1;
	if (vfork() == 0)
		sleeper("vforked");
	pause();
}
"""
NAMES = ["alpha", "be ta", "a-name-of-15-ch"]


@pytest.fixture(scope="module")
def probe_so():
    path = Path(__file__).parents[2] / "build/probe.so"
    assert path.exists(), f"{path} is missing: run make build/probe.so first"
    return path


@pytest.fixture(scope="module", params=KERNELS)
def dump(request, make_dump):
    """A guest with a process of several threads."""
    kernel = kernels.get(request.param)

    def build(folder):
        (folder / "threads.c").write_text(THREADS)
        store.run(["gcc", "-static", "-pthread", "-o", folder / "threads", folder / "threads.c"])
        workload = f"threads {' '.join(repr(name) for name in NAMES)} &\nsleep 1"
        with Guest(kernel, workload, files={"bin/threads": folder / "threads"}) as guest:
            guest.wait_for(initramfs.READY)
            scenes.save(guest, folder)
    return scenes.load(kernel, make_dump(f"threads-{request.param}", build))


@pytest.fixture(scope="module")
def run(crash, dump, probe_so):
    """run(command, ...) -> what each prints; minimal=True for a minimal session"""
    def get(*commands, version=VERSION, minimal=False):
        result = crash(version).run(dump.core, dump.kernel.vmlinux, commands, minimal=minimal, so=probe_so)
        assert len(result.outputs) == len(commands), result.stdout + result.stderr
        return result.outputs
    return get


@pytest.fixture(scope="module")
def found(run):
    """{command: output} of one full session"""
    commands = ["ps", "mod", "vrprobe tasks", "vrprobe module no_such", "vrprobe module virtio",
                "vrprobe module virtio_net"]
    return dict(zip(commands, run(*commands), strict=True))


def walked(text: str) -> list:
    """(address, pid, mm, leader, comm) of each line of vrprobe tasks."""
    lines = [line.split(" ", 4) for line in text.splitlines() if re.match(r"[0-9a-f]{16} ", line)]
    return [(int(a, 16), int(pid), int(mm, 16), int(leader, 16), comm) for a, pid, mm, leader, comm in lines]


def crash_ps(text: str) -> list:
    """(address, pid, comm) of each task that crash lists, without the idle ones."""
    rows = re.findall(r"^[> ] +(\d+) +\d+ +\d+ +([0-9a-f]{16}) +\w\w +[\d.]+ +\d+ +\d+ +(.*?) *$", text, re.M)
    return [(int(task, 16), int(pid), comm.removeprefix("[").removesuffix("]"))
            for pid, task, comm in rows if pid != "0"]


def test_tasks_are_those_of_ps(found):
    ours, theirs = walked(found["vrprobe tasks"]), crash_ps(found["ps"])
    assert len(theirs) > 40
    assert sorted((task, pid, comm) for task, pid, _, _, comm in ours) == sorted(theirs)
    assert found["vrprobe tasks"].rstrip().endswith("errors: 0")


def test_threads_have_their_leader(found):
    tasks = walked(found["vrprobe tasks"])
    leader, = (task for task in tasks if task[4] == "threads" and task[0] == task[3])
    group = [task for task in tasks if task[3] == leader[0]]
    assert sorted(task[4] for task in group) == sorted(["threads", *NAMES])
    assert leader[2] and {task[2] for task in group} == {leader[2]}
    # Same memory, but a process of its own.
    child, = (task for task in tasks if task[4] == "vforked")
    assert child[2] == leader[2] and child[3] == child[0]
    kthreadd, = (task for task in tasks if task[4] == "kthreadd")
    assert kthreadd[2] == 0


def test_modules_are_those_of_mod(found, run):
    names = re.findall(r"^[0-9a-f]{16} +(\S+) ", found["mod"], re.M)
    assert {"virtio_net", "virtio_ring", "net_failover"} <= set(names)
    others = ["virtio_ne", "virtio_net2", "vhost_net", "vmlinux"]
    commands = [f"vrprobe module {name}" for name in [*names, *others]]
    for minimal in (False, True):
        answers = run(*commands, minimal=minimal)
        assert [answer.strip() for answer in answers] == ["module: yes"] * len(names) + ["module: no"] * len(others)


@pytest.mark.parametrize("version", ["8.0.2", "8.0.6", "9.0.2"])
def test_minimal_session_finds_the_same(found, run, version):
    commands = [command for command in found if command.startswith("vrprobe")]
    assert run(*commands, version=version, minimal=True) == [found[command] for command in commands]


def test_user_memory(found, run):
    """Strings on the stacks of two processes, through their page tables."""
    mms = {comm: mm for _, _, mm, _, comm in walked(found["vrprobe tasks"])}
    texts = run(*(f"struct mm_struct.arg_start,env_start {mms[comm]:x}" for comm in ("init", "threads")),
                f"ps -a {next(pid for _, pid, _, _, comm in walked(found['vrprobe tasks']) if comm == 'threads')}")
    assert "ARG: threads alpha be ta a-name-of-15-ch" in texts[2]
    commands, expected = [], []
    for comm, text, arguments in (("init", texts[0], ["/bin/sh", "/init"]),
                                  ("threads", texts[1], ["threads", *NAMES])):
        start = int(re.search(r"arg_start = (?:0x)?(\w+)", text)[1], 16 if "0x" in text else 10)
        for argument in arguments:
            commands.append(f"vrprobe user {mms[comm]:x} {start:x}")
            expected.append(f"user: '{argument}'\n")
            start += len(argument) + 1
    # Mapped nowhere: below the first page that may be mapped, and between stack and kernel.
    for hole in (0x10, 0x7FFFFFFFF000, 0x800000000000, 0xFFFF800000000000):
        commands.append(f"vrprobe user {mms['init']:x} {hole:x}")
        expected.append("user: failed\n")
    for minimal in (False, True):
        assert run(*commands, minimal=minimal) == expected
