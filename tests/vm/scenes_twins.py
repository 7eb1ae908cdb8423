# SPDX-License-Identifier: GPL-2.0-or-later
"""Two guests on a host whose rings lie at the same guest-physical addresses, and faults between guest and host.

The second guest is the first one's saved state, loaded: that makes them alike, whatever the kernel
does where. scenes_nested.py brings the host; here is what happens once it has its first instants.
"""

from lab import scenes
from nested_host import CIDS, CPUS, HARDWARE, NAMES, PORT, TAPS, VSOCK, Host, Queue, is_at_rest

# The second guest talks to an address of its own, since the host finds the first by the other.
HOST, ADDRESS = "10.98.0.1", "10.98.0.2"

# More than two receive rings and what the driver can do with the last page it has.
FLOOD = 1500

# Shell functions of the host.
FUNCTIONS = """
monitor() {  # NAME COMMAND
    echo "$2" >/inner/$1/monitor.in
}
save() {  # NAME: its state, into /inner/state
    monitor $1 stop
    monitor $1 'migrate_set_parameter max-bandwidth 10G'
    monitor $1 'migrate "exec:cat >/inner/part && mv /inner/part /inner/state"'
    until [ -e /inner/state ]; do sleep 0.2; done
    monitor $1 cont
}
load() {  # NAME: it must have been started with -incoming defer
    monitor $1 'migrate_set_parameter announce-rounds 0'
    monitor $1 'migrate_incoming "exec:cat /inner/state"'
    # It was saved at a stop, so it stands still once it is there, whenever that is; what it is
    # told before that is lost.
    until grep -q LAB-AWAKE /inner/$1/log; do
        monitor $1 cont
        echo 'echo LAB-AWAKE' >/inner/$1/shell.in
        sleep 1
        kill -0 $(cat /inner/$1/pid) || { cat /inner/$1/qemu.log; echo LAB: QEMU ended; break; }
    done
    rm /inner/state
}
restart() {  # NAME: its QEMU sets vhost up anew, which then looks at each ring, kick or not
    monitor $1 stop
    monitor $1 cont
}
freeze() {  # NAME
    kill -STOP $(cat /inner/$1/pid)
    until grep -q '^State:.T' /proc/$(cat /inner/$1/pid)/status; do sleep 0.1; done
}
thaw() {  # NAME
    kill -CONT $(cat /inner/$1/pid)
}
occupy() {  # WORKER: a vhost worker goes to CPU 1, everybody else to CPU 0, and CPU 1 is taken
    for task in /proc/[0-9]*/task/[0-9]*; do taskset -p 1 ${task##*/}; done >/dev/null 2>&1
    taskset -p 2 $1 >/dev/null
    fault_tool hog 1 &
    sleep 0.5
}
"""


# ---- what shows, by drgn, that an instant is what it is called -----------------------------------

def are_equal(a: dict, b: dict) -> bool:
    """Nothing tells the two apart: the same rings, and the same indices in them."""
    return a.keys() == b.keys() and all(
        a[name].guest[word] == b[name].guest[word] for name in a for word in ("desc", "avail_idx", "used_idx")) and all(
        a[name].host[word] == b[name].host[word] for name in a for word in ("last_avail_idx", "last_used_idx"))


def are_apart(a: dict, b: dict) -> bool:
    """The same rings, all of which have moved on in one of them."""
    return a.keys() == b.keys() and all(
        a[name].guest["desc"] == b[name].guest["desc"]
        and a[name].host["last_used_idx"] != b[name].host["last_used_idx"] for name in a)


def _sleeps(q: Queue) -> bool:
    return q.host["worker"]["state"] in "SI" and not q.host["kick_poll"]["queued"]


def is_unreaped(q: Queue) -> bool:
    """The guest has been told of what was returned, and has not moved since: its QEMU stands still."""
    return bool(q.returned and not q.taken and q.host["signalled_used"] == q.guest["used_idx"] and q.host["call"]
                and not q.host["runs"] and not q.guest["napi"]["scheduled"])


def is_unheard(q: Queue) -> bool:
    """Published, and vhost waits for a kick, which nobody has yet to give."""
    return bool(q.published and _sleeps(q) and int(q.host["backend"], 16)
                and not q.host["runs"] and not q.guest["num_added"])


def is_cut_off(q: Queue) -> bool:
    return bool(q.published and not int(q.host["backend"], 16))


def is_unserved(q: Queue) -> bool:
    """vhost was told, and its worker would go on if it had a CPU."""
    return bool(q.published and q.host["kick_poll"]["queued"] and q.host["worker"]["state"] == "R")


