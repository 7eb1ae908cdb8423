# SPDX-License-Identifier: GPL-2.0-or-later
"""Every vhost device of a core, read by drgn: run by lab.drgn, prints JSON.

It goes by open files only, and reads user memory with drgn's own page walk. Names follow
the kernel's members.
"""

import contextlib
import json
import sys

import drgn
from drgn.helpers.linux.fs import for_each_file
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.llist import llist_empty
from drgn.helpers.linux.mm import access_remote_vm, follow_phys, virt_to_phys
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.sched import task_state_to_char

KINDS = ("net", "vsock", "scsi")
EVENT_IDX = 1 << 29
WORK_QUEUED = 1 << 1


def open_core(argv):
    """Return the program of a core; lab.drgn names files, the arguments behind name more."""
    core, count, *files = argv
    prog = drgn.Program()
    prog.set_core_dump(core)
    # Modules without unpacked debuginfo are none of ours.
    with contextlib.suppress(drgn.MissingDebugInfoError):
        prog.load_debug_info([files[0], *files[int(count):]])
    return prog


def has(obj, member: str) -> bool:
    kind = obj.type_
    while kind.kind in (drgn.TypeKind.POINTER, drgn.TypeKind.TYPEDEF):
        kind = kind.type
    return kind.has_member(member)


def address(pointer) -> str:
    return hex(pointer.value_())


def text(chars) -> str:
    return chars.string_().decode("ascii", "backslashreplace")


def operations(prog) -> dict:
    """Return {address of the file operations: kind}, for the modules that are there."""
    found = {}
    for kind in KINDS:
        with contextlib.suppress(LookupError):
            found[prog[f"vhost_{kind}_fops"].address_] = kind
    return found


def devices(prog):
    """Yield (kind, file, tasks that have it open) of every vhost device, each once."""
    kinds, found, seen = operations(prog), {}, set()
    for task in for_each_task(prog):
        if not task.files or task.files.value_() in seen:
            continue
        seen.add(task.files.value_())
        for number, file in for_each_file(task):
            if kind := kinds.get(file.f_op.value_()):
                found.setdefault(file.value_(), (kind, file, []))[2].append((task, number))
    return found.values()


def count_of(context):
    return int(context.count) if context else None


def kick_count(prog, file):
    return count_of(drgn.cast("struct eventfd_ctx *", file.private_data)) if file else None


def call_context(vq):
    return vq.call_ctx.ctx if has(vq.call_ctx, "ctx") else vq.call_ctx


def poll(one) -> dict:
    return {"addr": address(one.address_of_()), "wqh": address(one.wqh),
            "queued": bool(int(one.work.flags) & WORK_QUEUED)}


def words(prog, vq):
    """Read the ring's words in the owner's memory, None where its pages are missing."""
    num, mm = int(vq.num), vq.dev.mm

    def word(start, offset):
        data = access_remote_vm(mm, start.value_() + offset, 2)
        return int.from_bytes(data, "little")
    try:
        return {"avail": {"flags": word(vq.avail, 0), "idx": word(vq.avail, 2),
                          "used_event": word(vq.avail, 4 + 2 * num)},
                "used": {"flags": word(vq.used, 0), "idx": word(vq.used, 2),
                         "avail_event": word(vq.used, 4 + 8 * num)}}
    except drgn.FaultError:
        return None


def physical(vq) -> dict:
    """Return where in the machine's own memory the three parts start, None for what has no page."""
    found = {}
    for part in ("desc", "avail", "used"):
        try:
            found[part] = hex(follow_phys(vq.dev.mm, getattr(vq, part).value_()))
        except drgn.FaultError:
            found[part] = None
    return found


def virtqueue(prog, vq) -> dict:
    plain = ("num", "last_avail_idx", "avail_idx", "last_used_idx", "used_flags", "signalled_used",
             "acked_features", "busyloop_timeout")
    return {name: int(getattr(vq, name)) for name in plain} | {
        "vhost_virtqueue": address(vq.address_of_()),
        "desc": address(vq.desc), "avail": address(vq.avail), "used": address(vq.used),
        "signalled_used_valid": bool(vq.signalled_used_valid),
        "backend": address(vq.private_data), "kick": kick_count(prog, vq.kick),
        "call": count_of(call_context(vq)), "error": count_of(vq.error_ctx),
        "kick_poll": poll(vq.poll), "ring": words(prog, vq) if vq.desc and not vq.iotlb else None,
        "iotlb": bool(vq.iotlb), "physical": physical(vq),
    }


