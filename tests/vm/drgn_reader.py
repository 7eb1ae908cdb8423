# SPDX-License-Identifier: GPL-2.0-or-later
"""Every virtio queue of a core, read by drgn: run by lab.drgn, prints JSON.

Net devices come with what the network stack knows of them, from their name spaces; all virtio
devices, those too, from the kernel's list of all devices.

Written from the kernel's headers over drgn's typed access, and shares nothing with the
extension: no layout, no walk, no page tables. Names follow the kernel's members.
"""

import contextlib
import json
import sys

import drgn
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.net import for_each_net, for_each_netdev, netdev_priv
from drgn.helpers.linux.percpu import per_cpu_ptr

VIRTIO_ID_NET = 1
# Flags of virtio_net_config.status and of a work item: no enum carries them in every kernel.
LINK_UP = 1 << 0
WORK_PENDING = 1 << 0
TCQ_F_CPUSTATS = 0x20
# CONFIG_HZ of all of Debian's kernels.
HERTZ = 250


def open_core(argv):
    """Return the program of a core with all debuginfo, and the arguments behind it."""
    core, count, *rest = argv
    prog = drgn.Program()
    prog.set_core_dump(core)
    # Modules whose debuginfo the lab does not unpack are missing, and not needed.
    with contextlib.suppress(drgn.MissingDebugInfoError):
        prog.load_debug_info(rest[:int(count)])
    return prog, rest[int(count):]


def has(obj, member: str) -> bool:
    """Does the struct, or the struct that the pointer points to, have this member?"""
    kind = obj.type_
    while kind.kind in (drgn.TypeKind.POINTER, drgn.TypeKind.TYPEDEF):
        kind = kind.type
    return kind.kind == drgn.TypeKind.STRUCT and kind.has_member(member)


def number(obj, member: str):
    """Return a member's value, None where this kernel has none."""
    return int(getattr(obj, member)) if has(obj, member) else None


def flag(obj, member: str):
    value = number(obj, member)
    return None if value is None else bool(value)


def address(pointer) -> str:
    return hex(pointer.value_())


def text(chars) -> str:
    # A byte is a character, as JSON has no other way to show any bytes.
    return chars.string_().decode("latin-1")


def bit(prog, value: int, name: str) -> bool:
    """Test the bit whose number an enum of the kernel names."""
    return bool(value >> int(prog.constant(name)) & 1)


def layout(prog, vvq) -> tuple:
    """Return 'split' or 'packed', and whether the ring is used in order."""
    if has(vvq, "layout"):
        name = vvq.layout.format_(type_name=False)
        return ("packed" if "PACKED" in name else "split"), "IN_ORDER" in name
    return ("packed" if vvq.packed_ring else "split"), False


def split_part(prog, vvq) -> dict:
    """Read what belongs to a split ring; up to 5.18 its struct has no name, members are the same."""
    split = vvq.split
    vring = split.vring
    return {
        "num": int(vring.num), "desc": address(vring.desc), "avail": address(vring.avail),
        "used": address(vring.used),
        "avail_idx_shadow": number(split, "avail_idx_shadow"),
        "avail_flags_shadow": number(split, "avail_flags_shadow"),
        # The words both sides share, through the kernel's virtual addresses.
        "avail_idx": int(vring.avail.idx), "avail_flags": int(vring.avail.flags),
        "used_idx": int(vring.used.idx), "used_flags": int(vring.used.flags),
        "used_event": int(vring.avail.ring[vring.num]),
        "avail_event": prog.read_u16(vring.used.ring + vring.num),
        "word_at": {
            "avail_idx": address(vring.avail.idx.address_of_()),
            "used_event": address(vring.avail.ring[vring.num].address_of_()),
            "used_idx": address(vring.used.idx.address_of_()),
            "avail_event": address(vring.used.ring[vring.num].address_of_()),
        },
    }


def event_area(area) -> dict:
    """Read what one side of a packed ring wants to be told of."""
    return {"addr": address(area), "off_wrap": int(area.off_wrap), "flags": int(area.flags)}


