# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's virtio-vsock device, read by drgn: run by lab.drgn with vmw_vsock's debuginfo, prints JSON.

What the driver's buffers are is written down here from the driver's source, for kernels whose
packets are sk_buffs: received ones begin at the buffer's head, an event is in the driver's own list.
"""

import contextlib
import json
import sys

import drgn
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import virt_to_phys
from drgn_reader import text
from owner_reader import Ring


def place(token, prog, label: str) -> int:
    """Return where the buffer of a token begins, in the guest's physical memory."""
    if label == "event":
        return int(virt_to_phys(prog, token))
    skb = drgn.Object(prog, "struct sk_buff *", value=token)
    return int(virt_to_phys(skb.head))


def main() -> None:
    core, count, *files = sys.argv[1:]
    prog = drgn.Program()
    prog.set_core_dump(core)
    with contextlib.suppress(drgn.MissingDebugInfoError):
        prog.load_debug_info(files)
    for kobj in list_for_each_entry("struct kobject", prog["devices_kset"].list.address_of_(), "entry"):
        dev = drgn.container_of(kobj, "struct device", "kobj")
        if dev.bus and text(dev.bus.name) == "virtio" and dev.driver and "vsock" in text(dev.driver.name):
            break
    else:
        raise SystemExit("no vsock device")
    vdev = drgn.container_of(dev, "struct virtio_device", "dev")
    vsock = drgn.cast("struct virtio_vsock *", vdev.priv)
    found = {}
    for vq in vsock.vqs:
        label = text(vq.name)
        ring = Ring(prog, drgn.container_of(vq, "struct vring_virtqueue", "vq"))
        found[label] = {head: {"token": hex(token), "at": place(token, prog, label), "chain": ring.chain(head)}
                        for head, token in ring.tokens().items()}
    json.dump({"name": text(dev.kobj.name), "cid": int(vsock.guest_cid), "buffers": found}, sys.stdout)


main()
