# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reader of types: pahole's listing of a struct, nested structs unfolded."""

import re
from dataclasses import dataclass, field

from lab import store

COMMENT = re.compile(r"/\*\s+(\d+)(?::\s*\d+)?\s+(\d+)\s+\*/$")
NAME = re.compile(r"\(\*(?:const )?(\w+)\)|(\w+)(?:\[\d*\])*(?::\d+)?(?:\s+__attribute__.*)?;$")


@dataclass
class Struct:
    """Size of a struct, and {dotted path: (offset, size)} of all its members, nested ones too."""

    size: int = 0
    members: dict = field(default_factory=dict)


def read(path, form: str, names) -> dict:
    """Return {name: Struct} of a file's types; form is 'btf' or 'dwarf'.

    A name that is not there is left out, after pahole has searched all of the file for it.
    """
    found = {}
    for name in sorted(names):
        # One at a time: of several names pahole may print none when one is unknown.
        text = store.run(["pahole", "-F", form, "-E", "-C", name, path])
        # A struct without a name of its own goes by its typedef's.
        start = re.search(rf"^(?:struct {name}|typedef struct) \{{\n", text, re.M)
        if start:
            found[name] = _parse(text[start.end():])
    return found


def _parse(text: str) -> Struct:
    """Read one listing. A nested struct's own name stands behind its members."""
    result, open_ = Struct(), [{}]
    for line in map(str.strip, text.splitlines()):
        if line.startswith("}") and len(open_) == 1:
            break
        if size := re.match(r"/\* size: (\d+)[,. ]", line):
            result.size = int(size[1]) if len(open_) == 1 else result.size
            continue
        place = COMMENT.search(line)
        line = re.sub(r"/\*.*?\*/", "", line).strip()
        if line.endswith("{"):
            open_.append({})
        elif line.startswith("}"):
            _close(open_, line[1:].strip(), place)
        elif place and (member := NAME.search(line)):
            open_[-1].setdefault(member[1] or member[2], _pair(place))
    result.members = open_[0]
    return result


def _close(open_: list, rest: str, place) -> None:
    """End a nested struct: its members go to the one around it, under its name if it has one."""
    inside, name = open_.pop(), NAME.search(rest)
    if name and place:
        open_[-1].setdefault(name[2], _pair(place))
    for path, pair in inside.items():
        open_[-1].setdefault(f"{name[2]}.{path}" if name else path, pair)


def _pair(place) -> tuple:
    return int(place[1]), int(place[2])
