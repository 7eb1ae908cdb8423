# SPDX-License-Identifier: GPL-2.0-or-later
"""vring -w on a running guest: crash reads its memory from the file that QEMU has it in.

One guest for all: eth0 pings without end, eth1's peer has stopped reading, eth2 is up and has nothing to do.
"""

import contextlib
import json
import re
import tempfile
import time
from dataclasses import dataclass

import pytest
import scenes_host
from host_model import USUAL, Process
from lab import kernels, net, scenes, store
from lab.crash import FULL_OPTIONS
from lab.guest import Guest

# The only one that opens every kernel in a file of memory.
VERSION = "9.0.2"
QUEUES = ["eth0 rx0", "eth0 tx0", "eth1 rx0", "eth1 tx0", "eth2 rx0", "eth2 tx0"]
LINE = re.compile(r"^(\w+ \w+) +(-|\d+) +(-|\d+) +(-|\d+) +(-|\d+) +(-|\d+)  (\S.*)$", re.M)
HEADER = re.compile(r"^(\d+\.\d\d) s\nQUEUE +ADDED/s RETURNED/s +REAPED/s +DEV +DRV  STATE\n", re.M)

WORKLOAD = f"""ip address add {scenes.ADDRESS}/24 dev eth0
ip link set eth0 up
ip address add 10.98.0.2/24 dev eth1
ip link set eth1 up
arp -s 10.98.0.1 02:00:00:00:00:01
for sender in 1 2 3 4; do
    timeout 4 ping -i 0.005 -c 300 10.98.0.1 >/dev/null &
done
wait
ip link set eth2 up
ping -c 1 -W 5 {scenes.HOST} >/dev/null || echo LAB: no answer
ping -A {scenes.HOST} >/dev/null &"""


@dataclass
class Live:
    """The guest, and a session of crash that looks at it."""

    kernel: str
    guest: Guest
    terminal: object

    def watch(self, words: str, **more) -> list:
        """Return [(seconds, {queue: (added, returned, reaped, dev, drv, state)})] of vring -w."""
        text = self.terminal.command(f"vring -w {words}", **more)
        pieces = HEADER.split(text)
        assert not pieces[0].strip(), text
        return [(float(seconds), {line[0]: (*map(number, line[1:6]), line[6]) for line in LINE.findall(table)})
                for seconds, table in zip(pieces[1::2], pieces[2::2], strict=True)]

    def used(self, ident: str) -> list:
        """Return what QEMU has taken from and returned to rx0 and tx0 of a device."""
        (device,) = (d for d in self.guest.queues() if d["id"] == ident)
        return [(q["last-avail-idx"], q["used-idx"]) for q in device["queues"][:2]]


def number(word: str):
    return None if word == "-" else int(word)


@pytest.fixture(scope="module", params=kernels.SUITES)
def live(request, kernel, crash, vring_so):
    one = kernel(request.param)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="vring-peer-"))
        peer = stack.enter_context(net.SilentPeer(f"{folder}/wire"))
        namespace = stack.enter_context(net.Namespace())
        namespace.tap("tap0", f"{scenes.HOST}/24", multi_queue=False)
        nics = [*scenes.tap_nic(1), "-netdev", f"stream,id=net1-back,server=off,addr.type=unix,addr.path={folder}/wire",
                "-device", "virtio-net-pci,netdev=net1-back,id=net1", "-netdev", "hubport,id=net2-back,hubid=0",
                "-device", "virtio-net-pci,netdev=net2-back,id=net2"]
        # Without VMCOREINFO in a file of plain memory crash does not learn where a kernel was moved to.
        guest = stack.enter_context(Guest(one, WORKLOAD, nics, netns=namespace, append="nokaslr ipv6.disable=1"))
        peer.accept()
        with store.step("guest to watch: boot"):
            guest.wait_for()
        assert "LAB: no" not in guest.console()
        terminal = stack.enter_context(crash(VERSION).terminal(f"live:{guest.ram}@0", one.vmlinux, so=vring_so,
                                                               extra=FULL_OPTIONS.get((VERSION, request.param), [])))
        yield Live(request.param, guest, terminal)


def test_it_is_live(live):
    document = json.loads(live.terminal.command("vring -j"))
    assert document["live"] is True and document["errors"] == []
    assert [f"{q['device']} {q['queue']}" for q in document["queues"] if q["queue"] != "ctrl"] == QUEUES


