# SPDX-License-Identifier: GPL-2.0-or-later
"""Words in memory that only page tables lead to, by drgn's own walk: run by lab.drgn, prints JSON."""

import contextlib
import json
import sys

import drgn
from drgn.helpers.linux.mm import access_remote_vm
from drgn.helpers.linux.pid import find_task

core, count, *rest = sys.argv[1:]
prog = drgn.Program()
prog.set_core_dump(core)
with contextlib.suppress(drgn.MissingDebugInfoError):
    prog.load_debug_info(rest[:int(count)])

init = find_task(prog, 1)
places = {
    # The text of a module, and vmalloc memory, whose first word Linux sets on purpose.
    "module": prog.function("start_xmit", "virtio_net.c").address_,
    "stack": init.stack.value_(),
    "image": prog["init_uts_ns"].name.release.address_,
    "direct": init.value_(),
}
start = init.mm.arg_start.value_()
json.dump({
    "words": {name: [at, prog.read_u64(at)] for name, at in places.items()},
    "mm": init.mm.value_(), "argument_at": start,
    "argument": access_remote_vm(init.mm, start, 16).partition(b"\0")[0].decode(),
}, sys.stdout)
