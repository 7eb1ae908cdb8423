# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests with packed, split and in-order rings side by side, of virtio devices of many kinds.

One guest has them all, since a boot costs more than a device. It is dumped while QEMU itself
stands still, for QMP's stop would complete what is stuck.
"""

import contextlib
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import rings
import scenes_net
from lab import net, qemu, scenes, store
from lab.guest import Guest
from lab.kernels import Kernel

CPUS = 2
MODULES = ("virtio_blk", "virtio_scsi", "sd_mod", "virtio_console", "virtio_rng", "virtio_balloon", "virtio_input")
# A packed ring may have any size: 6.1 still refuses what is no power of two, 6.12 takes it.
SCSI_SIZE = {"5.10": 128, "6.1": 128, "6.12": 100, "7.3": 100}

# In this order eth0, eth1 ...; how many pairs on a tap, none: a peer that never reads.
NICS = {
    "net-packed": (2, ",packed=on"),
    # Without mergeable buffers each receive buffer is a chain of many descriptors.
    "net-packed-big": (1, ",packed=on,mrg_rxbuf=off"),
    "net-packed-plain": (1, ",packed=on,mrg_rxbuf=off,indirect_desc=off,event_idx=off"),
    "net-split": (1, ",mrg_rxbuf=off"),
    "stalled-packed": (0, ",packed=on"),
    "stalled-packed-plain": (0, ",packed=on,indirect_desc=off,event_idx=off"),
    "stalled-split": (0, ""),
}
# What they have sent the driver takes back with the next packet only.
LAZY = ("net-packed-big", "net-split")
# vda, vdb ...
DISKS = {
    "blk-packed": ",packed=on,num-queues=1,queue-size=64",
    "blk-split": ",num-queues=2",
    "blk-packed-plain": ",packed=on,num-queues=1,indirect_desc=off,event_idx=off",
    "blk-split-plain": ",indirect_desc=off,event_idx=off,queue-size=128",
}
DISK_NAMES = ("vda", "vdb", "vdc", "vdd", "sda")
# All, in the order of the command line.
IDENTS = (*NICS, *DISKS, "scsi", "serial", "rng", "balloon", "keyboard")
# So many bytes at once, then next to nothing: the partition table can be read, and not much more.
THROTTLE = "throttling.bps-total=1,throttling.bps-total-max=600000"
# Requests that wait forever, of each disk, beside the one that drains it: before others are
# answered, and after.
HELD = (5, 3)
# In eight flows: a receive ring of 256 several times around, and one of 1024.
FLOOD = 400


def _nics(folder: str, order: str) -> list:
    arguments = []
    for number, (ident, (pairs, options)) in enumerate(NICS.items()):
        mac = f",mac=52:54:00:00:00:{number:02x},romfile="
        if pairs:
            arguments += scenes.tap_nic(pairs, f"tap{number}", ident, mac + options + order)
        else:
            arguments += ["-netdev", f"stream,id={ident}-back,server=off,addr.type=unix,addr.path={folder}/{ident}",
                          "-device", f"virtio-net-pci,netdev={ident}-back,id={ident}{mac}{options}{order}"]
    return arguments


def _drive(ident: str) -> list:
    return ["-drive", f"driver=null-co,if=none,id={ident}-drive,size=67108864,read-zeroes=on,{THROTTLE}"]


def _others(folder: str, order: str, scsi_size: int) -> list:
    """All that is no NIC: disks, and one device each of other kinds."""
    arguments = []
    for ident, options in DISKS.items():
        arguments += [*_drive(ident), "-device", f"virtio-blk-pci,drive={ident}-drive,id={ident}{options}{order}"]
    return [
        *arguments, *_drive("scsi"),
        "-device", f"virtio-scsi-pci,id=scsi,packed=on,num_queues=1,virtqueue_size={scsi_size}{order}",
        "-device", "scsi-hd,drive=scsi-drive,bus=scsi.0",
        # Of its two ports the guest opens the first; whoever is at its other end reads nothing.
        "-device", f"virtio-serial-pci,id=serial,packed=on,max_ports=3{order}",
        "-chardev", f"socket,id=open-back,path={folder}/serial", "-chardev", "null,id=closed-back",
        "-device", "virtserialport,bus=serial.0,nr=1,chardev=open-back,name=open",
        "-device", "virtserialport,bus=serial.0,nr=2,chardev=closed-back,name=closed",
        # A byte an hour.
        "-object", "rng-builtin,id=rng-back",
        "-device", f"virtio-rng-pci,id=rng,rng=rng-back,max-bytes=1,period=3600000{order}",
        "-device", f"virtio-balloon-pci,id=balloon,packed=on{order}",
        "-device", f"virtio-keyboard-pci,id=keyboard{order}",
    ]


def _network() -> list:
    """Return shell lines: traffic through all NICs."""
    lines = []
    for number, (ident, (pairs, _)) in enumerate(NICS.items()):
        # Byte limits would stop a queue long before its ring is full.
        lines.append(f"""
