# SPDX-License-Identifier: GPL-2.0-or-later
"""Where in a core the objects lie that some expressions name: run by lab.drgn, prints JSON.

Its last argument is a JSON list of Python expressions over the functions below and drgn's own
helpers. For hostile.py, which writes over these places.
"""

import contextlib
import json
import sys

import drgn
from drgn import cast, container_of
from drgn.helpers.linux.fs import for_each_file
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import follow_phys
from drgn.helpers.linux.net import for_each_net, for_each_netdev, netdev_priv
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.radixtree import radix_tree_for_each

SIZES = (1, 2, 4, 8)


class Core:
    """What expressions may use."""

    def __init__(self, prog):
        self.prog, self.opened = prog, {}
        self.devices = [dev for net in for_each_net(prog) for dev in for_each_netdev(net)]

    def names(self) -> dict:
        return {"prog": self.prog, "cast": cast, "container_of": container_of, "dev": self.dev, "vi": self.vi,
                "vdev": self.vdev, "vvq": self.vvq, "tun": self.tun, "task": self.task, "user": self.user,
                "tap_queue": self.tap_queue, "vhost": self.vhost, "first": lambda found: next(iter(found)),
                "each": list_for_each_entry, "page_table": self.page_table, "held": self.held, "bytes_at": self.bytes_at,
                "slot": self.slot, "index": self.index, "irq_name": self.irq_name}

    def dev(self, name: str):
        return next(dev for dev in self.devices if dev.name.string_().decode("latin-1") == name)

    def vi(self, name: str):
        """The virtnet_info of a net device."""
        return cast("struct virtnet_info *", netdev_priv(self.dev(name)))

    def vdev(self, index: int):
        """The virtio device of a number."""
        for kobj in list_for_each_entry("struct kobject", self.prog["devices_kset"].list.address_of_(), "entry"):
            if kobj.name.string_() == f"virtio{index}".encode():
                return container_of(container_of(kobj, "struct device", "kobj"), "struct virtio_device", "dev")
        raise LookupError(f"no virtio{index}")

    def vvq(self, vq):
        return container_of(vq, "struct vring_virtqueue", "vq")

    def tun(self, name: str):
        return cast("struct tun_struct *", netdev_priv(self.dev(name)))

    def tap_queue(self, name: str):
        """The first queue of a macvtap or ipvtap."""
        tap = cast("struct tap_dev *", self.dev(name).rx_handler_data)
        return next(iter(list_for_each_entry("struct tap_queue", tap.queue_list.address_of_(), "next")))

    def task(self, comm: str):
        return next(task for task in for_each_task(self.prog) if task.comm.string_() == comm.encode())

    def vhost(self, name: str, queue: int = 0):
        """The vhost_net that has a tun's queue as a backend."""
        socket, seen = self.tun(name).tfiles[queue].socket.address_of_().value_(), set()
        for task in for_each_task(self.prog):
            if not task.files or task.files.value_() in seen:
                continue
            seen.add(task.files.value_())
            for number, file in for_each_file(task):
                if file.f_op.value_() == self.prog["vhost_net_fops"].address_:
                    net = cast("struct vhost_net *", file.private_data)
                    if socket in (net.vqs[0].vq.private_data.value_(), net.vqs[1].vq.private_data.value_()):
                        self.opened[net.value_()] = task.files.fdt.fd[number]
                        return net
        raise LookupError(f"no vhost for {name}")

    def slot(self, name: str):
        """The entry of a file table that leads to a tun's vhost_net."""
        return self.opened[self.vhost(name).value_()]

    def user(self, mm, address: int, size: int = 8):
        """User memory; at is then the user's address."""
        return {"at": address, "phys": int(follow_phys(mm, address)), "size": size, "value": None}

    def page_table(self, pgd, address: int, level: int):
        """The entry of a level (4: PGD, 1: PTE) for an address; at is physical."""
        entry = pgd.value_() + 8 * (address >> 39 & 511)
        phys = int(follow_phys(self.prog["init_mm"].address_of_(), entry))
        for down in range(4 - level):
            table = self.prog.read_u64(phys, physical=True) & 0x000FFFFFFFFFF000
            phys = table + 8 * (address >> 30 - 9 * down & 511)
        return {"at": phys, "phys": phys, "size": 8, "value": self.prog.read_u64(phys, physical=True)}

    def bytes_at(self, pointer, size: int) -> dict:
        """So many bytes that a pointer points to."""
        at = pointer.value_()
        return {"at": at, "phys": int(follow_phys(self.prog["init_mm"].address_of_(), at)), "size": size, "value": None}

    def index(self, element, first) -> int:
        return (element.address_of_().value_() - first.value_()) // drgn.sizeof(element)

    def irq_name(self, name: str):
        """The name under which a handler is registered."""
        for _, entry in radix_tree_for_each(self.prog["irq_desc_tree"].address_of_()):
            action = cast("struct irq_desc *", entry).action
            if action and action.name.string_() == name.encode():
                return action.name
        raise LookupError(f"no interrupt {name}")

    def held(self, vq, which: int = 0):
        """The first descriptor of a buffer that the device of a split ring has."""
        vring = self.vvq(vq).split.vring
        return vring.desc[int(vring.avail.ring[(int(vring.used.idx) + which) % int(vring.num)])]

    def place(self, found) -> dict:
        if isinstance(found, dict):
            return found
        if isinstance(found, int):
            return {"value": found}
        at, size = found.address_of_().value_(), drgn.sizeof(found)
        value = None
        if size in SIZES:
            value = int.from_bytes(self.prog.read(at, size), "little")
        return {"at": at, "phys": int(follow_phys(self.prog["init_mm"].address_of_(), at)), "size": size,
                "value": value}


def main() -> None:
    core_file, count, *rest = sys.argv[1:]
    *files, wanted = rest
    prog = drgn.Program()
    prog.set_core_dump(core_file)
    with contextlib.suppress(drgn.MissingDebugInfoError):
        prog.load_debug_info([files[0], *files[1:]])
    core, found = Core(prog), {}
    for expression in json.loads(wanted):
        try:
            found[expression] = core.place(eval(expression, core.names()))
        except Exception as error:
            raise SystemExit(f"{expression}: {type(error).__name__}: {error}") from error
    json.dump(found, sys.stdout)


main()