def test_rates_of_a_busy_device(live):
    """Both counters lie between what QEMU had done before and after, and are most of it."""
    before, start = live.used("net0"), time.monotonic()
    ((seconds, table),) = live.watch("1.5,1 eth0")
    after, around = live.used("net0"), time.monotonic() - start
    assert 1.5 <= seconds < around
    assert list(table) == ["eth0 rx0", "eth0 tx0", "eth0 ctrl"]
    for way, (taken, returned), (taken_then, returned_then) in zip(("rx0", "tx0"), before, after, strict=True):
        added, back, reaped, dev, drv, state = table[f"eth0 {way}"]
        most = (returned_then - returned) % 65536
        # The rate is rounded, and so are the seconds.
        assert 0 < (back - 1) * (seconds - 0.005) <= most, (way, back, most)
        assert back * seconds > most * seconds / around / 3, (way, back, most, seconds, around)
        assert reaped > 0 and dev <= 256 and drv <= 256
        assert "not moving" not in state
    added, back = table["eth0 tx0"][:2]
    taken = (after[1][0] - before[1][0]) % 65536
    # One more may have been added than was taken.
    assert 0 < (added - 2) * (seconds - 0.005) <= taken


def test_a_stalled_peer(live):
    """Of what QEMU says is outstanding nothing moves, and nothing else of the device is called stuck."""
    (device,) = (d for d in live.guest.queues() if d["id"] == "net1")
    ((_, table),) = live.watch("0.5,1 eth1")
    *rates, dev, _, state = table["eth1 tx0"]
    assert rates == [0, 0, 0]
    # From 6.11 on the stack stops a queue by its bytes, long before the ring is full.
    if live.kernel in ("5.10", "6.1"):
        assert dev > 100 and state == f"not moving while {dev} outstanding: ring-full"
    else:
        assert dev > 0 and state.startswith(f"not moving while {dev} outstanding: "), state
    assert device["queues"][1]["inuse"] <= dev
    assert table["eth1 rx0"][-1] == "idle, not moving"


def test_nothing_to_do(live):
    ((_, table),) = live.watch("0.3,1 eth2")
    assert table["eth2 rx0"][:3] == table["eth2 tx0"][:3] == (0, 0, 0)
    assert table["eth2 rx0"][3] > 200 and table["eth2 tx0"][3] == 0
    assert {line[-1] for line in table.values()} == {"idle, not moving"}


def test_so_many_tables(live):
    tables = live.watch("0.2,3")
    assert len(tables) == 3
    for seconds, table in tables:
        assert 0.2 <= seconds < 5
        assert [name for name in table if not name.endswith("ctrl")] == QUEUES


@pytest.mark.parametrize("words", ["0", "-1", "x", "1,", "1,0", "1,x", "1x", "0.001", "1e9", "nan", "1,1,1", "1,-1"])
def test_bad_arguments(live, words):
    text = live.terminal.command(f"vring -w {words}")
    assert text.startswith("vring: no SECONDS[,COUNT] behind option -w\n") and "Usage:" in text


def test_no_argument(live):
    text = live.terminal.command("vring -w")
    assert text.startswith("vring: no argument behind option -w\n") and "Usage:" in text


def test_no_such_device(live):
    text = live.terminal.command("vring -w 0.1,2 eth9")
    assert text.startswith("vring: ") and "eth9" in text and "virtio-net devices: eth0" in text
    assert "ADDED/s" not in text


def test_interrupted(live):
    """Ctrl-C ends what has no end, and the session goes on."""
    live.terminal.send("vring -w 0.2\n")
    live.terminal.wait_for(r"ADDED/s(?s:.*)ADDED/s")
    live.terminal.interrupt()
    live.terminal.wait_prompt(30)
    assert len(live.watch("0.1,1")) == 1


def test_a_busy_queue_is_never_an_error(live):
    """Two hundred looks, in the midst of whatever the driver does."""
    tables = live.watch("0.05,200 eth0", timeout=180)
    assert len(tables) == 200
    moved = sum(table["eth0 tx0"][1] > 0 for _, table in tables)
    assert moved > 100, moved
    states = {line[-1] for _, table in tables for line in table.values()}
    # On a busy machine QEMU itself may not run from one look to the next: that is no error.
    assert not {s for s in states for bad in ("corrupt", "broken", "unread", "lost") if bad in s}, states


def test_a_dump_does_not_move(busy_tap, crash, vring_so):
    out = crash(VERSION).run(busy_tap.core, busy_tap.kernel.vmlinux, ["vring -w 1", "vring eth0", "vhostq -w 1,1"],
                             so=vring_so, minimal=True).outputs
    assert re.fullmatch(r"vring: -w watches a live system; .+\n", out[0])
    assert "eth0  net_device" in out[1]
    assert re.fullmatch(r"vhostq: -w watches a live system; .+\n", out[2])


# ---- a host ------------------------------------------------------------------------------

