# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with each way for a device to have interrupts, and with a CPU that handles none."""

import re
import tempfile
from pathlib import Path

import scenes_net
from lab import net, scenes, store
from lab.guest import Guest
from lab.kernels import Kernel

CPUS = 2
CONSOLE = "console"

# What the guest itself says of its interrupts, behind a line that is looked for.
TELL = """echo LAB: interrupts
cat /proc/interrupts
for n in /proc/irq/*/effective_affinity_list; do echo LAB: cpu $n $(cat $n); done
echo LAB: timeouts $(cat /sys/class/net/eth3/queues/tx-0/tx_timeout)
"""

# The peer of eth3 reads nothing: its queue is stopped, and the stack's watchdog, where the
# driver takes part in it, bites after five seconds.
STALL = f"""ip address add 10.96.3.2/24 dev eth3
ip link set eth3 up
arp -s 10.96.3.1 02:00:00:00:00:01
for sender in 1 2 3 4; do
    timeout 4 ping -i 0.005 -c 300 10.96.3.1 >/dev/null &
done
"""

# Takes effect with the next interrupt. (A thread that handles the console's would be the
# first victim of a CPU that does nothing else any more.)
MOVE = "echo {cpus} > /proc/irq/$(grep {name} /proc/interrupts | cut -d : -f 1 | tr -d ' ')/smp_affinity"

# As fast as it goes, in several flows, so that there is something for both queues.
FLOOD = """
import socket, sys
socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]
for _ in range(4000):
    for sock in socks:
        sock.sendto(b"x" * 64, (sys.argv[1], 9))
"""

# From 6.12 on ordinary tasks get their share of each second all the same, by another name.
HOG = """echo -1 > /proc/sys/kernel/sched_rt_runtime_us
mount -t debugfs debugfs /sys/kernel/debug
[ ! -d /sys/kernel/debug/sched/fair_server ] || echo 0 > /sys/kernel/debug/sched/fair_server/cpu1/runtime
guest_tool hog 1 &
sleep 1"""

BITTEN = """for second in 1 2 3 4 5 6 7 8 9 10 11 12; do
    [ $(cat /sys/class/net/eth3/queues/tx-0/tx_timeout) = 0 ] || break
    sleep 1
done"""


def vectors(kernel: Kernel, folder: Path) -> None:
    """A vector for each queue (eth0), one for all queues (eth1), an interrupt line (eth2).

    Behind a stopped queue (eth3) time passes. The guest moves an interrupt to another CPU,
    says what it knows, and then CPU 1 runs a task that never ends while packets come in.
    """
    # 5.10's driver leaves the stack no means against a stopped queue, and so nothing is watched.
    await_watchdog = "" if kernel.name == "5.10" else BITTEN
    lines = [MOVE.format(cpus=1, name="ttyS0"), scenes.pings(CPUS), STALL]
    for number in (1, 2):
        # Both user networks have the same addresses: one at a time.
        lines.append(f"""ip address add {scenes.USER_ADDRESS}/24 dev eth{number}
ip link set eth{number} up
ping -A -c {10 * number} {scenes.USER_HOST} >/dev/null || echo LAB: no answer to eth{number}
ip address del {scenes.USER_ADDRESS}/24 dev eth{number}""")
    lines.append(f"""{MOVE.format(cpus=2, name="virtio0-output.0")}
taskset 1 ping -A -c 20 {scenes.HOST} >/dev/null
wait
{await_watchdog}
{TELL}
{HOG}""")
    # Newer kernels run softirqs in front of a real-time task, too, unless they are told to leave
    # them to a thread.
    threads = "threadirqs" if kernel.name in ("6.12", "7.3") else ""
    with tempfile.TemporaryDirectory(prefix="vring-peer-") as place, net.Namespace() as namespace, \
            net.SilentPeer(f"{place}/wire") as peer:
        namespace.tap("tap0", f"{scenes.HOST}/24")
        nics = scenes.tap_nic(CPUS)
        for number, how in ((1, "vectors=2"), (2, "vectors=0")):
            nics += ["-netdev", f"user,id=net{number}-back,restrict=on",
                     "-device", f"virtio-net-pci,netdev=net{number}-back,id=net{number},{how}"]
        nics += ["-netdev", f"stream,id=net3-back,server=off,addr.type=unix,addr.path={place}/wire",
                 "-device", "virtio-net-pci,netdev=net3-back,id=net3"]
        with Guest(kernel, "\n".join(lines), nics, netns=namespace, cpus=CPUS, append=threads,
                   files={"bin/guest_tool": scenes_net.guest_tool()}) as guest:
            peer.accept()
            with store.step(f"guest {kernel.release}: boot with every kind of interrupt"):
                guest.wait_for(timeout=90)
            namespace.run("/usr/bin/python3", "-c", FLOOD, scenes.ADDRESS)
            scenes.save(guest, folder)
            (folder / CONSOLE).write_text(guest.console())


def told(folder: Path) -> tuple:
    """Return what the guest said: {number: (name, count, CPUs)} of its interrupts, and the timeouts."""
    text = (folder / CONSOLE).read_text(errors="replace").replace("\r", "")
    listed = text.rpartition("LAB: interrupts\n")[2]
    counts = re.findall(r"^ *(\d+): +((?:\d+ +)+)\S+ +\S+ +(.*)$", listed, re.M)
    cpus = dict(re.findall(r"^LAB: cpu /proc/irq/(\d+)/\S+ (\S+)$", listed, re.M))
    # The last word, as the edge or the chip's own number may come before it.
    found = {int(number): (names.split(maxsplit=1)[-1], sum(map(int, per_cpu.split())), cpus[number])
             for number, per_cpu, names in counts}
    return found, int(re.search(r"^LAB: timeouts (\d+)$", listed, re.M)[1])
