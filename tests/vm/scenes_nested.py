# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with QEMU and a guest inside a guest: both sides of the same rings at one instant.

An instant that does not show what it is for is taken again; what it shows is drgn's reading.
"""

import contextlib
import re
import socket
import tempfile
from pathlib import Path

import scenes_faults
import scenes_host
import scenes_twins
from lab import initramfs, scenes, store
from lab.guest import QEMU, Guest
from lab.kernels import Kernel
from nested_host import CIDS, CPUS, HARDWARE, NAMES, PORT, TAPS, VSOCK, Host, is_at_rest, under_way

MODULES = ("tun", "vhost_net", "vhost_vsock")
INNER_MODULES = ("vmw_vsock_virtio_transport",)
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/kvmvapic.bin",
            "/usr/share/qemu/linuxboot_dma.bin")
MEMORY, INNER_MEMORY = 1536, 128
ENDLESS = 10**9  # bytes
# A shell behind a serial line: what is written there is done.
SHELL = '(stty raw -echo; while read -r line; do eval "$line"; done) </dev/ttyS1 &'

# Emulation inside emulation: cmpxchg16b comes out wrong in some pairs of QEMU and kernel.
WORKLOAD = f"""
{scenes_host.NO_IPV6}
{scenes_host.NO_MERCY}
{scenes_twins.FUNCTIONS}
start() {{  # NAME CID TAP OPTIONS
    mkdir /inner/$1
    mkfifo /inner/$1/shell.in /inner/$1/shell.out /inner/$1/monitor.in /inner/$1/monitor.out
    /usr/bin/{QEMU} -accel tcg -machine q35 -cpu max,la57=off,cx16=off -smp {CPUS} -m {INNER_MEMORY}M -L /firmware \
        -nodefaults -no-user-config -display none -no-reboot -kernel /inner/vmlinuz -initrd /inner/initrd \
        -append "console=ttyS0 quiet panic=-1 no_timer_check nokaslr ipv6.disable=1" \
        -serial file:/inner/$1/log -serial pipe:/inner/$1/shell -monitor pipe:/inner/$1/monitor $4 \
        -netdev tap,id=back,ifname=$3,script=no,downscript=no,vhost=on,queues={CPUS} \
        -device virtio-net-pci,netdev=back,mq=on,vectors=6,romfile= \
        -netdev tap,id=plain,ifname=plain-$1,script=no,downscript=no,vhost=off \
        -device virtio-net-pci,netdev=plain,romfile= \
        -device vhost-vsock-pci,guest-cid=$2 </dev/null >/inner/$1/qemu.log 2>&1 &
    echo $! >/inner/$1/pid
    until [ -e /sys/class/net/$3 ]; do
        sleep 0.5
        kill -0 $(cat /inner/$1/pid) || {{ cat /inner/$1/qemu.log; echo LAB: no QEMU; break; }}
    done
    ip link set $3 address {HARDWARE}
}}
address() {{  # TAP ADDRESS OTHER: the host's and the guest's
    ip address add $2/24 dev $1
    ip link set $1 up
    arp -s $3 52:54:00:12:34:56
}}
await() {{  # NAME MARKER
    until grep -q "$2" /inner/$1/log; do
        sleep 0.5
        kill -0 $(cat /inner/$1/pid) || {{ cat /inner/$1/qemu.log /inner/$1/log; echo LAB: QEMU ended; break; }}
    done
}}
inject() {{  # TAP COUNT
    echo "inject $1 $2" >/script
    host_tool /script >/dev/null
}}
vsock_tool listen {PORT}
start a {CIDS["a"]} {TAPS["a"]}
address {TAPS["a"]} {scenes.HOST} {scenes.ADDRESS}
await a {initramfs.READY}
ping -c 10 -A -W 30 {scenes.ADDRESS} >/dev/null || echo LAB: no answer from {scenes.ADDRESS}
# Many flows: some for each queue.
inject {TAPS["a"]} 200
vsock_tool send {CIDS["a"]} {PORT} 10000
{SHELL}
"""

INNER = f"""
{scenes.pings(CPUS)}
arp -s {scenes.HOST} {HARDWARE}
vsock_tool listen {PORT}
vsock_tool send 2 {PORT} 10000
{SHELL}
"""

# Packets of many flows: more for a while than the guest can take, then none, so that it gets to send.
FLOOD = "name flood\n" + (f"inject {TAPS['a']} 100\nsettle 20\n" * 10 + "settle 1000\n") * 2000


def _libraries(program: str) -> list:
    """Return what the loader needs to start a program, itself included."""
    return sorted(set(re.findall(r"(/\S+) \(0x", store.run(["ldd", program]))))


def tool(name: str) -> Path:
    """Return a program of one file, compiled the first time."""
    source = Path(__file__).parent / f"{name}.c"

    def compile_it(folder):
        store.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-static", "-O2", "-Wall", "-Wextra", "-Werror",
                   "-o", folder / name, source])
    return store.entry(f"{name}/{source.stat().st_mtime_ns}", compile_it) / name


def _files(kernel: Kernel, scratch: Path) -> dict:
    """Return what the host's initramfs holds: QEMU with all it needs, and the guest."""
    tools = scenes_faults.tools() | {"bin/vsock_tool": tool("vsock_tool"), "bin/owner_fault": tool("owner_fault")}
    # The driver gives each CPU a queue of its own.
    inner = initramfs.build(kernel, scratch / "initrd", INNER, INNER_MODULES, tools)
    program = store.run(["which", QEMU]).strip()
    plugins = Path("/usr/lib/x86_64-linux-gnu/qemu").glob("accel-tcg-*.so")
    paths = [*_libraries(program), *map(str, plugins)]
    # Where it was built for: it looks for its parts from there.
    return (tools | {"bin/host_tool": scenes_host.host_tool(), "flood": FLOOD.encode(), f"usr/bin/{QEMU}": program,
                     "inner/vmlinuz": kernel.vmlinuz, "inner/initrd": inner}
            | {path: path for path in paths} | {f"firmware/{Path(f).name}": f for f in FIRMWARE})


