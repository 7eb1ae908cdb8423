# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest in which nothing gets away: packets, bounced frames and disk requests in flight, all known.

Its peers on the wire never read, so transmit rings keep what is sent. Its disk becomes one of a
byte a second, so the disk's ring keeps what is asked for. QEMU's stop would complete all of it, so
QEMU itself is held still for the dump.
"""

import ipaddress
import json
import struct
import tempfile
import time
from pathlib import Path

import scenes_net
from lab import core, net, scenes, store
from lab.guest import Guest
from lab.kernels import Kernel

HOST, ADDRESS = "10.99.0.1", "10.99.0.2"
TAGGED, TAGGED_ADDRESS = "10.98.0.1", "10.98.0.2"
# Everybody on the link: needs no neighbour to answer.
GROUP = "ff02::99"
MACS = ["52:54:00:00:00:01", "52:54:00:00:00:02"]
LINK_LOCAL = "fe80::5054:ff:fe00:1"

# (destination, source port, destination port, bytes of payload)
DATAGRAMS = [(HOST, 4001, 5001, 100), (HOST, 4002, 5002, 1000), (f"{GROUP}%eth0", 4003, 5003, 200),
             (TAGGED, 4004, 5004, 300),
             # Three fragments, of which the first has the ports.
             (HOST, 4005, 5005, 4000)]
CONNECTION = (HOST, 4006, 5006)
PINGS = {HOST: 300, GROUP: 500}

# Of frames that the host sends to eth0, which bounces them, and to eth1, which passes them to eth0.
BOUNCED = [100, 101, 102, 103, 104]
PASSED = [200, 201, 202]
# A virtio header goes in front of each packet.
HEADER = 12

# Kernels whose virtio_net needs a transmit queue of its own for each CPU's XDP: 5.13 shares them.
NO_XDP = {"5.10"}

# (operation, start in bytes, length): what is asked of the disk. A flush has neither.
REQUESTS = [("READ", 409600, 4096), ("READ", 655360, 65536), ("WRITE", 8192, 8192), ("WRITE", 1048576, 16384),
            ("DISCARD", 4194304, 262144), ("FLUSH", None, None)]
DISK = 64 << 20

_TOOL = Path(__file__).parent / "owner_tool.c"


class Peer(net.SilentPeer):
    """A peer that never reads, but may write: frames with their length in front."""

    def send(self, length: int) -> None:
        """Send a UDP datagram from port 6000 to port 7000 in a frame of this length."""
        source, target = (ipaddress.ip_address(address).packed for address in (HOST, ADDRESS))
        frame = bytes.fromhex("ffffffffffff 020000000001 0800")
        frame += struct.pack(">BBHHHBBH4s4s", 0x45, 0, length - 14, 0, 0, 64, 17, 0, source, target)
        frame += struct.pack(">HHHH", 6000, 7000, length - 34, 0)
        self.accepted.sendall(struct.pack(">I", length) + frame.ljust(length, b"\0"))


def _disk_commands() -> list:
    lines = []
    for operation, start, length in REQUESTS:
        if operation == "READ":
            lines.append(f"dd if=/dev/vda of=/dev/null bs={length} count=1 skip={start // length} iflag=direct")
        elif operation == "WRITE":
            lines.append(f"dd if=/dev/zero of=/dev/vda bs={length} count=1 seek={start // length} oflag=direct "
                         "conv=notrunc")
        elif operation == "DISCARD":
            # It locks the disk's pages, and the others must not wait for that.
            lines += ["sleep 0.5", f"owner_tool discard /dev/vda {start} {length}"]
        else:
            lines.append("owner_tool flush /dev/vda")
    return [line if line.startswith("sleep") else f"{line} &" for line in lines]


def _workload(xdp: bool) -> str:
    talk = [f"owner_tool udp {to} {sport} {dport} {length}" for to, sport, dport, length in DATAGRAMS]
    connect = " ".join(map(str, CONNECTION))
    driver = "/sys/bus/virtio/drivers/virtio_net"
    return "\n".join([
        "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad",
        # Without NAPI for what is sent, skbs leave their sockets' account at once, and newer
        # kernels say so in the token.
        "echo N > /sys/module/virtio_net/parameters/napi_tx",
        f"echo virtio0 > {driver}/unbind; echo virtio0 > {driver}/bind",
        "echo Y > /sys/module/virtio_net/parameters/napi_tx",
        f"ip address add {ADDRESS}/24 dev eth0; ip link set eth0 up; ip link set eth1 up",
        f"ip link add link eth0 name tagged type vlan id 42; ip address add {TAGGED_ADDRESS}/24 dev tagged",
        "ip link set tagged up",
        f"arp -i eth0 -s {HOST} 02:00:00:00:00:01; arp -i tagged -s {TAGGED} 02:00:00:00:00:01",
        # The host answers by taking the link of eth1 down and up.
        "echo OWNED-ASKS",
        "until [ \"$(cat /sys/class/net/eth1/carrier)\" = 0 ]; do sleep 0.1; done",
        "echo OWNED-HEARS",
        "until [ \"$(cat /sys/class/net/eth1/carrier)\" = 1 ]; do sleep 0.1; done",
        # The one that is let through.
        "dd if=/dev/vda of=/dev/null bs=16384 count=1 iflag=direct 2>/dev/null",
        "begin=$(cut -d' ' -f1 /proc/uptime)",
        *_disk_commands(),
        "sleep 1; issued=$(cut -d' ' -f1 /proc/uptime)",
        "owner_tool fill eth0; owner_tool fill eth1",
        *talk,
        f"owner_tool tcp {connect} &",
        *(f"ping -c 1 -W 1 -s {size} {'-I eth0 ' * (':' in to)}{to} >/dev/null" for to, size in PINGS.items()),
        f"arping -c 1 -w 1 -I eth0 {HOST} >/dev/null",
        *["owner_tool bounce eth0 &", "owner_tool pass eth1 eth0 &", "sleep 1"] * xdp,
        "echo OWNED-TIMES $begin $issued $(cut -d' ' -f1 /proc/uptime) END",
    ])


def _tool() -> Path:
    def compile_it(folder):
        flags = ["-std=c11", "-D_GNU_SOURCE", "-static", "-O2", "-Wall", "-Wextra", "-Werror"]
        store.run(["cc", *flags, "-o", folder / "owner_tool", _TOOL])
    return store.entry(f"owner_tool/{_TOOL.stat().st_mtime_ns}", compile_it) / "owner_tool"


def _devices(folder: str) -> list:
    arguments = []
    for n, mac in enumerate(MACS):
        arguments += ["-netdev", f"stream,id=net{n}-back,server=off,addr.type=unix,addr.path={folder}/wire{n}",
                      "-device", f"virtio-net-pci,netdev=net{n}-back,id=net{n},mac={mac},romfile="]
    return [*arguments, "-object", "throttle-group,id=limits",
            "-blockdev", f"driver=null-co,node-name=zeroes,size={DISK},read-zeroes=on",
            "-blockdev", "driver=blkdebug,node-name=debug,image=zeroes",
            # A format tells what it has done to its file, and can be made to wait there.
            "-blockdev", "driver=raw,node-name=disk,file=debug,discard=unmap",
            "-blockdev", "driver=throttle,node-name=top,throttle-group=limits,file=disk,discard=unmap",
            "-device", "virtio-blk-pci,drive=top,id=disk0"]


def _stall_disk(guest: Guest) -> None:
    """From now on one request is let through, and the others wait for hours; the next flush for ever."""
    guest.qmp("qom_set", path="/objects/limits", property="limits", value={"bps-total": 1})
    guest.qmp("human_monitor_command", command_line='qemu-io debug "break flush_to_os A"')


def _published(guest: Guest, queues: list) -> int:
    """How far the guest has filled eth0's transmit ring: the index, from its memory."""
    ring = next(q for d in queues if d["id"] == "net0" for q in d["queues"] if q["queue-index"] == 1)
    with open(guest.ram, "rb") as ram:
        ram.seek(ring["vring-avail"] + 2)
        return struct.unpack("<H", ram.read(2))[0]


