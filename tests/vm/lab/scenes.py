# SPDX-License-Identifier: GPL-2.0-or-later
"""Ready-made guests: what several tests and the demo look at."""

import contextlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import kernels, net, store
from .guest import Guest

HOST, ADDRESS = "10.99.0.1", "10.99.0.2"
# QEMU's user network: needs no privileges, has one queue pair, answers pings at this address.
USER_HOST, USER_ADDRESS = "10.0.2.2", "10.0.2.15"


@dataclass(frozen=True)
class Dump:
    """A vmcore and QEMU's own reading of the same instant."""

    kernel: kernels.Kernel
    core: Path
    queues: list  # of Guest.queues()

    def device(self, ident: str) -> dict:
        """Return the entry of the device that was given this id on QEMU's command line."""
        return next(d for d in self.queues if d["id"] == ident)

    def queue(self, ident: str, number: int) -> dict:
        """Return QEMU's reading of one queue, by the device's own numbering (rx0 tx0 rx1 ...)."""
        return next(q for q in self.device(ident)["queues"] if q["queue-index"] == number)


def save(guest: Guest, folder: Path) -> Dump:
    """Stop a guest, take QEMU's reading and then a core, into a folder."""
    guest.stop()
    queues = guest.queues()
    (folder / "queues.json").write_text(json.dumps(queues, indent=1))
    core = guest.dump_elf(folder / "core")
    # QEMU writes every zero of it; most of a small guest's memory is zeros.
    store.run(["fallocate", "--dig-holes", core])
    return Dump(guest.kernel, core, queues)


def load(kernel: kernels.Kernel, folder: Path) -> Dump:
    """Return what save() left in a folder."""
    return Dump(kernel, folder / "core", json.loads((folder / "queues.json").read_text()))


def tap_nic(pairs: int, tap: str = "tap0", ident: str = "net0", options: str = "") -> list:
    """Return QEMU's arguments for a NIC on a tap with so many queue pairs.

    options is appended to the device's own, such as ",packed=on".
    """
    queues = f",queues={pairs}" if pairs > 1 else ""
    many = f",mq=on,vectors={2 * pairs + 2}" if pairs > 1 else ""
    return ["-netdev", f"tap,id={ident}-back,ifname={tap},script=no,downscript=no,vhost=off{queues}",
            "-device", f"virtio-net-pci,netdev={ident}-back,id={ident}{many}{options}"]


def pings(cpus: int, host: str = HOST, address: str = ADDRESS) -> str:
    """Return a workload that sets up eth0 and pings from every CPU.

    The driver gives each CPU a transmit queue of its own. The counts differ, so that no
    two queues end up with the same indices.
    """
    lines = [f"ip address add {address}/24 dev eth0", "ip link set eth0 up",
             # The first packet waits for ARP; without this the other pings would queue behind it.
             f"ping -c 1 -W 5 {host} >/dev/null || echo LAB: no answer from {host}"]
    for cpu in range(cpus):
        ping = f"ping -A -c {30 + 11 * cpu} -s {56 + 300 * cpu} {host}"
        lines.append(f"taskset {1 << cpu:x} {ping} >/dev/null &")
    return "\n".join([*lines, "wait"])


@contextlib.contextmanager
def tap_guest(kernel: kernels.Kernel, pairs: int = 2, options: str = "", devices=(), **more):
    """Boot a guest whose eth0 (id net0) has had traffic both ways on all its queues.

    Yields the guest, running, and its network namespace. more goes to Guest.
    """
    with net.Namespace() as namespace:
        namespace.tap("tap0", f"{HOST}/24", multi_queue=pairs > 1)
        more.setdefault("cpus", pairs)
        nic = tap_nic(pairs, options=options)
        with Guest(kernel, pings(more["cpus"]), [*nic, *devices], netns=namespace, **more) as guest:
            with store.step(f"guest {kernel.release}: boot and send from {more['cpus']} CPUs"):
                guest.wait_for()
            with store.step(f"guest {kernel.release}: send to it"):
                namespace.ping(ADDRESS)
                namespace.blast(ADDRESS)
            yield guest, namespace


@contextlib.contextmanager
def user_guest(kernel: kernels.Kernel, **more):
    """Boot a guest on QEMU's user network: for machines where no tap can be made."""
    nic = ["-netdev", "user,id=net0-back", "-device", "virtio-net-pci,netdev=net0-back,id=net0"]
    with Guest(kernel, pings(1, USER_HOST, USER_ADDRESS), nic, **more) as guest:
        with store.step(f"guest {kernel.release}: boot and send"):
            guest.wait_for()
        yield guest


@contextlib.contextmanager
def stalled_guest(kernel: kernels.Kernel, packets: int = 1200, **more):
    """Boot a guest whose peer on the wire never reads: eth0 tx0 fills up and stays full.

    Yields the guest, running. Guest.queues() may be taken at once, since nothing moves any
    more; for the memory use Guest.frozen(), as stop() would complete what is stuck.
    """
    # Nobody answers, ARP neither. Several senders, since one socket's send buffer may be full
    # before the ring is; they hang then, hence the timeout.
    workload = f"""ip address add {ADDRESS}/24 dev eth0
ip link set eth0 up
arp -s {HOST} 02:00:00:00:00:01
for sender in 1 2 3 4; do
    timeout 8 ping -i 0.005 -c {packets // 4} {HOST} >/dev/null &
done
wait"""
    with tempfile.TemporaryDirectory(prefix="vring-peer-") as folder, \
            net.SilentPeer(f"{folder}/wire") as peer:
        nic = ["-netdev", f"stream,id=net0-back,server=off,addr.type=unix,addr.path={folder}/wire",
               "-device", "virtio-net-pci,netdev=net0-back,id=net0"]
        with Guest(kernel, workload, nic, **more) as guest:
            peer.accept()
            with store.step(f"guest {kernel.release}: boot and fill a queue"):
                guest.wait_for()
            yield guest


def busy_tap(kernel: kernels.Kernel, folder: Path, pairs: int = 4, options: str = "") -> Dump:
    """Make the dump of tap_guest() in a folder."""
    with tap_guest(kernel, pairs, options) as (guest, _):
        with store.step(f"guest {kernel.release}: dump") as notes:
            dump = save(guest, folder)
            notes.append(store.megabytes(dump.core))
    return dump
