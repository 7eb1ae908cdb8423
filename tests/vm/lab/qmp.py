# SPDX-License-Identifier: GPL-2.0-or-later
"""QMP: QEMU's machine protocol, one JSON object a line on a unix socket."""

import json
import socket
import time
from pathlib import Path

from . import store

# The oldest commands are not spelled with dashes.
UNDERSCORED = {"qmp_capabilities", "set_link"}


class Qmp:
    """A connection that sends one command at a time."""

    def __init__(self, path: Path, timeout: float = 20):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self._connect(path, timeout)
        self.stream = self.sock.makefile("r")
        self._message()  # QEMU's greeting
        self.call("qmp_capabilities")

    def _connect(self, path: Path, timeout: float) -> None:
        end = time.monotonic() + timeout
        while True:
            try:
                return self.sock.connect(str(path))
            except OSError:
                # QEMU makes the socket a moment after it starts.
                if time.monotonic() > end:
                    raise store.LabError(f"no answer on {path}") from None
                time.sleep(0.05)

    def _message(self) -> dict:
        line = self.stream.readline()
        if not line:
            raise store.LabError("QEMU closed its control socket")
        return json.loads(line)

    def call(self, command: str, timeout: float = 60, **arguments):
        """Run a command and return what it returns; underscores in its names stand for dashes."""
        dashed = {key.replace("_", "-"): value for key, value in arguments.items()}
        name = command if command in UNDERSCORED else command.replace("_", "-")
        request = {"execute": name, "arguments": dashed}
        self.sock.settimeout(timeout)
        self.sock.sendall(json.dumps(request).encode() + b"\n")
        while True:
            try:
                answer = self._message()
            except TimeoutError:
                raise store.LabError(f"QMP {command}: no answer in {timeout} s") from None
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise store.LabError(f"QMP {command}: {answer['error'].get('desc')}")
            # Anything else is an event, which nothing here waits for.

    def close(self) -> None:
        self.sock.close()
