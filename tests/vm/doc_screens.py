# SPDX-License-Identifier: GPL-2.0-or-later
"""Screens in the documentation: where they stand, and how they are written anew.

A line 'screen: SCENE KERNEL' in a comment says of which dump the next block of code is; each line
'crash> COMMAND' in the block is followed by what crash printed.
"""

import re
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]
MARK = re.compile(r'^(?:<!-- |\.\\" )screen: (\w+(?: host)?) (\S+)(?: -->)?$')
PROMPT = "crash> "


@dataclass
class Screen:
    path: Path
    scene: str
    kernel: str
    first: int  # the lines of the block, without what encloses it
    last: int
    lines: list

    @property
    def commands(self) -> list:
        return [line[len(PROMPT):] for line in self.lines if line.startswith(PROMPT)]

    def outputs(self) -> list:
        """Return the lines behind each command."""
        found = []
        for line in self.lines:
            if line.startswith(PROMPT):
                found.append([])
            else:
                found[-1].append(line)
        return found


def is_page(path: Path) -> bool:
    return path.suffix == ".8"


def plain(line: str) -> str:
    """Return what a line of a man page shows."""
    return line.removeprefix("\\&").replace("\\-", "-").replace("\\e", "\\")


def quoted(line: str) -> str:
    line = line.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + line if line.startswith((".", "'")) else line


def screens(path: Path) -> list:
    """Return the screens of a file, in its order."""
    lines = path.read_text().splitlines()
    opening, closing = (".EX", ".EE") if is_page(path) else ("```", "```")
    found = []
    for at, line in enumerate(lines):
        mark = MARK.match(line)
        if mark:
            first = lines.index(opening, at) + 1
            last = lines.index(closing, first)
            shown = lines[first:last]
            found.append(Screen(path, mark[1], mark[2], first, last, list(map(plain, shown)) if is_page(path) else shown))
    return found


def files() -> list:
    """Return the documentation that has screens."""
    every = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md")), *sorted((TOP / "docs").glob("*.8"))]
    return [path for path in every if screens(path)]


def write(path: Path, answers: list) -> None:
    """Put what crash printed into a file; answers are of its screens, by command."""
    lines = path.read_text().splitlines()
    for screen, outputs in reversed(list(zip(screens(path), answers, strict=True))):
        block = []
        for command, output in zip(screen.commands, outputs, strict=True):
            block += [PROMPT + command, *(line.rstrip() for line in output.splitlines())]
        lines[screen.first:screen.last] = map(quoted, block) if is_page(path) else block
    path.write_text("\n".join(lines) + "\n")


def shape(lines: list) -> list:
    """Return what a screen has in every run: the first word of each line, and the verdicts.

    Numbers and addresses differ, and so does what a queue happened to be at.
    """
    found = []
    for line in lines:
        # What the next slots hold is said where there are any.
        if line.strip().startswith("ring["):
            continue
        word = re.sub(r"[0-9a-f]{16}", "X", line.strip()).split(" ")[0]
        if re.match(r"[D.u]{8,}", line.strip().split(" ")[-1]):
            word = "picture"
        states = re.findall(r"\b(ring-full|lost-interrupt|lost-kick|rx-starved|corrupt|vhost-stopped-on-error)\b", line)
        found.append((len(line) - len(line.lstrip()), re.sub(r"\d+", "n", word), states))
    return found
