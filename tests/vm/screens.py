# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading vring's text back into values."""

import re

COLUMNS = ["num", "num_free", "last_used_idx", "avail_idx", "used_idx", "in_flight",
           "device_pending", "driver_pending", "used_event", "avail_event"]


def number(word):
    """Return a value of a table, None for what could not be read."""
    return None if word == "-" else int(word)


def table(text: str) -> dict:
    """Return {label: {column: value, "address": ..., "note": ...}} of one device's table."""
    rows = {}
    for line in text.splitlines():
        found = re.match(r"((?:rx|tx)\d+|ctrl) +([0-9a-f]{16})((?: +(?:\d+|-))*) *(.*)$", line)
        if found:
            label, address, values, note = found.groups()
            rows[label] = dict(zip(COLUMNS, map(number, values.split()), strict=False),
                               address=int(address, 16), note=note)
    return rows


def blocks(text: str) -> dict:
    """Return {label: the lines of its full block}."""
    pieces = re.split(r"^\S+ ((?:rx|tx)\d+|ctrl)  .*vring_virtqueue ", text, flags=re.M)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def value(block: str, name: str):
    """Return the first number behind a name of a full block."""
    return number(re.search(rf"(?<![\w>]){re.escape(name)} +(-|\d+)\b", block)[1])
