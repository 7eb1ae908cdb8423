# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reader of split rings: from QEMU's own addresses, over the bare core."""

import struct

from lab import core

# Of a net device's queue pair, as QEMU numbers them.
RX, TX = 0, 1


def label(number: int, last: int) -> str:
    """Return our name of QEMU's queue number; the control queue comes last."""
    if number == last:
        return "ctrl"
    return f"{('rx', 'tx')[number % 2]}{number // 2}"


def words(path, queue: dict) -> dict:
    """Return the words both sides share, read at the addresses that QMP tells."""
    num = queue["vring-num"]
    avail = core.read_phys(path, queue["vring-avail"], 6 + 2 * num)
    used = core.read_phys(path, queue["vring-used"], 6 + 8 * num)
    flags, idx, *ring, used_event = struct.unpack(f"<HH{num}HH", avail)
    elements = struct.unpack_from(f"<{2 * num}I", used, 4)
    used_flags, used_idx = struct.unpack_from("<HH", used)
    return {
        "num": num,
        "avail_flags": flags, "avail_idx": idx, "used_event": used_event, "avail_ring": ring,
        "used_flags": used_flags, "used_idx": used_idx,
        "used_ring": list(zip(elements[::2], elements[1::2], strict=True)),
        "avail_event": struct.unpack_from("<H", used, 4 + 8 * num)[0],
    }
