# SPDX-License-Identifier: GPL-2.0-or-later
"""The tokens of every virtio-net queue of a core and of its disk's, read by drgn: run by lab.drgn.

One more argument: the kernel's short name. How tokens are to be read is written down here
for each of the lab's kernels, from their sources, where the extension has to find out.
"""

import ipaddress
import json
import struct
import sys

import drgn
from drgn.helpers.linux.block import for_each_disk
from drgn.helpers.linux.mm import page_to_phys, virt_to_phys
from drgn.helpers.linux.net import for_each_net, for_each_netdev, netdev_priv
from drgn_reader import address, open_core, text, virtio_parent

# token & 3, of a transmit queue: 0 sk_buff, and ...
TAGS = {
    "5.10": {1: "xdp_frame"},
    "6.1": {1: "xdp_frame"},
    "6.12": {1: "xdp_frame", 2: "orphan"},
    "7.3": {1: "orphan", 2: "xdp_frame", 3: "xsk"},
}
ALL_ONES = (1 << 64) - 1


DESC = struct.Struct("<QIHH")


class Ring:
    """A split ring's descriptors, and what the driver keeps beside them, copied at once."""

    def __init__(self, prog, vvq):
        self.prog, split = prog, vvq.split
        self.num = int(split.vring.num)
        self.table = list(DESC.iter_unpack(prog.read(split.vring.desc, DESC.size * self.num)))
        kind = split.desc_state.type_.type
        raw = prog.read(split.desc_state, kind.size * self.num)
        places = [drgn.offsetof(kind, name) for name in ("data", "indir_desc")]
        self.state = [tuple(int.from_bytes(raw[at + place:at + place + 8], "little") for place in places)
                      for at in range(0, len(raw), kind.size)]

    def tokens(self) -> dict:
        """{head: token}"""
        return {head: token for head, (token, _) in enumerate(self.state) if token}

    def chain(self, head: int) -> list:
        """[(address, length, flags)] of a chain, an indirect table opened by the driver's pointer to it."""
        table, at, found = self.table, head, []
        if table[head][2] & 4:
            table, at = list(DESC.iter_unpack(self.prog.read(self.state[head][1], table[head][1]))), 0
        while True:
            address_, length, flags, following = table[at]
            found.append((address_, length, flags))
            if not flags & 1:
                return found
            at = following


def transport(protocol: int, data: bytes, later: bool) -> dict:
    ends = {"protocol": protocol, "sport": None, "dport": None, "icmp_type": None}
    if later:
        return ends
    if protocol in (6, 17):
        ends["sport"], ends["dport"] = struct.unpack_from(">HH", data)
    elif protocol in (1, 58):
        ends["icmp_type"] = data[0]
    return ends


def flow(ethertype: int, data: bytes):
    """Who talks to whom, from what the network header begins."""
    if ethertype == 0x0800:
        fragment, = struct.unpack_from(">H", data, 6)
        return {"src": str(ipaddress.ip_address(data[12:16])), "dst": str(ipaddress.ip_address(data[16:20])),
                **transport(data[9], data[4 * (data[0] & 15):], bool(fragment & 0x1FFF))}
    if ethertype == 0x86DD:
        following, at = data[6], 40
        while following in (0, 43, 60):
            following, at = data[at], at + 8 * (data[at + 1] + 1)
        return {"src": str(ipaddress.ip_address(data[8:24])), "dst": str(ipaddress.ip_address(data[24:40])),
                **transport(following, data[at:], False)}
    return None


def ethernet(frame: bytes) -> tuple:
    """Return the ethertype of a frame, and its flow behind any VLAN tags."""
    first = ethertype = struct.unpack_from(">H", frame, 12)[0]
    at = 14
    while ethertype in (0x8100, 0x88A8):
        ethertype, at = struct.unpack_from(">H", frame, at + 2)[0], at + 4
    return first, flow(ethertype, frame[at:])


def packet(prog, token: int, orphan: bool) -> dict:
    skb = drgn.Object(prog, "struct sk_buff *", value=token)
    assert int(skb.users.refs.counter) > 0, "a freed sk_buff"
    linear = prog.read(skb.data, int(skb.len) - int(skb.data_len))
    protocol = int.from_bytes(int(skb.protocol).to_bytes(2, "little"), "big")
    first, ends = ethernet(linear)
    assert first == protocol, "skb.protocol is the frame's ethertype"
    return {"kind": "sk_buff", "addr": hex(token), "orphan": orphan, "len": int(skb.len),
            "data_len": int(skb.data_len), "protocol": protocol, "dev": text(skb.dev.name), "flow": ends}


def frame(prog, token: int, header: int) -> dict:
    xdp = drgn.Object(prog, "struct xdp_frame *", value=token)
    data = prog.read(xdp.data, int(xdp.len))
    protocol, ends = ethernet(data[header:])
    return {"kind": "xdp_frame", "addr": hex(token), "len": int(xdp.len), "protocol": protocol, "flow": ends}


