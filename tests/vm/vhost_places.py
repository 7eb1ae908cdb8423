# SPDX-License-Identifier: GPL-2.0-or-later
"""Where everything of each vhost-net queue lies in a host's core: run by lab.drgn, prints JSON.

For test_compare.py, which tells the ends of queues by it and changes what is there.
"""

import contextlib
import json
import sys

import drgn
from drgn.helpers.linux.fs import for_each_file
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import follow_phys
from drgn.helpers.linux.pid import for_each_task

MEMBERS = ("last_avail_idx", "avail_idx", "last_used_idx", "used_flags", "signalled_used", "private_data")


def open_core(argv):
    core, count, *files = argv
    prog = drgn.Program()
    prog.set_core_dump(core)
    with contextlib.suppress(drgn.MissingDebugInfoError):
        prog.load_debug_info([files[0], *files[int(count):]])
    return prog


def nets(prog):
    """Yield every vhost_net that a process has open, each once."""
    operations, seen = prog["vhost_net_fops"].address_, set()
    for task in for_each_task(prog):
        for _, file in for_each_file(task) if task.files else ():
            if file.f_op.value_() == operations and file.private_data.value_() not in seen:
                seen.add(file.private_data.value_())
                yield drgn.cast("struct vhost_net *", file.private_data)


def guest_address(dev, user: int) -> str:
    """Return the guest-physical address of one of QEMU's, by vhost's own table."""
    for one in list_for_each_entry("struct vhost_iotlb_map", dev.umem.list.address_of_(), "link"):
        offset = user - int(one.addr)
        if 0 <= offset <= int(one.last) - int(one.start):
            return hex(int(one.start) + offset)
    raise SystemExit(f"no region has {user:#x}")


def queue(prog, nvq) -> dict:
    vq, kernel = nvq.vq, prog["init_mm"].address_of_()

    def place(obj):
        return [int(follow_phys(kernel, obj.address_of_().value_())), drgn.sizeof(obj)]
    found = {name: place(getattr(vq, name)) for name in MEMBERS}
    found |= {"rxq_tail": place(nvq.rxq.tail), "kick_work": place(vq.poll.work.flags)}
    for part in ("desc", "avail", "used"):
        user = getattr(vq, part).value_()
        found[part] = {"gpa": guest_address(vq.dev, user), "phys": int(follow_phys(vq.dev.mm, user))}
    return found


def main() -> None:
    prog = open_core(sys.argv[1:])
    json.dump({hex(net.vqs[n].vq.address_of_().value_()): queue(prog, net.vqs[n])
               for net in nets(prog) for n in range(2)}, sys.stdout)


main()