# ---- a guest alone ------------------------------------------------------------------------------

def _is_idle(a: dict) -> bool:
    """Nothing is under way, and nobody is up who could have something under way."""
    return is_at_rest(a) and not any(q.host["runs"] for q in a.values()) and all(
        q.host["last_used_idx"] > 20 for name, q in a.items() if name in NAMES)


def _is_busy(a: dict, before: dict) -> bool:
    """Every queue has moved since, and some are in the middle of it."""
    moved = {name for name in NAMES if a[name].host["last_used_idx"] != before[name].host["last_used_idx"]}
    vsock = all(a[name].host["last_used_idx"] != before[name].host["last_used_idx"] for name in VSOCK)
    return vsock and moved == set(NAMES) and len(under_way(a) & set(NAMES)) >= 2 and bool(
        a["vsock rx"].returned or a["vsock tx"].published or a["vsock tx"].taken or a["vsock tx"].returned)


def _first(host: Host) -> None:
    """A guest alone, at rest and at work."""
    (idle,) = host.take("idle", "a", _is_idle)
    host.within("a", *(f"taskset {1 << cpu:x} ping -A -s {100 + 800 * cpu} {scenes.HOST} >/dev/null &"
                       for cpu in range(CPUS)))
    host.within("a", f"vsock_tool send 2 {PORT} {ENDLESS}")
    host.run(f"vsock_tool send {CIDS['a']} {PORT} {ENDLESS}", "host_tool /flood >/dev/null &", "sleep 2")
    host.take("busy", "a", lambda a: _is_busy(a, idle))
    # Whoever sends to a socket that is gone stops, too.
    host.run("killall host_tool", "killall vsock_tool")
    host.within("a", "killall ping", "echo LAB-CALM")
    host.run("await a LAB-CALM", "sleep 2")


def build(kernel: Kernel, folder: Path) -> None:
    """Leave a folder for each instant: the host's core and each guest's (a, b), and their pids.

    Of guest a alone these are idle and busy, of both those of scenes_twins.INSTANTS.

    All run the same kernel. Stopping the host stops what is in it, so vhost is caught as it is.
    """
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vring-nested-")))
        serial = ["-chardev", f"socket,id=line,path={scratch}/line,server=on,wait=off",
                  "-device", "isa-serial,chardev=line"]
        guest = stack.enter_context(Guest(kernel, WORKLOAD, serial, memory=MEMORY, cpus=CPUS, modules=MODULES,
                                          files=_files(kernel, scratch)))
        with store.step(f"nested {kernel.release}: boot both") as notes:
            guest.wait_for(timeout=900)
            notes.append("with trouble" if "LAB: " in guest.console() else "both answer")
        line = stack.enter_context(socket.socket(socket.AF_UNIX))
        line.connect(str(scratch / "line"))
        host = Host(guest, line, folder)
        host.check()
        _first(host)
        scenes_twins.stage(host)