def _send_frames(guest: Guest, peers: list) -> None:
    """Have the guest bounce frames into eth0's transmit ring, and wait until they are there."""
    queues = guest.queues()
    before = _published(guest, queues)
    for peer, lengths in zip(peers, (BOUNCED, PASSED), strict=True):
        for length in lengths:
            peer.send(length)
    end = time.monotonic() + 20
    while (_published(guest, queues) - before) % 65536 < len(BOUNCED) + len(PASSED):
        if time.monotonic() > end:
            raise store.LabError(f"{_published(guest, queues) - before} frames of XDP in the ring:\n{guest.console()}")
        time.sleep(0.1)


def owned(kernel: Kernel, folder: Path) -> None:
    """The guest, dumped; facts.json has the times that it told."""
    xdp = kernel.name not in NO_XDP
    with tempfile.TemporaryDirectory(prefix="vring-peer-") as wires, \
            Peer(f"{wires}/wire0") as first, Peer(f"{wires}/wire1") as second, \
            Guest(kernel, _workload(xdp), _devices(wires), modules=("virtio_blk", "8021q"),
                  files={"bin/owner_tool": _tool()}) as guest:
        for peer in (first, second):
            peer.accept()
        with store.step(f"guest {kernel.release}: boot and let nothing out"):
            guest.wait_for("OWNED-ASKS")
            _stall_disk(guest)
            guest.qmp("set_link", name="net1", up=False)
            guest.wait_for("OWNED-HEARS")
            guest.qmp("set_link", name="net1", up=True)
            guest.wait_for()
        seen = time.monotonic()
        if xdp:
            _send_frames(guest, [first, second])
        queues = guest.queues()
        with guest.frozen():
            waited = time.monotonic() - seen
            guest.copy_ram(folder / "ram")
        console = guest.console()
        scenes_net.remember(queues, folder)
    core.wrap_ram(folder / "ram", folder / "core")
    (folder / "ram").unlink()
    times = console.split("OWNED-TIMES ")[1].split(" END")[0].split()
    (folder / "facts.json").write_text(json.dumps({
        "begin": float(times[0]), "issued": float(times[1]), "end": float(times[2]), "waited": waited}))
    (folder / "console").write_text(console)


def load(kernel: Kernel, folder: Path):
    """Return the dump and its facts."""
    return scenes.load(kernel, folder), json.loads((folder / "facts.json").read_text())
