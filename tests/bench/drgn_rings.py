# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person's drgn script reads of each virtio-net queue, and what that costs: run by lab.drgn.

The same facts as field.py asks crash for, and as vring shows. The program is started and all
debuginfo loaded before the clock starts.
"""

import contextlib
import json
import sys
import time

import drgn
from drgn.helpers.linux.net import for_each_net, for_each_netdev, netdev_priv


def queue(prog, vq) -> dict:
    vvq = drgn.container_of(vq, "struct vring_virtqueue", "vq")
    ring = vvq.split.vring
    return {
        "num": int(ring.num), "num_free": int(vq.num_free), "index": int(vq.index),
        "free_head": int(vvq.free_head), "num_added": int(vvq.num_added),
        "last_used_idx": int(vvq.last_used_idx), "event": bool(vvq.event), "broken": bool(vvq.broken),
        "avail_idx_shadow": int(vvq.split.avail_idx_shadow), "avail_flags_shadow": int(vvq.split.avail_flags_shadow),
        "avail_flags": int(ring.avail.flags), "avail_idx": int(ring.avail.idx),
        "used_flags": int(ring.used.flags), "used_idx": int(ring.used.idx),
        "used_event": int(ring.avail.ring[ring.num]), "avail_event": prog.read_u16(ring.used.ring + ring.num),
    }


def read(prog) -> list:
    found = []
    for net in for_each_net(prog):
        for dev in for_each_netdev(net):
            parent = dev.dev.parent
            if not parent or not parent.bus or parent.bus.name.string_() != b"virtio":
                continue
            vi = drgn.cast("struct virtnet_info *", netdev_priv(dev))
            for n in range(int(vi.max_queue_pairs)):
                found += [queue(prog, vi.rq[n].vq), queue(prog, vi.sq[n].vq)]
            if vi.cvq:
                found.append(queue(prog, vi.cvq))
    return found


def cost() -> dict:
    """Return CPU time, reads, bytes and resident kilobytes of this process until now."""
    with open("/proc/self/io") as io, open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in [*io, *status])
    return {"ns": time.process_time_ns(), "reads": int(lines["syscr"]), "bytes": int(lines["rchar"]),
            "kb": int(lines["VmRSS"].split()[0])}


def main() -> None:
    core, count, *rest = sys.argv[1:]
    prog = drgn.Program()
    prog.set_core_dump(core)
    # What the lab does not unpack is missing, and not needed.
    with contextlib.suppress(drgn.MissingDebugInfoError):
        prog.load_debug_info(rest[:int(count)])
    costs, queues = [cost()], []
    for _ in range(2):
        queues = read(prog)
        costs.append(cost())
    json.dump({"costs": costs, "queues": queues}, sys.stdout)


if __name__ == "__main__":
    main()
