# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/support-matrix.md: written by what test_matrix.py found, and read back to compare.

A part of the matrix may be run for itself: what a run did not look at stays as the run before left it.
"""

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs/support-matrix.md"

HEAD = """# What was run where

<!-- Written by `make check-matrix`; not to be edited. -->

Each cell is one run of crash on one dump, with vring.so in it. `yes`: crash opened it, and every queue was
compared, whole: a guest's with QEMU's reading of it, with the words in the bare dump and with drgn's reading;
a host's with what the program that owns the rings told of them, and with drgn's reading. Other cells say why
not, in crash's own words, below the table; `sometimes`: such a dump was opened, and another one of the same
kernel was not; `none`: the kernel gives no such dump; `misread`: crash took the dump and reads the wrong memory,
and the command said so instead of showing it; `lossy`: makedumpfile left out pages that the kernel uses, by the
dump's own list of its pages; vring told where it could not read, and all numbers that it gave were as in the whole
dump. An empty cell was not run. `filtered` is what `makedumpfile -c -d 31` leaves of the ELF dump: there all of a
guest's rings must be as in the whole one, and of a host's queues all but the rings, which must be told to be
missing.

Versions are those that were found by the run.
"""

ARM64 = """
## arm64

An arm64 guest in an arm64 crash: {answer}
"""
UNPROVEN = "unproven. No test of this run ran it."

# crash 8.0.6 in full takes a dump or does not, by what a CPU was doing at that moment.
BY_CHANCE = "read of stack at"
SOMETIMES = "sometimes"

ORDER = {"full": 0, "minimal": 1}


@dataclass(frozen=True)
class Row:
    """What came of one cell. kernel is the lab's name, the releases and versions what was found."""

    kernel: str
    side: str
    levels: int
    form: str
    mode: str
    kernel_release: str
    crash: str
    tools: str
    answer: str
    note: str

    @property
    def key(self) -> tuple:
        """What makes it comparable: with another kernel or crash it is another row."""
        return self.kernel_release, self.side, self.levels, self.form, self.crash, self.mode

    @property
    def good(self) -> bool:
        return self.answer in ("yes", SOMETIMES)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Row":
        return cls(**json.loads(text))


def _order(row: Row) -> tuple:
    version = tuple(int(n) for n in re.findall(r"\d+", row.crash))
    return version, ORDER[row.mode]


def _section(name: str, rows: list) -> str:
    """Return the text about one kernel: a table, and what its notes say."""
    release, tools = rows[0].kernel_release, rows[0].tools
    columns = sorted({(_order(row), row.crash, row.mode) for row in rows})
    lines = [f"\n## Kernel {name}\n", f"{release}; {tools}\n",
             "| dump | page tables | " + " | ".join(f"{crash} {mode}" for _, crash, mode in columns) + " |",
             "|---|---|" + "---|" * len(columns)]
    notes = []
    places = {}
    for row in rows:
        places.setdefault((row.side, row.levels, row.form), {})[row.crash, row.mode] = row
    forms = ("ELF", "kdump", "filtered")
    for side, levels, form in sorted(places, key=lambda p: (p[0], p[1], forms.index(p[2]))):
        cells = []
        for _, crash, mode in columns:
            row = places[side, levels, form].get((crash, mode))
            mark = ""
            if row and row.note:
                if row.note not in notes:
                    notes.append(row.note)
                mark = f" [{notes.index(row.note) + 1}]"
            cells.append(f"{row.answer}{mark}" if row else "")
        lines.append(f"| {side}, {form} | {levels} levels | " + " | ".join(cells) + " |")
    lines += ["", *(f"- [{number}] {note}" for number, note in enumerate(notes, 1))]
    return "\n".join(lines).rstrip() + "\n"


def render(rows, arm64: str = UNPROVEN) -> str:
    """Return the whole document."""
    kernels = {}
    for row in rows:
        kernels.setdefault(row.kernel, []).append(row)
    order = sorted(kernels, key=lambda name: [int(n) for n in name.split(".")])
    return HEAD + "".join(_section(name, kernels[name]) for name in order) + ARM64.format(answer=arm64)


def parse(text: str) -> list:
    """Return the rows of a document that render() made."""
    rows = []
    for part in re.split(r"^## Kernel ", text, flags=re.M)[1:]:
        part = part.partition("\n## ")[0]
        name = part.partition("\n")[0]
        release, tools = re.search(r"^(\S+); (.*)$", part, re.M).groups()
        notes = dict(re.findall(r"^- \[(\d+)\] (.*)$", part, re.M))
        table = [[cell.strip() for cell in line[1:-1].split("|")] for line in re.findall(r"^\|.*\|$", part, re.M)]
        columns = [column.split() for column in table[0][2:]]
        for where, levels, *cells in table[2:]:
            side, form = where.split(", ")
            for (crash, mode), cell in zip(columns, cells, strict=True):
                if cell:
                    answer, note = re.fullmatch(r"(\S+)(?: \[(\d+)\])?", cell).groups()
                    rows.append(Row(name, side, int(levels.split()[0]), form, mode, release, crash, tools, answer,
                                    notes.get(note, "")))
    return rows


def text() -> str:
    """Return the document as it stands."""
    return DOCS.read_text() if DOCS.exists() else ""


def committed() -> dict:
    """Return {key: Row} of the document as it stands."""
    return {row.key: row for row in parse(text())}


def parse_arm64(text: str) -> str:
    """Return what a document says of arm64."""
    return text.partition(ARM64.partition("{")[0])[2].strip() or UNPROVEN


def merged(before: list, found: list) -> list:
    """Return what to write: a kernel of another release than before replaces all that was known of the old one,
    and so does another crash of the same place in the list."""
    fresh = {row.kernel: row for row in found}
    kept = [row for row in before if row.kernel not in fresh or
            (row.kernel_release, row.tools) == (fresh[row.kernel].kernel_release, fresh[row.kernel].tools)]
    rows = {row.key: row for row in kept}
    rows.update({row.key: row for row in found})
    return list(rows.values())


def settled(row: Row, before: Row | None) -> Row:
    """Return what to write of a cell that the document had: luck does not change it from run to run."""
    notes = [one.note for one in (row, before) if one and BY_CHANCE in one.note]
    if not notes or not before or before.answer == row.answer:
        return row
    return replace(row, answer=SOMETIMES, note=notes[0])


def write(found: list, arm64: str = None) -> None:
    """Write the document, with these rows in place of what it had in theirs.

    arm64 is what a test found that ran that architecture, None if none did.
    """
    before = text()
    partial = DOCS.with_suffix(".partial")
    partial.write_text(render(merged(parse(before), found), arm64 or parse_arm64(before)))
    partial.rename(DOCS)


def changes(before: str, count: int) -> str:
    """Return what a run has changed since the document looked like this, for the terminal."""
    old = {row.key: row for row in parse(before)}
    new = committed()
    lines = [f"{count} cells written, {DOCS.name} has {len(new)}"]
    lines += [f"- {_title(row)}: {old[key].answer + ', now ' if key in old else ''}{row.answer} {row.note}".rstrip()
              for key, row in new.items() if key not in old or old[key].answer != row.answer]
    lines += [f"- {_title(row)}: not in it any more" for key, row in old.items() if key not in new]
    return "\n".join(lines)


def _title(row: Row) -> str:
    return f"{row.kernel_release} {row.side}, {row.form}, {row.levels} levels, crash {row.crash} {row.mode}"