echo 1 >/proc/sys/net/ipv6/conf/eth{number}/disable_ipv6
for queue in /sys/class/net/eth{number}/queues/tx-*; do
    echo 100000000 >$queue/byte_queue_limits/limit_min
done
ip link set eth{number} mtu 65535
{f"guest_tool lazy eth{number}" if ident in LAZY else ":"}
ip link set eth{number} up""")
        if pairs:
            host = f"10.99.{number}.1"
            # Nobody asks for addresses later.
            lines.append(f"ip address add 10.99.{number}.2/24 dev eth{number}\n"
                         f"arp -s {host} 02:00:00:00:00:{number:02x}\n"
                         f"ping -c {7 + 4 * number} -A -W 5 {host} >/dev/null || echo LAB: no answer from {host}")
    for cpu in range(CPUS):
        # Each CPU sends through a queue of its own; several times around the ring.
        lines.append(f"taskset {1 << cpu:x} guest_tool blast eth0 {1100 + 350 * cpu} &")
    for number, (pairs, _) in enumerate(NICS.values()):
        if number:
            lines.append(f"guest_tool pieces eth{number} {150 + 50 * number if pairs else 1100} &")
    return [*lines, "wait"]


def _disks() -> list:
    """Return shell lines: requests that wait, and others in between that do not."""
    lines = ["until [ -b /dev/sda ]; do sleep 0.1; done",
             # Commands without data, for a second round of that ring.
             "for n in $(seq 12); do echo 1 >/sys/block/sda/device/rescan; done"]
    for command in ("drain /dev/{} &", f"hold /dev/{{}} {HELD[0]}"):
        lines += [f"guest_tool {command.format(disk)}" for disk in DISK_NAMES]
        lines.append("sleep 0.5")
    # Answered at once, ahead of what waits, if the order does not matter.
    for disk in DISK_NAMES:
        lines.append(f"{{ for n in 1 2 3; do cat /sys/block/{disk}/serial >/dev/null; done; }} 2>/dev/null &")
    return [*lines, "sleep 0.5", *(f"guest_tool hold /dev/{disk} {HELD[1]}" for disk in DISK_NAMES)]


# As much as the port takes.
PORT = "(exec 3<>$(echo /dev/vport*p1); cat <&3 >/dev/null & exec cat /dev/zero >&3) &"


def _held(words: dict) -> list:
    """Return the indices of the elements that the device holds, of a split ring."""
    published, returned, num = words["avail_idx"], words["used_idx"], words["num"]
    if published > num:
        # A ring that has gone around: only of devices that take things in turn.
        return [(returned + step) % 65536 for step in range((published - returned) % 65536)]
    ids = [ident for ident, _ in words["used_ring"][:returned]]
    held = []
    # A head that was published again had been returned before.
    for index in reversed(range(published)):
        head = words["avail_ring"][index]
        if head in ids:
            ids.remove(head)
        else:
            held.insert(0, index)
    return held


def _elements(guest: Guest, device: dict, queue: dict, path: Path) -> dict:
    """Return QEMU's reading of each element that the device holds, by its index.

    Of packed rings QEMU has none. It must not be asked for an element that is not there.
    """
    return {index: guest.qmp("x-query-virtio-queue-element", path=device["path"], queue=queue["queue-index"],
                             index=index)["descs"] for index in _held(rings.words(path, queue))}


def _is_packed(device: dict) -> bool:
    return any("RING_PACKED" in line for line in device["status"]["guest-features"]["transports"])


def _remember(guest: Guest, folder: Path, devices: list) -> None:
    for device in devices:
        for queue in device["queues"] if not _is_packed(device) else ():
            queue["elements"] = _elements(guest, device, queue, folder / "core")
    scenes_net.remember(devices, folder)


@dataclass(frozen=True)
class Scene:
    """A dump with QEMU's reading of it, and drgn's."""

    dump: scenes.Dump
    devices: list  # of drgn_reader: the net devices
    virtio: list   # and all virtio devices

    def device(self, ident: str) -> dict:
        """Return drgn's reading of a virtio device by QEMU's id: the bus counts as the command line does."""
        return next(d for d in self.virtio if d["virtio_name"] == f"virtio{IDENTS.index(ident)}")

    def qemu(self, virtio_name: str) -> dict:
        """Return QEMU's reading of it."""
        return self.dump.device(IDENTS[int(virtio_name.removeprefix("virtio"))])

    def queues(self):
        """Yield (QEMU's id, drgn's queue, QEMU's queue) of all."""
        for ident in IDENTS:
            theirs = {q["queue-index"]: q for q in self.dump.device(ident)["queues"]}
            device = self.device(ident)
            assert sorted(theirs) == [q["index"] for q in device["queues"]], ident
            for queue in device["queues"]:
                yield ident, queue, theirs[queue["index"]]