def packed_part(vvq) -> dict:
    """Read what belongs to a packed ring; up to 5.18 its struct has no name either."""
    packed = vvq.packed
    vring = packed.vring
    raw = int(vvq.last_used_idx)
    # From 5.19 on the wrap counter is the index's highest bit.
    folded = not has(packed, "used_wrap_counter")
    num = int(vring.num)
    states = ((i, packed.desc_state[i]) for i in range(num))
    return {
        "num": num, "desc": address(vring.desc),
        "driver": event_area(vring.driver), "device": event_area(vring.device),
        "next_avail_idx": int(packed.next_avail_idx), "avail_wrap_counter": int(packed.avail_wrap_counter),
        "last_used_idx": raw & 0x7FFF if folded else raw,
        "used_wrap_counter": raw >> 15 if folded else int(packed.used_wrap_counter),
        "event_flags_shadow": int(packed.event_flags_shadow),
        # Of the buffers that the driver does not have back, by their id: how many descriptors they took.
        "outstanding": {i: int(state.num) for i, state in states if state.data},
    }


def in_order_part(vvq) -> dict:
    """Read what the driver keeps for buffers that come back in order, from 7.1 on."""
    if not has(vvq, "batch_last"):
        return {}
    return {"last_used": int(vvq.last_used), "batch_last": int(vvq.batch_last.id)}


def virtqueue(prog, vq) -> dict:
    vvq = drgn.container_of(vq, "struct vring_virtqueue", "vq")
    kind, in_order = layout(prog, vvq)
    result = {
        "vring_virtqueue": address(vvq), "name": text(vq.name), "index": int(vq.index),
        "vdev": address(vq.vdev), "layout": kind, "in_order": in_order,
        "num_free": int(vq.num_free), "free_head": int(vvq.free_head),
        "num_added": int(vvq.num_added), "last_used_idx": int(vvq.last_used_idx),
        "event": bool(vvq.event), "event_triggered": flag(vvq, "event_triggered"),
        "indirect": bool(vvq.indirect), "broken": bool(vvq.broken),
        "weak_barriers": bool(vvq.weak_barriers), "callback": bool(vq.callback),
    }
    result |= in_order_part(vvq)
    return result | (split_part(prog, vvq) if kind == "split" else packed_part(vvq))


def queue_length(prog, qdisc) -> int:
    """Return a qdisc's length as the kernel's qdisc_qlen_sum() does."""
    length = int(qdisc.qstats.qlen)
    if not int(qdisc.flags) & TCQ_F_CPUSTATS:
        return length + int(qdisc.q.qlen)
    # pfifo_fast counts on each CPU; only the sum, mod 2^32, means something.
    counts = (per_cpu_ptr(qdisc.cpu_qstats, cpu).qlen for cpu in for_each_possible_cpu(prog))
    return (length + sum(map(int, counts))) % (1 << 32)


def transmit_queue(prog, dev, number_: int) -> dict:
    txq = dev._tx[number_]
    age = (int(prog["jiffies"]) - int(txq.trans_start)) % (1 << 64)
    state = int(txq.state)
    return {"addr": address(txq.address_of_()), "state": state,
            "stopped": bit(prog, state, "__QUEUE_STATE_DRV_XOFF"),
            "trans_start": int(txq.trans_start), "trans_start_age_ms": age * 1000 // HERTZ if txq.trans_start else None,
            "qlen": queue_length(prog, txq.qdisc)}


def napi(prog, item) -> dict:
    state = int(item.state)
    return {"addr": address(item.address_of_()), "state": state, "weight": int(item.weight),
            "scheduled": bit(prog, state, "NAPI_STATE_SCHED"),
            "disabled": bit(prog, state, "NAPI_STATE_DISABLE"),
            "enabled": not bit(prog, state, "NAPI_STATE_NPSVC")}


def packets(queue) -> int:
    """Return how many packets the driver has taken back from a queue: a number, later one in wrappers."""
    count = queue.stats.packets
    return int(count.v.a.a.counter if has(count, "v") else count)


