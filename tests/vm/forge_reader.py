# SPDX-License-Identifier: GPL-2.0-or-later
"""Where in physical memory everything of a queue lies: run by lab.drgn, prints JSON.

For forge.py, which changes what is there. Uses drgn_reader's ways to find the queues.
"""

import contextlib
import json
import sys

import drgn
from drgn.helpers.linux.mm import follow_phys
from drgn.helpers.linux.net import for_each_net, for_each_netdev, netdev_priv

VIRTIO_ID_NET = 1
DRIVER_MEMBERS = ("num_free", "free_head", "last_used_idx", "broken", "num_added")


def open_core(argv):
    core, count, *rest = argv
    prog = drgn.Program()
    prog.set_core_dump(core)
    with contextlib.suppress(drgn.MissingDebugInfoError):
        prog.load_debug_info(rest[:int(count)])
    return prog


def text(chars) -> str:
    return chars.string_().decode("latin-1")


class Where:
    """Translates addresses of objects, by the kernel's page tables."""

    def __init__(self, prog):
        self.prog, self.mm = prog, prog["init_mm"].address_of_()

    def __call__(self, obj) -> list:
        """Return [physical address, size] of an object."""
        size = drgn.sizeof(obj)
        return [int(follow_phys(self.mm, obj.address_of_().value_())), size]

    def array(self, first) -> list:
        """Return [physical address, size of an element] of an array; kmalloc's lie in one piece."""
        return [int(follow_phys(self.mm, first.value_())), drgn.sizeof(first[0])]


def has(obj, member: str) -> bool:
    kind = obj.type_
    while kind.kind in (drgn.TypeKind.POINTER, drgn.TypeKind.TYPEDEF):
        kind = kind.type
    return kind.has_member(member)


def members(array, names) -> dict:
    """Return {member: offset in an element}."""
    element = array[0]
    start = element.address_of_().value_()
    return {name: getattr(element, name).address_of_().value_() - start for name in names if has(element, name)}


def virtqueue(where, vq) -> dict:
    vvq = drgn.container_of(vq, "struct vring_virtqueue", "vq")
    split = vvq.split
    found = {name: where(getattr(vq if name == "num_free" else vvq, name)) for name in DRIVER_MEMBERS}
    found |= {"num": where(split.vring.num), "avail_idx_shadow": where(split.avail_idx_shadow)}
    for part in ("desc", "avail", "used"):
        pointer = getattr(split.vring, part)
        found[part] = [int(follow_phys(where.mm, pointer.value_())), 0]
    found["size"] = int(split.vring.num)
    found["tokens"] = where.array(split.desc_state) + [members(split.desc_state, ("data", "indir_desc"))]
    if has(split, "desc_extra"):
        found["extra"] = where.array(split.desc_extra) + [members(split.desc_extra, ("next", "flags", "len"))]
    return found


def device(where, dev) -> dict:
    vi = drgn.cast("struct virtnet_info *", netdev_priv(dev))
    queues = {}
    for n in range(int(vi.max_queue_pairs)):
        queues[f"rx{n}"] = virtqueue(where, vi.rq[n].vq)
        txq = dev._tx[n]
        queues[f"tx{n}"] = virtqueue(where, vi.sq[n].vq) | {
            "state": where(txq.state), "trans_start": where(txq.trans_start), "jiffies": int(where.prog["jiffies_64"])}
    return {"mac": bytes(dev.perm_addr[i] for i in range(6)).hex(":"), "queues": queues}


def main() -> None:
    prog = open_core(sys.argv[1:])
    where, found = Where(prog), []
    for net in for_each_net(prog):
        for dev in for_each_netdev(net):
            parent = dev.dev.parent
            if not parent or not parent.bus or text(parent.bus.name) != "virtio":
                continue
            if int(drgn.container_of(parent, "struct virtio_device", "dev").id.device) == VIRTIO_ID_NET:
                found.append(device(where, dev))
    json.dump(found, sys.stdout)


main()