def is_starved(q: Queue) -> bool:
    """The guest has taken back all there is and posted nothing, and packets wait."""
    rxq = q.host["rxq"]
    waiting = rxq["tail"] - rxq["head"] + q.host["tap"]["ring"]["used"]
    return bool(waiting > 0 and not q.published and not q.returned and q.guest["num_free"] == q.guest["num"])


# {instant: {guest: {queue: what it is then}}}; all other queues are at rest.
INSTANTS = {
    "twins": {},
    "apart": {},
    "deaf": {"a": {"rx0": is_unreaped, "rx1": is_unreaped}, "b": {"tx0": is_unheard, "tx1": is_unheard}},
    "starved": {"a": {"tx0": is_unserved, "tx1": is_cut_off}, "b": {"rx0": is_starved, "rx1": is_starved}},
}


def _shows(instant: str, more=lambda a, b: True):
    """Return what take() asks of an instant with both guests."""
    def wanted(a: dict, b: dict) -> bool:
        for name, queues in (("a", a), ("b", b)):
            faults = INSTANTS[instant].get(name, {})
            if not all(shows(queues[queue]) for queue, shows in faults.items()):
                return False
            if not is_at_rest(queues, [q for q in (*NAMES, *VSOCK) if q not in faults]):
                return False
        return more(a, b)
    return wanted


# ---- what happens ----------------------------------------------------------------------------------

def _send(count: int, address: str, wait: int = 30) -> list:
    """Return lines for a guest: a ping from each CPU, which has a transmit queue of its own."""
    return [f"taskset {1 << cpu:x} ping -c {count + cpu} -A -W {wait} {address} >/dev/null" for cpu in range(CPUS)]


def _settled(host: Host, name: str, marker: str, *lines: str) -> None:
    """Have a guest do these lines to their end."""
    host.within(name, *lines, f"echo {marker}")
    host.run(f"await {name} {marker}", "sleep 1")


def _twins(host: Host) -> None:
    # A connection over vsock that was closed may have something to say for 8 s.
    host.run("sleep 10", "save a", f"start b {CIDS['b']} {TAPS['b']} '-incoming defer'", "load b", "sleep 2")
    host.take("twins", "ab", _shows("twins", are_equal))


def _apart(host: Host) -> None:
    host.run(f"address {TAPS['b']} {HOST} {ADDRESS}", f"vsock_tool listen {PORT}")
    _settled(host, "b", "LAB-MOVED", f"ip address add {ADDRESS}/24 dev eth0", f"arp -s {HOST} {HARDWARE}",
             *_send(10, HOST), f"vsock_tool send 2 {PORT} 5000")
    host.run(f"inject {TAPS['b']} 50", f"vsock_tool send {CIDS['b']} {PORT} 5000", "sleep 1")
    host.take("apart", "ab", _shows("apart", are_apart))


def _deaf(host: Host) -> None:
    """One QEMU is stopped while packets come; the other guest's kicks go nowhere, as its driver sends."""
    host.run("freeze a", f"inject {TAPS['a']} 64")
    _settled(host, "b", "LAB-DEAF", "fault_tool command eth0 2", *_send(3, HOST, wait=1))
    host.take("deaf", "ab", _shows("deaf"))
    host.run("thaw a")
    # A driver that has given its kick gives no other one for what lies behind it.
    _settled(host, "b", "LAB-OPEN", "fault_tool command eth0 +2")
    host.run("restart b")
    _settled(host, "b", "LAB-HEARD", *_send(3, HOST))


def _starved(host: Host) -> None:
    """One guest has no memory for buffers. Of the other one queue has no backend, and one a worker without a CPU."""
    _settled(host, "a", "LAB-THAWED", *_send(3, scenes.HOST))
    host.within("b", "echo -1 >/proc/sys/kernel/sched_rt_runtime_us", f"fault_tool starve {CPUS} &")
    host.run("await b 'no memory'", "sleep 1", f"inject {TAPS['b']} {FLOOD}", f"owner_fault {host.pid('a')} 1 1")
    first = f"ping -c 3 -i 0.2 -W 1 {scenes.HOST} >/dev/null"
    _settled(host, "a", "LAB-CUT", f"taskset 2 {first}")
    host.run(f"occupy {host.worker('a', 'tx0')}")
    _settled(host, "a", "LAB-UNSERVED", f"taskset 1 {first}")
    host.take("starved", "ab", _shows("starved"))


def stage(host: Host) -> None:
    """Leave all of INSTANTS. The last one leaves a host that is good for nothing more."""
    for part in (_twins, _apart, _deaf, _starved):
        part(host)