def pair(prog, dev, vi, number_: int) -> list:
    """Return the receive and the transmit queue of a pair."""
    in_use = number_ < int(vi.curr_queue_pairs)
    rx, tx = vi.rq[number_], vi.sq[number_]
    return [
        virtqueue(prog, rx.vq) | {
            "queue": f"rx{number_}", "owner": address(rx.address_of_()), "in_use": in_use,
            "napi": napi(prog, rx.napi), "netdev_queue": None, "packets": packets(rx)},
        virtqueue(prog, tx.vq) | {
            "queue": f"tx{number_}", "owner": address(tx.address_of_()), "in_use": in_use,
            "napi": napi(prog, tx.napi), "netdev_queue": transmit_queue(prog, dev, number_),
            "packets": packets(tx)},
    ]


def queues(prog, dev, vi) -> list:
    found = [queue for n in range(int(vi.max_queue_pairs)) for queue in pair(prog, dev, vi, n)]
    if vi.cvq:
        found.append(virtqueue(prog, vi.cvq) | {
            "queue": "ctrl", "owner": None, "in_use": True, "napi": None, "netdev_queue": None})
    return found


def refill(vi):
    """Return whether work that refills receive rings is queued; newer kernels have no such work."""
    return bool(int(vi.refill.work.data.counter) & WORK_PENDING) if has(vi, "refill") else None


def device(prog, net, dev, vdev) -> dict:
    vi = drgn.cast("struct virtnet_info *", netdev_priv(dev))
    assert vi.dev == dev and vi.vdev == vdev and vdev.priv == vi, "these three point at each other"
    state = int(dev.state)
    found = queues(prog, dev, vi)
    # The virtio core's list of a device's queues is another way to the same ones.
    listed = {address(vq) for vq in list_for_each_entry("struct virtqueue", vdev.vqs.address_of_(), "list")}
    assert listed == {queue["vring_virtqueue"] for queue in found}, "queues that virtnet_info does not have"
    return {
        "device": text(dev.name), "netns": int(net.ns.inum), "net_device": address(dev),
        "virtnet_info": address(vi), "virtio_device": address(vdev),
        "virtio_name": text(vdev.dev.kobj.name), "driver": text(vdev.dev.driver.name),
        "mac": bytes(dev.perm_addr[i] for i in range(6)).hex(":"),
        "features": int(vdev.features), "failed": bool(vdev.failed),
        "up": bit(prog, state, "__LINK_STATE_START"),
        "carrier": not bit(prog, state, "__LINK_STATE_NOCARRIER"),
        "link_up": bool(int(vi.status) & LINK_UP), "refill_pending": refill(vi),
        "refill_enabled": flag(vi, "refill_enabled"),
        "max_queue_pairs": int(vi.max_queue_pairs), "curr_queue_pairs": int(vi.curr_queue_pairs),
        "queues": found,
    }


def virtio_parent(prog, dev):
    """Return the virtio_device that a net_device belongs to, None when there is none."""
    parent = dev.dev.parent
    if not parent or not parent.bus or text(parent.bus.name) != "virtio":
        return None
    vdev = drgn.container_of(parent, "struct virtio_device", "dev")
    return vdev if int(vdev.id.device) == VIRTIO_ID_NET else None


def virtio_devices(prog) -> list:
    """Return all virtio devices, out of the list of all devices of any kind."""
    found = []
    for kobj in list_for_each_entry("struct kobject", prog["devices_kset"].list.address_of_(), "entry"):
        dev = drgn.container_of(kobj, "struct device", "kobj")
        if not dev.bus or text(dev.bus.name) != "virtio":
            continue
        vdev = drgn.container_of(dev, "struct virtio_device", "dev")
        vqs = list_for_each_entry("struct virtqueue", vdev.vqs.address_of_(), "list")
        found.append({
            "virtio_name": text(dev.kobj.name), "virtio_device": address(vdev), "id": int(vdev.id.device),
            "driver": text(dev.driver.name) if dev.driver else None, "features": int(vdev.features),
            "failed": bool(vdev.failed), "queues": sorted((virtqueue(prog, vq) for vq in vqs), key=lambda q: q["index"]),
        })
    return found


def main() -> None:
    prog, _ = open_core(sys.argv[1:])
    found = []
    for net in for_each_net(prog):
        for dev in for_each_netdev(net):
            vdev = virtio_parent(prog, dev)
            if vdev is not None:
                found.append(device(prog, net, dev, vdev))
    release = prog["init_uts_ns"].name.release
    json.dump({"release": text(release), "devices": found, "virtio": virtio_devices(prog)}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
