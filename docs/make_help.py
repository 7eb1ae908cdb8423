#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The man pages as crash's help texts: make_help.py > help.c

The pages are the source. help.c is kept beside the code, so that a build needs no Python;
tests/vm/test_docs.py fails when it is out of step. Only the macros that the pages use are
known here, and another one is an error.
"""

import re
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMANDS = ("vring", "vqwalk", "vhostq")
WIDTH = 78
# Where text begins; where a tag begins that has text far to its right.
MARGIN, WIDE = 2, 5

HEAD = """// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * help.c - what 'help COMMAND' prints, made of docs/COMMAND.8 by docs/make_help.py: change
 * it there.  crash passes each line through printf with its own name as the argument.
 */
#include <stddef.h>

#include "help.h"
"""


def plain(text: str) -> str:
    """Return text without fonts and escapes."""
    return re.sub(r"\\f[BIR]|\\&", "", text).replace("\\-", "-").replace("\\e", "\\")


def words(argument: str) -> list:
    """Return the arguments of a macro."""
    return [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', argument)]


def text_of(line: str) -> str:
    """Return what a line of text, or of text in another font, says."""
    macro = re.match(r"\.(BI|BR|IR|RB|RI|B|I)\s+(.*)", line)
    if macro:
        parts = words(macro[2])
        return plain((" " if len(macro[1]) == 1 else "").join(parts))
    if line.startswith("."):
        raise SystemExit(f"make_help.py: what is {line.split()[0]}?")
    return plain(line)


class Help:
    """The lines of one command's help."""

    def __init__(self, page: str):
        self.lines, self.text, self.tag, self.column = [], [], None, MARGIN
        self.tagged = False
        self.title = self.purpose = self.synopsis = ""
        section, verbatim, wants_tag = None, False, False
        for line in page.splitlines():
            if line.startswith(('.\\"', ".TH")):
                continue
            name = line.split()[0] if line.startswith(".") else ""
            if name in (".SH", ".PP", ".TP", ".EX", ".EE"):
                self.flush(section)
                verbatim = name == ".EX"
                wants_tag = name == ".TP"
                if name == ".SH":
                    section = line[4:]
                    if section not in ("NAME", "SYNOPSIS", "DESCRIPTION"):
                        self.lines.append(f"\n{section}")
                elif name == ".TP":
                    self.column = int(line.split()[1])
                    if not self.tagged:
                        self.blank()
                elif name != ".EE":
                    self.blank()
            elif verbatim:
                text = re.sub(r"^crash>", "%s>", plain(line).replace("%", "%%"))
                self.lines.append(f"    {text}" if text else " ")
            elif wants_tag:
                self.tag, wants_tag = text_of(line), False
            else:
                self.text.append(text_of(line))
        self.flush(section)

    def blank(self) -> None:
        """Begin a new group of lines."""
        if self.lines and self.lines[-1] != " " and not self.lines[-1].startswith("\n"):
            self.lines.append(" ")

    def flush(self, section) -> None:
        """Set the paragraph that has been read."""
        text, tag = " ".join(self.text), self.tag
        self.text, self.tag = [], None
        if not text:
            return
        self.tagged = tag is not None
        if section == "NAME":
            self.title, self.purpose = text.split(" - ", 1)
        elif section == "SYNOPSIS":
            self.synopsis = synopsis(text.split(" ", 1)[1])
        elif tag is None:
            self.lines += fill(text, WIDTH, " " * MARGIN)
        else:
            self.lines += tagged(tag, text, self.column)


def synopsis(text: str) -> str:
    """Break a synopsis between its brackets, not inside of them."""
    depth, kept = 0, ""
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        kept += "\0" if letter == " " and depth else letter
    return "\n  ".join(fill(kept, 60, "")).replace("\0", " ")


def fill(text: str, width: int, indent: str) -> list:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent,
                         break_on_hyphens=False, break_long_words=False)


def tagged(tag: str, text: str, column: int) -> list:
    """Options stand against their text, as in crash's own help; wide tags at the left."""
    if column > 20:
        label, column = " " * WIDE + tag, column + WIDE - 2
    else:
        label = tag.rjust(column - 2)
    if len(label) > column - 2 or tag.startswith("-") and len(tag) > column - 4:
        return [" " * WIDE + tag, *fill(text, WIDTH, " " * column)]
    first, *rest = fill(text, WIDTH, " " * column)
    return [label.ljust(column) + first[column:], *rest]


def literal(line: str) -> str:
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '",'


def source(command: str) -> str:
    """Return the C array of a command's help."""
    page = Help((HERE / f"{command}.8").read_text())
    lines = "\n".join(map(literal, page.lines))
    head = "\n".join(map(literal, (page.title, page.purpose, page.synopsis)))
    return f"\nchar *help_{command}[] = {{\n{head}\n\n{lines}\nNULL\n}};\n"


def whole() -> str:
    return HEAD + "".join(map(source, COMMANDS))


if __name__ == "__main__":
    sys.stdout.write(whole())
