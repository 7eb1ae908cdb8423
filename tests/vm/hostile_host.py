# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written over a host of scenes_host, and what must be said of it.

All at the tap called tx, its vhost_net and the process that owns it, and at what leads there.
"""

from hostile import Damage, Side, back_pointer, itself, misaligned, numbers, text, wild

SIDE = Side("vhostq -j", "vhostq -d -j {}", ("vhostq", "vhostq -m", "vhostq -d {}", "vqwalk {}"), "vhost_virtqueue", "tx")

V, TUN, OWNER = 'vhost("tx")', 'tun("tx")', 'task("vmm-first")'
RX, TX, DEV, FILE = f"{V}.vqs[0].vq", f"{V}.vqs[1].vq", f"{V}.dev", f"{TUN}.tfiles[0]"
# Below vmm-first's page tables, or what leads to all of its devices.
ALL = ["*"]

TAPS = [
    *wild("tun_struct.tfiles", FILE, ["tx"], r"tun_file\.queue_index"),
    *numbers("numqueues", f"{TUN}.numqueues", (257, 0xFFFFFFFF), ["tx"], r"tun_struct.numqueues: \d+ at {at} is out of range"),
    *numbers("numqueues", f"{TUN}.numqueues", (2, 256), ["tx"], "tun_struct.tfiles: NULL at [0-9a-f]+"),
    *back_pointer("tun_struct.dev", f"{TUN}.dev", ["tx"]),
    *wild("net_device.rtnl_link_ops", 'dev("tx").rtnl_link_ops', ["tx"], r"rtnl_link_ops\.kind", False),
    *wild("list of detached tap queues", f"{TUN}.disabled.next", ["tx"]),
    *wild("sock.sk_wq", f"{FILE}.sk.sk_wq", ["tx"], "wait queue of the tap's socket"),
    *wild("wait queue of the tap's socket", f"{FILE}.sk.sk_wq.wait.head.next", ["tx"]),
    Damage("wait queue: loop", (('first(each("struct wait_queue_entry", tun("ready").tfiles[0].sk.sk_wq.wait.head'
                                 '.address_of_(), "entry")).entry.next', itself),), ("ready",),
           ("wait queue of the tap's socket: does not end: a loop",)),
    *numbers("tx_ring", f"{FILE}.tx_ring.producer", (0x7FFFFFFF,), ["tx"], r"ptr_ring.producer: \d+ at {at} is out of range"),
    *wild("ptr_ring.queue", f"{FILE}.tx_ring.queue", ["tx"]),
]

PROCESSES = [
    *wild("file.f_inode", 'slot("tx").f_inode', ["tx"], r"inode\.i_mode"),
    *wild("file.private_data of a vhost file", 'slot("tx").private_data', ["tx"], r"vhost_dev\.\w+"),
    *numbers("max_fds", f"{OWNER}.files.fdt.max_fds", (0, (1 << 20) + 1, 0xFFFFFFFF), ALL,
             r"fdtable.max_fds: \d+ at {at} is out of range"),
    *numbers("max_fds", f"{OWNER}.files.fdt.max_fds", (1 << 20,), [], r"file\.f_inode: .*[0-9a-f]+"),
    *wild("files_struct.fdt", f"{OWNER}.files.fdt", ALL, r"fdtable\.\w+"),
    *wild("fdtable.fd", f"{OWNER}.files.fdt.fd", ALL),
    *wild("list of tasks", f"{OWNER}.tasks.next"),
    *wild("list of tasks", 'prog["init_task"].tasks.next'),
    Damage("list of tasks: loop", ((f"{OWNER}.tasks.next", itself),), (), ("list of tasks: does not end: a loop",)),
    *wild("task_struct.signal", f"{OWNER}.signal", ALL, "list of threads"),
    *wild("list of threads", f"{OWNER}.signal.thread_head.next", ALL),
]

DEVICES = [
    *numbers("nvqs", f"{DEV}.nvqs", (0, 1, 3, 2049, 0x7FFFFFFF), ["tx"],
             r"vhost_dev.nvqs: \d+ at {at}, but the number of queues of a vhost_net is 2"),
    *wild("vhost_dev.vqs", f"{DEV}.vqs", ["tx"]),
    *wild("vhost_dev.vqs", f"{DEV}.vqs[1]", ["tx"], r"vhost_virtqueue\.num"),
    *back_pointer("vhost_virtqueue.dev", f"{RX}.dev", ["tx"])[4:7],
    *wild("vhost_dev.mm", f"{DEV}.mm", ["tx"], "mm_struct.pgd of the owner", False),
    *wild("mm_struct.pgd of the owner", f"{DEV}.mm.pgd", ALL, "page tables of the owner"),
    *wild("list of memory regions", f"{DEV}.umem.list.next", ["tx"]),
    Damage("list of memory regions: loop",
           ((f'first(each("struct vhost_iotlb_map", {DEV}.umem.list.address_of_(), "link")).link.next', itself),),
           ("tx",), ("list of memory regions: does not end: a loop",)),
    *[Damage(f"worker: {value:#x}", ((f"{DEV}.worker", value),), ("tx",), (r"task_struct\.pid: cannot read 4 bytes at {near}",))
      for value in (0xDEAD000000000100, 0x7F0012345000)],
    *[Damage(f"kick: {value:#x}", ((f"{TX}.kick", value),), ("tx",), ("file.private_data of the kick: cannot read 8 bytes at {near}",))
      for value in (0xDEAD000000000100, 0x7F0012345000)],
    *[Damage(f"call: {value:#x}", ((f"{TX}.call_ctx.ctx", value),), ("tx",), ("eventfd_ctx.count: cannot read 8 bytes at {near}",))
      for value in (0xDEAD000000000100, 0x7F0012345000)],
]

RINGS = [
    *numbers("num", f"{TX}.num", (0, 65536, 0xFFFFFFFF), ["tx tx0"], r"vhost_virtqueue.num: \d+ at {at} is out of range",
             "undecidable: with a size that no ring has", "ring: its size is out of range"),
    *numbers("num", f"{TX}.num", (300,), ["tx tx0"], "vhost_virtqueue.num: 300 at {at} is no power of two"),
    *[Damage(f"{part}: misaligned", ((f"{TX}.{part}", misaligned),), ("tx tx0",),
             (f"vhost_virtqueue.{part}: {{value}} at {{at}} is no address",)) for part in ("desc", "avail", "used")],
    *[Damage(f"{part}: {value:#x}", ((f"{TX}.{part}", value),), ("tx tx0",), ("ring: not mapped by the owner",))
      for part in ("avail", "used") for value in (0xDEAD000000000100, 0x7FFFFFFFE000, 0xFFFF888000000000)],
    *numbers("last_avail_idx", f"{TX}.last_avail_idx", (20000, 52000), ["tx tx0"], r"last_avail_idx \d+.*in a ring of 256"),
    *numbers("avail_idx", f"{TX}.avail_idx", (20000, 52000), ["tx tx0"], r"avail_idx \d+, .*apart in a ring of 256"),
    *numbers("last_used_idx", f"{TX}.last_used_idx", (20000, 52000), ["tx tx0"], r"last_used_idx \d+.*in a ring of 256"),
    # Entries of page tables: none, a table beyond all memory, and all bits.
    *[damage for level, why in ((4, "page tables missing|not mapped"), (3, "page tables missing|not mapped|not in the dump"),
                                (2, "page tables missing|not mapped|not in the dump"), (1, "not mapped|not in the dump"))
      for damage in numbers(f"page table entry of level {level}", f"page_table({DEV}.mm.pgd, {TX}.avail.value_(), {level})",
                            (0, 0x7FFFFFFFFF067, 0xFFFFFFFFFFFFFFFF), ALL, f"ring: ({why})")],
]

NAMES = [
    Damage("name of a process", ((f"{OWNER}.comm", text(16)),), ALL),
    Damage("name of a worker", ((f"{DEV}.worker.comm", text(16)),), ("tx",)),
    Damage("name of a tap", (('dev("tx").name', text(16)),), ("tx",)),
    Damage("kind of a tap", (('bytes_at(dev("tx").rtnl_link_ops.kind, 4)', text(4)),), ALL),
    Damage("nodename", (('prog["init_uts_ns"].name.nodename', text(65)),), ()),
]

DAMAGES = [*TAPS, *PROCESSES, *DEVICES, *RINGS, *NAMES]
