# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with virtio devices of many types, and what its own /sys says of them."""

import json
from dataclasses import dataclass
from pathlib import Path

from lab import scenes, store
from lab.guest import Guest
from lab.kernels import Kernel

MODULES = ("virtio_blk", "virtio_scsi", "virtio_console", "virtio_rng", "virtio_balloon", "virtio_input")

# QEMU's id, its arguments. The cloud kernels have no driver for crypto devices.
DEVICES = (
    ("net0", ["-netdev", "user,id=net0-back", "-device", "virtio-net-pci,netdev=net0-back,id=net0,romfile="]),
    ("blk0", ["-blockdev", "driver=null-co,node-name=disk0,size=1048576,read-zeroes=on",
              "-device", "virtio-blk-pci,drive=disk0,id=blk0,num-queues=2"]),
    ("scsi0", ["-device", "virtio-scsi-pci,id=scsi0,num_queues=2"]),
    ("serial0", ["-device", "virtio-serial-pci,id=serial0,max_ports=2",
                 "-chardev", "null,id=port0", "-device", "virtconsole,chardev=port0,bus=serial0.0",
                 "-chardev", "null,id=port1", "-device", "virtserialport,chardev=port1,name=second,bus=serial0.0"]),
    ("rng0", ["-device", "virtio-rng-pci,id=rng0"]),
    ("balloon0", ["-device", "virtio-balloon-pci,id=balloon0,free-page-reporting=on"]),
    ("kbd0", ["-device", "virtio-keyboard-pci,id=kbd0"]),
    ("tablet0", ["-device", "virtio-tablet-pci,id=tablet0"]),
    ("crypto0", ["-object", "cryptodev-backend-builtin,id=crypto0-back",
                 "-device", "virtio-crypto-pci,cryptodev=crypto0-back,id=crypto0"]),
    ("old0", ["-blockdev", "driver=null-co,node-name=disk1,size=1048576,read-zeroes=on",
              "-device", "virtio-blk-pci,drive=disk1,id=old0,disable-modern=on,disable-legacy=off"]),
)

# One line a device: name, type, feature bits lowest first, driver, and the device behind it.
LIST = """
for d in /sys/bus/virtio/devices/*; do
    driver=-
    [ -e $d/driver ] && driver=$(basename $(readlink $d/driver))
    echo "LAB-BUS $(basename $d) $(cat $d/device) $(cat $d/features) $driver $(basename $(dirname $(readlink -f $d)))"
done
"""


@dataclass(frozen=True)
class Bus:
    """A dump, what /sys listed before it, and where QEMU has put each device."""

    dump: scenes.Dump
    listed: list   # a dict a device, in the order of /sys
    slots: dict    # QEMU's id: PCI address

    def qemu(self, parent: str) -> dict:
        """Return QEMU's reading of the device at a PCI address."""
        return next(d for d in self.dump.queues if self.slots[d["id"]] == parent)

    def of(self, ident: str) -> dict:
        """Return the line of /sys about the device that has this id in QEMU."""
        return next(d for d in self.listed if d["parent"] == self.slots[ident])


def _listed(console: str) -> list:
    found = []
    for line in console.splitlines():
        words = line.split()
        if words[:1] != ["LAB-BUS"]:
            continue
        name, kind, bits, driver, parent = words[1:]
        found.append({"name": name, "type": int(kind, 16), "driver": "" if driver == "-" else driver,
                      "features": sum(1 << n for n, bit in enumerate(bits) if bit == "1"), "parent": parent})
    return found


def bus(kernel: Kernel, folder: Path, devices=DEVICES, after: str = "") -> None:
    """A guest with devices, idle after its boot and what comes after it."""
    arguments = [word for _, words in devices for word in words]
    with Guest(kernel, f"{after}\n{LIST}", arguments, modules=MODULES, cpus=2) as guest:
        with store.step(f"guest {kernel.release}: boot with {len(devices)} virtio devices"):
            guest.wait_for()
        listed = _listed(guest.console())
        slots = {device["qdev_id"]: f"0000:{bus['bus']:02x}:{device['slot']:02x}.{device['function']:x}"
                 for bus in guest.qmp("query-pci") for device in bus["devices"]}
        (folder / "bus.json").write_text(json.dumps({"listed": listed, "slots": slots}, indent=1))
        scenes.save(guest, folder)


def netless(kernel: Kernel, folder: Path) -> None:
    """A guest that has unloaded virtio_net: there is no BTF of its types any more."""
    bus(kernel, folder, DEVICES[:2], "rmmod virtio_net")


def load(kernel: Kernel, folder: Path) -> Bus:
    """Return what bus() left in a folder."""
    return Bus(scenes.load(kernel, folder), **json.loads((folder / "bus.json").read_text()))
