# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading vring's text back into values."""

import re

COLUMNS = ["num", "num_free", "last_used_idx", "avail_idx", "used_idx", "in_flight",
           "device_pending", "driver_pending", "used_event", "avail_event"]
# What an event area of a packed ring can say in place of a number.
EVENTS = ("on", "off")


def number(word):
    """Return a value of a table, None for what could not be read."""
    return None if word == "-" else word if word in EVENTS else int(word)


def rows(text: str, label: str = r"\S+", least: str = "+") -> list:
    """Return (label, {column: value, "address": ..., "note": ...}) of each line about a queue."""
    found = re.findall(rf"^({label}) +([0-9a-f]{{16}})((?: +(?:\d+|-|on|off)(?= |$)){least}) *(.*)$", text, re.M)
    return [(name, dict(zip(COLUMNS, map(number, values.split()), strict=False),
                        address=int(address, 16), note=note)) for name, address, values, note in found]


def table(text: str) -> dict:
    """The same of one net device's table, by label; those that could not be read have no values."""
    return dict(rows(text, r"(?:rx|tx)\d+|ctrl", "*"))


def blocks(text: str) -> dict:
    """Return {label: the lines of its full block}."""
    pieces = re.split(r"^\S+ ((?:rx|tx)\d+|ctrl)  .*vring_virtqueue ", text, flags=re.M)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def value(block: str, name: str):
    """Return the first number behind a name of a full block."""
    return number(re.search(rf"(?<![\w>]){re.escape(name)} +(-|\d+)\b", block)[1])


def layout(text: str) -> dict:
    """Return {member, or sizeof(type): (offset, size, source, module)} of vring -l."""
    rows = re.findall(r"^(\S+\.\S+|sizeof\(\S+\)) +(?:(\d+) +)?(\d+)  (BTF file|BTF|DWARF) (\w+)", text, re.M)
    return {name: (int(offset or 0), int(size), source, module)
            for name, offset, size, source, module in rows}


def files(text: str) -> dict:
    """Return {(source, module): file} of vring -l."""
    rows = text.partition("\nSOURCE ")[2].partition("\nNOT FOUND ")[0]
    return {(source, module): file
            for source, module, file in re.findall(r"^(BTF file|BTF|DWARF) (\w+) +(\S.*)$", rows, re.M)}


def devices(text: str) -> dict:
    """Return {net_device: its table} of vring's text about several devices."""
    pieces = re.split(r"^\S+  net_device ([0-9a-f]{16})  ", text, flags=re.M)
    return {int(address, 16): table(rows) for address, rows in zip(pieces[1::2], pieces[2::2], strict=True)}
