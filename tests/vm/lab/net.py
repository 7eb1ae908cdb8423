# SPDX-License-Identifier: GPL-2.0-or-later
"""A network namespace of our own, with taps for guests and traffic to them.

Everything stays inside: the namespace has no link to the machine's network.
"""

import os
import socket
import subprocess
import threading

from . import store

# Sends bursts from several source ports, so that the tap spreads them over the guest's
# queues. Bounded in number; the guest answers with its own ICMP errors, or not at all.
BLASTER = """
import socket, sys, time
target, flows, packets = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(flows)]
for number, sock in enumerate(socks):
    sock.bind(("", 20000 + number))
for count in range(packets):
    for sock in socks:
        sock.sendto(b"x" * (64 + count % 900), (target, 9))
    if count % 8 == 7:
        time.sleep(0.01)
"""


class Namespace:
    """A network namespace that is gone on exit, with its taps.

    It has no name and is mounted nowhere: it lives as long as a process in it, so even a
    run that is killed leaves nothing behind. Without root it comes with a user namespace,
    in which we may make taps all the same where the kernel allows that.
    """

    def __enter__(self) -> "Namespace":
        user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
        # The shell says when the namespace is there; then it waits for our end of its input.
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", *user, "sh", "-c", "echo in; read end"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.prefix = ["nsenter", "--target", str(self.holder.pid), "--net",
                       *["--user", "--preserve-credentials"] * bool(user)]
        try:
            if self.holder.stdout.readline() != "in\n":
                raise store.LabError(f"no network namespace: {self.holder.stderr.read().strip()}")
            self.run("ip", "link", "set", "lo", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.holder.kill()
        self.holder.communicate()

    def run(self, *argv: str, timeout: float = 60) -> str:
        """Run a command inside the namespace and return its stdout."""
        return store.run([*self.prefix, *argv], timeout=timeout)

    def tap(self, name: str, address: str, multi_queue: bool = True) -> None:
        """Make a tap whose host end has an address such as 10.99.0.1/24."""
        many = ["multi_queue"] if multi_queue else []
        self.run("ip", "tuntap", "add", "dev", name, "mode", "tap", *many)
        self.run("ip", "address", "add", address, "dev", name)
        self.run("ip", "link", "set", name, "up")

    def ping(self, target: str, count: int = 5) -> str:
        """Ping the guest from the host's side."""
        return self.run("busybox", "ping", "-c", str(count), "-i", "0.1", "-W", "5", target)

    def blast(self, target: str, flows: int = 8, packets: int = 200) -> None:
        """Send bounded UDP traffic to the guest, in several flows."""
        self.run("/usr/bin/python3", "-c", BLASTER, target, str(flows), str(packets))


def available() -> str:
    """Return '' when namespaces and taps can be made here, else the reason why not."""
    try:
        with Namespace() as namespace:
            namespace.tap("probe", "10.99.255.1/24")
    except store.LabError as error:
        return str(error).splitlines()[-1]
    return ""


class SilentPeer:
    """The other end of a NIC that takes QEMU's connection and reads from it only while it flows."""

    def __init__(self, path):
        self.path = str(path)
        self.accepted = None
        self.flowing = threading.Event()
        self.over = threading.Event()
        self.reader = None

    def __enter__(self) -> "SilentPeer":
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(30)
        self.listener.bind(self.path)
        self.listener.listen(1)
        return self

    def accept(self, flowing: bool = False) -> None:
        """Take QEMU's connection; flowing: read whatever comes, until flow(False)."""
        self.accepted, _ = self.listener.accept()
        self.accepted.settimeout(0.05)
        if flowing:
            self.flow(True)

    def flow(self, yes: bool) -> None:
        """Read from now on, or no more."""
        if yes and not self.reader:
            self.reader = threading.Thread(target=self._read, daemon=True)
            self.reader.start()
        (self.flowing.set if yes else self.flowing.clear)()

    def _read(self) -> None:
        while not self.over.is_set():
            if not self.flowing.wait(0.05):
                continue
            try:
                if not self.accepted.recv(1 << 16):
                    return
            except TimeoutError:
                pass
            except OSError:
                return

    def __exit__(self, *_) -> None:
        self.over.set()
        if self.reader:
            self.reader.join(5)
        for end in (self.accepted, self.listener):
            if end:
                end.close()