def vmm() -> Process:
    """One device sends without end, one has nothing to do, and of one vhost was never told."""
    p = Process("vmm-live", [(0, 0xA0000), (0x100000, 16 << 20, "shared")])
    p.wired("moving", USUAL).rx.publish(64).kick()
    for name in ("quiet", "lost"):
        pair = p.wired(name, USUAL)
        pair.rx.publish(64).kick()
        pair.tx.publish(5).kick().settle()
    p.vhosts["lost"].tx.publish(9)
    p.say("spin moving 1")
    return p


# How often a host is read while it works; the second number with --matrix.
LOOKS, MANY = 40, 200


@pytest.fixture(scope="module", params=kernels.SUITES)
def live_host(request, kernel, crash, vring_so, tmp_path_factory):
    """What a session says of a running host: a document, a table, many tables, and many documents."""
    one, process = kernel(request.param), vmm()
    files = {"bin/host_tool": scenes_host.host_tool(), f"scripts/{process.name}": process.script()}
    workload = f"{scenes_host.WORKLOAD}\nsh -c '{scenes_host.NO_IPV6}; host_tool /scripts/{process.name}'"
    with Guest(one, workload, modules=scenes_host.MODULES, files=files, cpus=2, append="nokaslr") as guest:
        with store.step("host to watch: boot"):
            guest.wait_for()
        scenes_host.parse(guest.console())
        folder = tmp_path_factory.mktemp("live-host")
        count = MANY if request.config.getoption("matrix") else LOOKS
        looks = [f"{('vhostq -j', 'vhostq -d -j', 'vhostq -d -j moving')[n % 3]} > {folder}/{n}" for n in range(count)]
        result = crash(VERSION).run(f"live:{guest.ram}@0", one.vmlinux,
                                    ["vhostq -j", "vhostq -w 0.6,1", "vhostq -w 0.05,60 moving", *looks], so=vring_so,
                                    timeout=300, extra=FULL_OPTIONS.get((VERSION, request.param), []))
        assert len(result.outputs) == 3 + count, result.stdout + result.stderr
        assert not "".join(result.outputs[3:]).strip()
        return [*result.outputs[:3], [json.loads((folder / str(n)).read_text()) for n in range(count)]]


def test_a_host(live_host):
    document, text, *_ = live_host
    assert json.loads(document)["live"] is True
    assert re.match(r"\d+\.\d\d s\nQUEUE +TAKEN/s RETURNED/s +KICKS/s +BEHIND +WAIT  STATE\n", text), text
    table = {line[0]: (*map(number, line[1:6]), line[6]) for line in LINE.findall(text)}
    assert set(table) == {f"{name} {way}0" for name in ("moving", "quiet", "lost") for way in ("rx", "tx")}
    assert table["moving tx0"][0] > 0 and table["moving tx0"][1] > 0
    assert "not moving" not in table["moving tx0"][-1]
    assert table["quiet tx0"] == (0, 0, 0, 0, None, "idle, not moving")
    assert table["lost tx0"] == (0, 0, 0, 9, None, "not moving while 9 outstanding: lost-kick")
    assert table["quiet rx0"][:2] == table["lost rx0"][:2] == (0, 0)


def test_a_busy_host_is_never_an_error(live_host):
    text = live_host[2]
    assert len(re.findall(r"^\d+\.\d\d s$", text, re.M)) == 60
    lines = [line for line in LINE.findall(text) if line[0] == "moving tx0"]
    assert len(lines) == 60 and sum(number(line[2]) > 0 for line in lines) > 20
    assert not {line[-1] for line in lines for bad in ("corrupt", "error", "unread") if bad in line[-1]}


def test_a_busy_hosts_documents_are_never_an_error(live_host):
    """vhostq -j and -d -j in the midst of it: nothing was torn, and what moves was seen at many places."""
    documents = live_host[3]
    told = [error for document in documents for error in document["errors"]]
    assert not told, told[:10]
    queues = [queue for document in documents for queue in document["queues"]]
    wrong = [(queue["device"], queue["queue"], queue["verdict"]) for queue in queues
             if queue["verdict"]["severity"] == "error" or queue["verdict"]["state"] == "corrupt"]
    assert not wrong, wrong[:10]
    moving = [queue for queue in queues if (queue["device"], queue["queue"]) == ("moving", "tx0")]
    assert len(moving) == len(documents)
    # How many depends on how far a busy machine lets its guest get meanwhile.
    assert len({(queue["last_avail_idx"], queue["ring"]["used"]["idx"]) for queue in moving}) >= 5
    chains = [queue["chains"] for queue in moving if "chains" in queue]
    # None: the indices were read too far apart to say what lies between them.
    assert len(chains) >= len(documents) // 2 and chains.count(None) <= len(chains) // 4, chains.count(None)
