# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a guest's memory out of its host's core: run by lab.drgn with two more arguments, the pid of
its QEMU and the file.

By vhost's own table of where in QEMU's memory the guest's lies; what QEMU never touched is
left a hole. Prints the table.
"""

import contextlib
import json
import sys

import drgn
from drgn.helpers.linux.fs import for_each_file
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import access_remote_vm
from drgn.helpers.linux.pid import find_task

# Tried in this order: a missing page spoils what it is part of.
STEPS = (2 << 20, 64 << 10, 4 << 10)


def first_vhost(prog, pid: int):
    """Return the vhost_dev of the first vhost-net file that a process has open."""
    operations = prog["vhost_net_fops"].address_
    for _, file in for_each_file(find_task(prog, pid)):
        if file.f_op.value_() == operations:
            return drgn.cast("struct vhost_net *", file.private_data).dev
    raise SystemExit(f"{pid} has no vhost-net open")


def copy(mm, user: int, length: int, out, place: int, steps=STEPS) -> None:
    for done in range(0, length, steps[0]):
        size = min(steps[0], length - done)
        try:
            data = access_remote_vm(mm, user + done, size)
        except drgn.FaultError:
            if len(steps) > 1:
                copy(mm, user + done, size, out, place + done, steps[1:])
            continue
        if data.count(0) != len(data):
            out.seek(place + done)
            out.write(data)


def main() -> None:
    core, count, *files = sys.argv[1:]
    prog = drgn.Program()
    prog.set_core_dump(core)
    with contextlib.suppress(drgn.MissingDebugInfoError):
        prog.load_debug_info([files[0], *files[int(count):-2]])
    dev = first_vhost(prog, int(files[-2]))
    table, end = [], 0
    with open(files[-1], "wb") as out:
        for one in list_for_each_entry("struct vhost_iotlb_map", dev.umem.list.address_of_(), "link"):
            start, last, user = int(one.start), int(one.last), int(one.addr)
            table.append({"gpa": hex(start), "size": hex(last - start + 1), "user": hex(user)})
            # A small guest's memory is all below 2 GiB; above are devices.
            if last < 2 << 30:
                copy(dev.mm, user, last - start + 1, out, start)
                end = max(end, last + 1)
        out.truncate(end)
    json.dump(table, sys.stdout)


main()