def tap_of(prog, sock) -> dict:
    """Return the interface and queue behind a backend's socket."""
    if not sock:
        return {"device": None}
    ops = {}
    for name in ("tun_socket_ops", "tap_socket_ops"):
        with contextlib.suppress(LookupError):
            ops[prog[name].address_] = name[:3]
    sock = drgn.cast("struct socket *", sock)
    kind = ops.get(sock.ops.value_())
    if kind == "tun":
        file = drgn.container_of(sock, "struct tun_file", "socket")
        dev = (file.detached or file.tun).dev
        return {"device": text(dev.name), "queue_index": int(file.queue_index),
                "detached": bool(file.detached), "netns": int(dev.nd_net.net.ns.inum),
                "ring": ptr_ring(file.tx_ring), "waiters": waiters(file.sk),
                "head": place(file.sk.sk_wq.wait.head)}
    if kind == "tap":
        queue = drgn.container_of(sock, "struct tap_queue", "sock")
        return {"device": text(queue.tap.dev.name), "queue_index": int(queue.queue_index),
                "detached": not queue.enabled, "ring": ptr_ring(queue.ring), "waiters": waiters(queue.sk),
                "head": place(queue.sk.sk_wq.wait.head)}
    return {"device": None}


def ptr_ring(ring) -> dict:
    """Return size and fill of a ring of packets."""
    size, producer, consumer = int(ring.size), int(ring.producer), int(ring.consumer_head)
    used = (producer - consumer) % size if size else 0
    if not used and size and ring.queue[consumer]:
        used = size
    return {"size": size, "used": used}


def place(obj) -> dict:
    """Return where something of the kernel's is: {"virt", "phys"}."""
    at = obj.address_of_()
    return {"virt": address(at), "phys": address(virt_to_phys(at))}


def waiters(sk) -> list:
    """Return the addresses of the entries on a socket's wait queue."""
    head = sk.sk_wq.wait.head
    return [address(e) for e in list_for_each_entry("struct wait_queue_entry", head.address_of_(), "entry")]


def worker(prog, dev, vq) -> dict:
    """Return the task that serves a queue, whatever this kernel's workers are."""
    holder = vq if has(vq, "worker") else dev
    one = holder.worker
    if one.type_.kind == drgn.TypeKind.POINTER and not one:
        return None
    if not has(one, "work_list"):
        task, pending = one, dev.work_list
    else:
        pending = one.work_list
        task = one.kthread_task if has(one, "kthread_task") and one.kthread_task else one.vtsk.task
    return {"pid": int(task.pid), "comm": text(task.comm), "state": task_state_to_char(task),
            "work": not llist_empty(pending.address_of_())}


def regions(dev) -> list:
    table = dev.umem
    if not table:
        return []
    return [{"gpa": hex(m.start), "size": hex(int(m.last) - int(m.start) + 1), "user": hex(m.addr)}
            for m in list_for_each_entry("struct vhost_iotlb_map", table.list.address_of_(), "link")]


def net_part(prog, net, number: int) -> dict:
    """Return what only vhost_net has, for one of its queues."""
    queue = net.vqs[number]
    tap = tap_of(prog, queue.vq.private_data)
    entry = address(net.poll[number].wait.address_of_())
    return {"upend_idx": int(queue.upend_idx), "done_idx": int(queue.done_idx),
            "rxq": {"head": int(queue.rxq.head), "tail": int(queue.rxq.tail)},
            "backend_poll": poll(net.poll[number]), "tap": tap,
            "waiting": entry in tap.get("waiters", ())}


def ways(users) -> list:
    """Return what leads from each task to a file that it has open."""
    return [{"files": place(task.files), "slot": place(task.files.fdt.fd[number]), "fd": place(task.files.fdt.fd),
             "max_fds": place(task.files.fdt.max_fds)} for task, number in users]


def runs(prog, mm) -> bool:
    """Does a thread of whoever has that memory run, or is it about to? Workers are no such threads."""
    return any(task.mm == mm and task_state_to_char(task) == "R" and not text(task.comm).startswith("vhost-")
               for task in for_each_task(prog))


def device(prog, kind: str, file, users) -> dict:
    holder = drgn.cast(f"struct vhost_{kind} *", file.private_data)
    dev = holder.dev
    owner = next((t for t, _ in users if t.mm == dev.mm), None)
    queues = []
    for number in range(int(dev.nvqs)):
        vq = dev.vqs[number][0]
        if not vq.desc:
            continue
        more = net_part(prog, holder, number) if kind == "net" else {}
        queues.append({"vq": number, "worker": worker(prog, dev, vq)} | virtqueue(prog, vq) | more)
    return {"kind": kind, "holder": address(holder), "vhost_dev": address(dev.address_of_()),
            "nvqs": int(dev.nvqs), "ways": ways(users), "regions": regions(dev), "queues": queues, "mm": address(dev.mm),
            "owner": owner and {"pid": int(owner.tgid), "comm": text(owner.group_leader.comm),
                                "runs": runs(prog, dev.mm)}}


def main() -> None:
    prog = open_core(sys.argv[1:])
    json.dump([device(prog, *one) for one in devices(prog)], sys.stdout, indent=1)


main()
