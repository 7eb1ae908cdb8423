# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written over a guest of scenes_virtio.mixed(), and what must be said of it.

eth0 and eth1 have packed rings, eth3 and eth6 split ones, eth3 with tables; virtio7 is a disk with a
packed ring, virtio8 and virtio10 have split ones.
"""

from hostile import Damage, Side, back_pointer, itself, numbers, text, wild

SIDE = Side("vring -a -j", "vring -d -b -j {}", ("vring -a", "vring -d -b {}", "vqwalk {}"), "vring_virtqueue", "eth3")

SPLIT, PACKED = 'vvq(vi("eth3").rq[0].vq)', 'vvq(vi("eth0").rq[0].vq)'
SENT = 'vvq(vi("eth6").sq[0].vq)'
HELD = 'held(vi("eth3").rq[0].vq)'
VQS = 'each("struct virtqueue", vdev(8).vqs.address_of_(), "list")'
FREE = f"int({SENT}.free_head)"
PACKED_SENT = 'vvq(vi("eth0").sq[0].vq)'
FREE_ID = f"int({PACKED_SENT}.free_head)"
OWNED = 'held(vi("eth6").sq[0].vq)'
TOKEN = f"{SENT}.split.desc_state[({OWNED}.address_of_().value_() - {SENT}.split.vring.desc.value_()) // 16].data"
TABLE = f"{SPLIT}.split.desc_state[index({HELD}, {SPLIT}.split.vring.desc)].indir_desc"
QUEUE = "vring_virtqueue|virtqueue\\..*|packed_ring"

WAYS = [
    *wild("virtnet_info.sq", 'vi("eth3").sq', ["eth3 tx0"], "pointer to the virtqueue"),
    *wild("virtnet_info.rq", 'vi("eth3").rq', ["eth3 rx0"], "pointer to the virtqueue"),
    *wild("pointer to the virtqueue", 'vi("eth3").sq[0].vq', ["eth3 tx0"], QUEUE),
    *wild("pointer to the virtqueue", 'vi("eth0").rq[1].vq', ["eth0 rx1"], QUEUE),
    *wild("pointer to the virtqueue", 'vi("eth3").cvq', ["eth3 ctrl"], QUEUE),
    *wild("net_device._tx", 'dev("eth3")._tx', ["eth3 tx0"], r"netdev_queue\.\w+"),
    *back_pointer("virtnet_info", 'vi("eth3").vdev', ["eth3"]),
    *back_pointer("virtnet_info", 'vi("eth3").dev', ["eth3"]),
    *wild("net_device.dev.parent", 'dev("eth3").dev.parent', ["eth3"], "device.bus of net_device.dev.parent", False),
    *wild("device.bus of net_device.dev.parent", 'vi("eth3").vdev.dev.bus', ["eth3"], "bus_type.name", False),
    *wild("device_driver.name", 'vi("eth3").vdev.dev.driver', ["eth3"], null=False)[4:],
]

LISTS = [
    *wild("list of network name spaces", 'prog["net_namespace_list"].next'),
    *wild("list of net devices", 'prog["init_net"].dev_base_head.next'),
    *wild("list of net devices", 'dev("eth3").dev_list.next'),
    *wild("list of virtqueues", "vdev(8).vqs.next"),
    *wild("list of virtio devices", "vdev(8).dev.p.knode_bus.n_node.next"),
    *wild("list of buses", 'prog["bus_kset"]', null=False)[4:],
    *back_pointer("klist_node.n_klist", "vdev(8).dev.p.knode_bus.n_klist"),
    *[Damage(f"{name}: loop", ((place, itself),), (), (f"{name}: does not end: a loop, .* from [0-9a-f]+",))
      for name, place in (
          ("list of network name spaces",
           'first(each("struct net", prog["net_namespace_list"].address_of_(), "list")).list.next'),
          ("list of net devices", 'dev("eth3").dev_list.next'),
          ("list of virtqueues", f"first({VQS}).list.next"),
          ("list of virtio devices", "vdev(8).dev.p.knode_bus.n_node.next"))],
    Damage("list of net devices: back to an earlier one",
           (('dev("eth3").dev_list.next', 'int(dev("eth1").dev_list.address_of_())'),), (),
           ("list of net devices: does not end: a loop",)),
    Damage("list of virtqueues: into another device's", (("vdev(8).vqs.next", "int(vdev(10).vqs.next)"),), (),
           (r"list of virtqueues: .* [0-9a-f]+|virtqueue.vdev: [0-9a-f]+ does not point back to [0-9a-f]+",)),
    Damage("tree of interrupts: NULL", (('prog["irq_desc_tree"].xa_head', 0),), ("*",), ("tree of interrupts: NULL at {at}",)),
    Damage("tree of interrupts: misaligned", (('prog["irq_desc_tree"].xa_head', lambda p: p["value"] + 3),), ("*",),
           ("tree of interrupts: {value} at [0-9a-f]+ is no address",)),
    Damage("tree of interrupts: unmapped", (('prog["irq_desc_tree"].xa_head', lambda p: p["value"] + (64 << 30)),), ("*",),
           ("tree of interrupts: cannot read 8 bytes at {near}",)),
]

NUMBERS = [
    *numbers("max_queue_pairs", 'vi("eth3").max_queue_pairs', (0, 2, 0x7FFF, 0x8000, 0xFFFF), [],
             r"max_queue_pairs: \d+ at {at}, but net_device.num_tx_queues is 1", device="eth3"),
    *numbers("curr_queue_pairs", 'vi("eth3").curr_queue_pairs', (2, 0xFFFF), [],
             r"curr_queue_pairs: \d+ at {at} is out of range", device="eth3"),
    *numbers("num_tx_queues", 'dev("eth3").num_tx_queues', (0, 2, 0xFFFFFFFF), ["eth3 tx0"],
             r"max_queue_pairs: 1 at [0-9a-f]+, but net_device.num_tx_queues is \d+"),
    *numbers("num", f"{SPLIT}.split.vring.num", (0, 65536, 0xFFFFFFFF), ["eth3 rx0"],
             r"vring.num: \d+ at {at} is out of range"),
    *numbers("num", f"{SPLIT}.split.vring.num", (300,), ["eth3 rx0"], "vring.num: 300 at {at} is no power of two"),
    *numbers("num", f"{SPLIT}.split.vring.num", (1,), ["eth3 rx0"], r"num_free \d+ in a ring of 1"),
    *numbers("packed num", f"{PACKED}.packed.vring.num", (0, 65536, 0xFFFFFFFF), ["eth0 rx0"],
             r"vring.num: \d+ at {at} is out of range"),
    # What gives it away is where the ring was: which free slots, which positions.
    *numbers("packed num", f"{PACKED}.packed.vring.num", (1,), ["eth0 rx0"],
             r"(num_free|last_used_idx) \d+ in a ring of 1"),
    *numbers("avail->idx", f"{SPLIT}.split.vring.avail.idx", (20000, 52000), ["eth3 rx0"], r"avail->idx \d+, .*apart"),
    *numbers("used->idx", f"{SPLIT}.split.vring.used.idx", (20000, 52000), ["eth3 rx0"], r"used->idx \d+, .*apart"),
    *numbers("last_used_idx", f"{SPLIT}.last_used_idx", (20000, 52000), ["eth3 rx0"], r"last_used_idx \d+: .*apart"),
    *numbers("packed last_used_idx", f"{PACKED}.last_used_idx", (300, 0x7FFF, 0xFFFF), ["eth0 rx0"],
             r"last_used_idx \d+ in a ring of 256"),
    *numbers("packed next_avail_idx", f"{PACKED}.packed.next_avail_idx", (256, 0xFFFF), ["eth0 rx0"],
             r"next_avail_idx \d+, .*in a ring of 256"),
    *numbers("packed wrap counter", f"{PACKED}.packed.avail_wrap_counter", (2, 255), ["eth0 rx0"],
             r"avail_wrap_counter: \d+ at {at} is out of range"),
    *numbers("num_free", f"{SENT}.vq.num_free", (0, 5), ["eth6 tx0"], r"descriptors are neither free \(\d+\) nor in flight"),
    *numbers("num_free", f"{SENT}.vq.num_free", (300, 0xFFFFFFFF), ["eth6 tx0"], r"num_free \d+ in a ring of 256"),
    *numbers("free_head", f"{SENT}.free_head", (256, 0xFFFFFFFF), ["eth6 tx0"], r"free_head \d+ in a ring of 256"),
]

RINGS = [
    Damage("free list: loop", ((f"{SENT}.split.desc_extra[{FREE}].next", FREE),), ("eth6 tx0",),
           (r"free-list: .*descriptor \d+",)),
    Damage("free list: out of range", ((f"{SENT}.split.desc_extra[{FREE}].next", 4711),), ("eth6 tx0",),
           (r"free-list: behind descriptor \d+ it leads to 4711",)),
    Damage("list of free ids: loop", ((f"{PACKED_SENT}.packed.desc_extra[{FREE_ID}].next", FREE_ID),), ("eth0 tx0",),
           (r"free-list: behind descriptor \d+ it comes to \d+ a second time",)),
    Damage("list of free ids: out of range", ((f"{PACKED_SENT}.packed.desc_extra[{FREE_ID}].next", 4711),),
           ("eth0 tx0",), (r"free-list: behind descriptor \d+ it leads to 4711",)),
    *[damage for part, offset in (("desc", "descriptor table"), ("avail", "avail ring"), ("used", "used ring"))
      for damage in wild(f"vring.{part}", f"{SPLIT}.split.vring.{part}", ["eth3 rx0"], offset)],
    *[damage for part, area in (("desc", "descriptor ring"), ("driver", "driver's event area"),
                                ("device", "device's event area"))
      for damage in wild(f"packed.vring.{part}", f"{PACKED}.packed.vring.{part}", ["eth0 rx0"], area)],
    *wild("desc_state", f"{SPLIT}.split.desc_state", ["eth3 rx0"]),
    *wild("desc_extra", f"{SPLIT}.split.desc_extra", ["eth3 rx0"]),
    *wild("desc_state", f"{PACKED}.packed.desc_state", ["eth0 rx0"]),
    *wild("desc_extra", f"{PACKED}.packed.desc_extra", ["eth0 rx0"]),
    Damage("token: NULL", ((TOKEN, 0),), ("eth6 tx0",), (r"heads have a token, in_flight is 238",)),
    *[Damage(f"token: {value:#x}", ((TOKEN, value),), ("eth6 tx0",))
      for value in (0xDEAD000000000100, 0x6B6B6B6B6B6B6B6A, 0x7F0012345000)],
    *numbers("table's length", f"{HELD}.len", (0, 33, 0xFFFFFFF0, 0xFFFFFFFF), ["eth3 rx0"],
             r"descriptor \d+ has a table of \d+ bytes"),
    *numbers("table's address", f"{HELD}.addr", (0, 0xFFFFFFFFFFFFFFFF, 0x7FFFFFFFF000), ["eth3 rx0"]),
    # The driver's own pointer to the table is what is followed.
    Damage("table in itself", ((TABLE, f"int({HELD}.address_of_())"),), ("eth3 rx0",), (r"indirect: .*descriptor \d+",)),
    *[Damage(f"pointer to the table: {value:#x}", ((TABLE, value),), ("eth3 rx0",))
      for value in (0, 0xDEAD000000000100, 0x6B6B6B6B6B6B6B6B, 0x7F0012345000, 0xFFFFFFFFFFFFFFFF)],
    Damage("chain that bites its tail", ((f"{HELD}.next", f"index({HELD}, {SPLIT}.split.vring.desc)"),
                                         (f"{HELD}.flags", 1)), ("eth3 rx0",), (r"descriptor \d+",)),
    Damage("chain out of range", ((f"{HELD}.next", 60000), (f"{HELD}.flags", 1)), ("eth3 rx0",), (r"60000",)),
]

NAMES = [
    Damage("name of an interface", (('dev("eth3").name', text(16)),), ("eth3",)),
    Damage("nodename", (('prog["init_uts_ns"].name.nodename', text(65)),), ()),
    Damage("name of a virtqueue", (('bytes_at(vi("eth3").rq[0].vq.name, 8)', text(8)),), ("eth3 rx0",)),
    Damage("name of a disk's queue", ((f"bytes_at(first({VQS}).name, 6)", text(6)),), ("virtio8",)),
    Damage("name of a driver", (('bytes_at(vi("eth3").vdev.dev.driver.name, 11)', text(11)),), ("*",)),
    Damage("name behind a device", (('bytes_at(vi("eth3").vdev.dev.parent.kobj.name, 13)', text(13)),), ("eth3",)),
    Damage("name of an interrupt", (('bytes_at(irq_name("virtio3-input.0"), 16)', text(16)),), ("eth3",)),
]

# All virtio devices are on it: they are found all the same.
BUS = [
    Damage("name of the bus", (('bytes_at(vi("eth3").vdev.dev.bus.name, 7)', text(7)),), (),
           ("bus_type.name: at {at} is another name than virtio",)),
    *[Damage(f"pointer to the name of the bus: {value:#x}", (('vi("eth3").vdev.dev.bus.name', value),), (),
             (rf"bus_type.name: {said}",))
      for value, said in ((0, "NULL at {at}"), (0xDEAD000000000100, r"cannot read \d+ bytes at {near}"),
                          (0x0123456789ABCDEF, r"cannot read \d+ bytes at {near}"))],
]

# Nothing is left to show, and that is said.
ENDS = [
    Damage("release", (('prog["init_uts_ns"].name.release', text(65)),), ("*",), ("the kernel's release cannot be read",)),
]

DAMAGES = [*WAYS, *LISTS, *NUMBERS, *RINGS, *NAMES, *BUS, *ENDS]