def sent(prog, token: int, tags: dict, header: int) -> dict:
    tag = token & 3
    kind = tags[tag] if tag else "sk_buff"
    if kind == "xdp_frame":
        return frame(prog, token - tag, header)
    return packet(prog, token - tag, kind == "orphan")


def buffer(prog, vi, ring, head: int, token: int) -> dict:
    """What a receive buffer is, and the physical address of the first byte of its memory."""
    pointer = drgn.Object(prog, "void *", value=token)
    if vi["mergeable"]:
        return {"kind": "buffer", "phys": virt_to_phys(pointer).value_(), "truesize": ring.state[head][1] & (1 << 22) - 1}
    if vi["big"]:
        page = drgn.cast("struct page *", pointer)
        return {"kind": "pages", "phys": page_to_phys(page).value_()}
    return {"kind": "buffer", "phys": virt_to_phys(pointer).value_(), "truesize": None}


def queue(prog, vq, label: str, tell) -> dict:
    vvq = drgn.container_of(vq, "struct vring_virtqueue", "vq")
    ring = Ring(prog, vvq)
    owners = [{"head": head, "token": hex(token), "descs": ring.chain(head), **tell(ring, head, token)}
              for head, token in ring.tokens().items()]
    return {"queue": label, "vring_virtqueue": address(vvq), "owners": owners}


def net_device(prog, dev, tags: dict) -> dict:
    vi = drgn.cast("struct virtnet_info *", netdev_priv(dev))
    header, found = int(vi.hdr_len), []
    receives = {"mergeable": bool(vi.mergeable_rx_bufs), "big": bool(vi.big_packets)}
    for n in range(int(vi.max_queue_pairs)):
        found.append(queue(prog, vi.rq[n].vq, f"rx{n}", lambda ring, i, token: buffer(prog, receives, ring, i, token)))
        found.append(queue(prog, vi.sq[n].vq, f"tx{n}", lambda ring, i, token: sent(prog, token, tags, header)))
    if vi.cvq:
        found.append(queue(prog, vi.cvq, "ctrl", lambda *_: {"kind": "token"}))
    return {"device": text(dev.name), "net_device": address(dev), "queues": found}


def knows(look_up, name: str) -> bool:
    """Does the kernel have this type, or object?"""
    try:
        look_up(name)
    except LookupError:
        return False
    return True


def operation(prog, rq) -> str:
    enum = "enum req_opf" if knows(prog.type, "enum req_opf") else "enum req_op"
    name = drgn.Object(prog, enum, value=int(rq.cmd_flags) & 0xFF).format_(type_name=False)
    return name.removeprefix("REQ_OP_")


def request(prog, disk, rq) -> dict:
    """A request, and the token that virtio_blk has for it: its own part is behind the block layer's."""
    sector = int(rq.member_("__sector")) & ALL_ONES
    return {"token": hex(rq.value_() + rq.type_.type.size), "addr": address(rq), "disk": text(disk.disk_name),
            "op_name": operation(prog, rq), "op": int(rq.cmd_flags) & 0xFF,
            "sector": None if sector == ALL_ONES else sector, "data_len": int(rq.member_("__data_len")),
            "tag": int(rq.tag), "state": int(rq.state),
            "issued": int(rq.io_start_time_ns), "allocated": int(rq.start_time_ns)}


def requests(prog, disk) -> list:
    """Requests in flight by the tags of the disk's hardware queues."""
    found, hctxs = [], set()
    mapped = disk.queue.tag_set
    in_flight = int(prog.constant("MQ_RQ_IN_FLIGHT"))
    for n in range(int(mapped.nr_hw_queues)):
        tags = mapped.tags[n]
        hctxs.add(tags.value_())
        for tag in range(int(tags.nr_tags)):
            rq = tags.rqs[tag]
            if rq and int(rq.state) == in_flight and int(rq.tag) == tag:
                found.append(request(prog, disk, rq))
    assert len(hctxs) == int(mapped.nr_hw_queues)
    return found


def main() -> None:
    prog, rest = open_core(sys.argv[1:])
    nets = [net_device(prog, dev, TAGS[rest[0]]) for net in for_each_net(prog) for dev in for_each_netdev(net)
            if virtio_parent(prog, dev) is not None]
    disks = [entry for disk in for_each_disk(prog) if text(disk.disk_name).startswith("vd")
             for entry in requests(prog, disk)]
    # One keeper of time of several, since 6.17.
    now = prog["timekeeper_data"][0] if knows(prog.object, "timekeeper_data") else prog["tk_core"]
    mono = now.timekeeper.tkr_mono
    json.dump({"devices": nets, "requests": disks,
               "now": int(mono.base) + (int(mono.xtime_nsec) >> int(mono.shift))}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