@contextlib.contextmanager
def _running(kernel: Kernel, order: str = "", memory: int = 384, **more):
    """Boot the guest; yields it when it has done its work, or soon will have."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="vring-peers-"))
        namespace = stack.enter_context(net.Namespace())
        silent = [ident for ident, (pairs, _) in NICS.items() if not pairs] + ["serial"]
        peers = [stack.enter_context(net.SilentPeer(f"{folder}/{ident}")) for ident in silent]
        for number, (pairs, _) in enumerate(NICS.values()):
            if pairs:
                namespace.tap(f"tap{number}", f"10.99.{number}.1/24", multi_queue=pairs > 1)
                namespace.run("ip", "link", "set", f"tap{number}", "address", f"02:00:00:00:00:{number:02x}")
                namespace.run("ip", "neighbour", "replace", f"10.99.{number}.2", "dev", f"tap{number}",
                              "lladdr", f"52:54:00:00:00:{number:02x}", "nud", "permanent")
        devices = [*_nics(folder, order), *_others(folder, order, SCSI_SIZE[kernel.name])]
        workload = "\n".join([*_network(), *_disks(), PORT, "sleep 1"])
        guest = stack.enter_context(Guest(kernel, workload, devices, modules=MODULES, netns=namespace, cpus=CPUS,
                                          memory=memory, files={"bin/guest_tool": scenes_net.guest_tool()}, **more))
        for peer in peers:
            peer.accept()
        with store.step(f"guest {kernel.release}: boot with {len(IDENTS)} devices"):
            guest.wait_for()
        if trouble := [line for line in guest.console().splitlines() if line.startswith(("LAB: ", "guest_tool: "))]:
            raise store.LabError("\n".join(trouble))
        with store.step(f"guest {kernel.release}: send to it"):
            namespace.blast("10.99.0.2", packets=FLOOD)
            guest.qmp("balloon", value=(memory - 8) << 20)
        yield guest


def _dump_at_rest(guest: Guest, folder: Path) -> list:
    """Leave the core of a moment when nothing moved in a folder; return QEMU's reading of that moment."""
    for _ in range(20):
        before = guest.queues()
        scenes_net.as_it_stands(guest, folder)
        after = guest.queues()
        moved = [b["id"] for b, a in zip(before, after, strict=True) if b["queues"] != a["queues"]]
        if not moved:
            return after
        # On a busy machine a guest may still be at its work.
        store.say(f"guest {guest.kernel.release}: once more, {', '.join(moved)} moved")
        time.sleep(1)
    raise store.LabError("the guest does not come to rest")


def mixed(kernel: Kernel, folder: Path, order: str = "", **more) -> None:
    """A guest with all of the above."""
    with _running(kernel, order, **more) as guest:
        time.sleep(1)
        with store.step(f"guest {kernel.release}: dump"):
            devices = _dump_at_rest(guest, folder)
        _remember(guest, folder, devices)


def in_order(kernel: Kernel, folder: Path) -> None:
    """The same with buffers that come back in the order in which they went out."""
    # Its rings are four times as large, whatever they are asked to be: more receive buffers.
    mixed(kernel, folder, ",in_order=on", memory=640, command=qemu.of(qemu.IN_ORDER))
