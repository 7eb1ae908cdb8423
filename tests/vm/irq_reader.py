# SPDX-License-Identifier: GPL-2.0-or-later
"""Every virtqueue's interrupt in a core, read by drgn: run by lab.drgn, prints JSON.

The walks over interrupts, masks and variables of each CPU are drgn's own helpers. A queue's
interrupt is known by the kernel's handler of it, and not only by the pointer that it gets.
"""

import json
import sys

import drgn
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.irq import for_each_irq_desc, irq_desc_kstat_cpu
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.net import for_each_net, for_each_netdev, netdev_priv
from drgn.helpers.linux.percpu import per_cpu

# What the kernel calls the functions that a queue's interrupt may end in.
OWN, SHARED = {"vring_interrupt"}, {"vp_vring_interrupt", "vp_interrupt"}


def handlers(prog, desc):
    action = desc.action
    while action:
        yield action
        action = action.next


def functions(prog, action) -> set:
    """Return the names of a handler's functions; where threads handle interrupts it has two."""
    return {prog.symbol(pointer.value_()).name for pointer in (action.handler, action.thread_fn) if pointer}


def cpus(prog, mask) -> list:
    words = mask.bits
    return [cpu for cpu in for_each_possible_cpu(prog) if int(words[cpu // 64]) >> cpu % 64 & 1]


def pending(prog, cpu: int) -> int:
    """Return the softirqs that wait on a CPU, from wherever this kernel keeps them."""
    for name, member in (("__softirq_pending", None), ("pcpu_hot", "softirq_pending"),
                         ("irq_stat", "__softirq_pending")):
        try:
            variable = per_cpu(prog[name], cpu)
            return int(getattr(variable, member) if member else variable)
        except (KeyError, AttributeError, LookupError):
            continue
    raise LookupError("softirqs")


def interrupt(prog, desc, action) -> dict:
    state = int(desc.irq_common_data.state_use_accessors)
    where = cpus(prog, desc.irq_common_data.effective_affinity)
    waiting = pending(prog, where[0])
    queue = per_cpu(prog["runqueues"], where[0])
    return {
        "number": int(desc.irq_data.irq), "name": action.name.string_().decode(), "irq_desc": hex(desc.value_()),
        "disabled": bool(state & int(prog.constant("IRQD_IRQ_DISABLED"))),
        "masked": bool(state & int(prog.constant("IRQD_IRQ_MASKED"))),
        "unhandled": int(desc.irqs_unhandled),
        "count": sum(irq_desc_kstat_cpu(desc, cpu) for cpu in for_each_possible_cpu(prog)),
        "cpu": where[0], "more_cpus": len(where) > 1,
        "cpu_idle": bool(queue.curr == queue.idle),
        "softirq_pending": {"mask": hex(waiting),
                            "net_rx": bool(waiting >> int(prog.constant("NET_RX_SOFTIRQ")) & 1),
                            "net_tx": bool(waiting >> int(prog.constant("NET_TX_SOFTIRQ")) & 1)}}


def find(prog, vq):
    """Return a queue's interrupt, None when nothing handles one."""
    if not vq.callback:
        return None
    for _, desc in for_each_irq_desc(prog):
        for action in handlers(prog, desc):
            names = functions(prog, action)
            if names & OWN and action.dev_id.value_() == vq.value_():
                return interrupt(prog, desc, action) | {"shared": False}
            if names & SHARED:
                pci = drgn.cast("struct virtio_pci_device *", action.dev_id)
                if pci.vdev.address_of_() == vq.vdev:
                    return interrupt(prog, desc, action) | {"shared": True}
    return None


def stats(prog, dev, vi) -> dict:
    """Return {queue: kicks and, of transmit queues, the timeouts} of a device."""
    found = {}
    for n in range(int(vi.max_queue_pairs)):
        rx, tx, txq = vi.rq[n].stats, vi.sq[n].stats, dev._tx[n]
        found[f"rx{n}"] = {"kicks": counter(rx, "kicks")}
        found[f"tx{n}"] = {"kicks": counter(tx, "kicks"), "tx_timeouts": counter(tx, "tx_timeouts"),
                           "trans_timeout": counter(txq, "trans_timeout"),
                           "watchdog_timeo": int(dev.watchdog_timeo)}
    return found


def counter(obj, member: str):
    """Return a count, plain or wrapped in structs as newer kernels do; None where there is none."""
    if not obj.type_.has_member(member):
        return None
    obj = getattr(obj, member)
    while drgn.TypeKind.STRUCT == underlying(obj.type_).kind:
        obj = getattr(obj, underlying(obj.type_).members[0].name)
    return int(obj)


def underlying(kind):
    while kind.kind == drgn.TypeKind.TYPEDEF:
        kind = kind.type
    return kind


def main() -> None:
    core, count, *files = sys.argv[1:]
    prog = drgn.Program()
    prog.set_core_dump(core)
    try:
        prog.load_debug_info(files[:int(count)])
    except drgn.MissingDebugInfoError:
        pass
    found = {}
    for net in for_each_net(prog):
        for dev in for_each_netdev(net):
            if not dev.dev.parent or dev.dev.parent.bus.name.string_() != b"virtio":
                continue
            vi = drgn.cast("struct virtnet_info *", netdev_priv(dev))
            queues = {hex(vq.value_()): find(prog, vq) for vq in list_for_each_entry(
                "struct virtqueue", vi.vdev.vqs.address_of_(), "list")}
            found[dev.name.string_().decode()] = {"irqs": queues, "stats": stats(prog, dev, vi)}
    json.dump(found, sys.stdout)


main()
