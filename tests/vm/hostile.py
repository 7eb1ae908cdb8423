# SPDX-License-Identifier: GPL-2.0-or-later
"""A core that is damaged while crash has it open, asked about, and mended again.

crash reads an ELF core with read(2) and keeps nothing of it, so one session serves any number of
damages: each is a few bytes of a copy, and a question costs milliseconds.
"""

import contextlib
import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lab import core

READER = Path(__file__).parent / "places_reader.py"

# What must never get out, beside the end of a line.
CONTROL = re.compile(rb"[^\n\x20-\x7e]")
# Of a command. Sound ones take milliseconds and some thousand reads; only what has no bound of its own
# gets near these.
SECONDS, CPU_SECONDS, READS = 60, 20, 200_000
# Output of a damaged core, as a multiple of the sound one's, and beside it.
TIMES, MORE = 2, 100_000


@dataclass(frozen=True)
class Damage:
    """Bytes that are written over a core.

    writes: (expression for places_reader, what to write) each: a number, bytes, another expression for
    a number, or a function of the place's own dict. spoils: whose lines may differ afterwards: "eth0",
    "eth0 rx0", or "*" for all. says: patterns of which each must match what is new in errors and
    verdicts. In them {at} is the first place's address, {value} what was written there, and {near} the
    first digits of that, all in hex.
    """

    what: str
    writes: tuple
    spoils: tuple
    says: tuple = ()
    device: str = ""     # to look at closely, where that is none of the spoiled

    def places(self) -> list:
        return [word for write in self.writes for word in write if isinstance(word, str)]

    def close(self, usual: str) -> str:
        return self.device or next((name.split()[0] for name in self.spoils if name != "*"), usual)


# ---- kinds of damage --------------------------------------------------------------------------

def misaligned(place: dict) -> int:
    return place["value"] + 3


def unmapped(place: dict) -> int:
    """In the direct map, where these guests have no memory: 64 GiB up."""
    return place["value"] + (64 << 30)


def itself(place: dict) -> int:
    return place["at"]


# Pointers that lead nowhere: those that are no address of a struct, and those that cannot be followed.
ODD = {"slab poison": 0x6B6B6B6B6B6B6B6B, "ones": (1 << 64) - 1, "not canonical": 0x0123456789ABCDEF,
       "misaligned": misaligned}
FAR = {"list poison": 0xDEAD000000000100, "user space": 0x00007F0012345000, "unmapped": unmapped}


def wild(name: str, expression: str, spoils=(), follow: str = "", null: bool = True, **more) -> list:
    """A damage of a pointer for each of these kinds, and for NULL where that is none of its values.

    name is what an error calls it, follow what an error calls the thing that it leads to.
    """
    spoils = tuple(spoils)
    follow = follow or re.escape(name)
    made = [Damage(f"{name}: {kind}", ((expression, value),), spoils,
                   (rf"{re.escape(name)}: {{value}} at {{at}} is no address of one",), **more)
            for kind, value in ODD.items()]
    made += [Damage(f"{name}: {kind}", ((expression, value),), spoils,
                    (rf"({follow}): cannot read \d+ bytes at {{near}}",), **more) for kind, value in FAR.items()]
    if null:
        made.append(Damage(f"{name}: NULL", ((expression, 0),), spoils, (rf"{re.escape(name)}: NULL at {{at}}",), **more))
    return made


def back_pointer(name: str, expression: str, spoils=(), **more) -> list:
    """The same of a pointer that is only compared."""
    return [Damage(f"{name}: {kind}", ((expression, value),), tuple(spoils),
                   (rf"{re.escape(name)}.*: [0-9a-f]+ does not point back to [0-9a-f]+",), **more)
            for kind, value in {**ODD, **FAR, "NULL": 0}.items()]


def numbers(name: str, expression: str, values, spoils, *says, **more) -> list:
    return [Damage(f"{name}: {value:#x}", ((expression, value),), tuple(spoils), says, **more) for value in values]


# A terminal's title, a cleared screen, a line that is no line, and bytes that are no ASCII.
ESCAPES = b"\x1b]0;a\x07\x1b[2J\r\n\x9b\xff\t"


def text(size: int) -> bytes:
    """A string that fills so many bytes, its end included."""
    return (ESCAPES * (size // len(ESCAPES) + 1))[:size - 1] + b"\0"


# ---- crash over it ----------------------------------------------------------------------------

@dataclass
class Answer:
    """What a command left in a file, and what it took."""

    command: str
    text: bytes
    seconds: float
    cpu: float
    reads: int

    def check(self, limit: int) -> None:
        assert self.seconds < SECONDS and self.cpu < CPU_SECONDS, (self.command, self.seconds, self.cpu)
        assert self.reads < READS, (self.command, self.reads)
        assert len(self.text) < limit, (self.command, len(self.text))
        bad = CONTROL.search(self.text)
        assert not bad, (self.command, self.text[max(0, bad.start() - 80):bad.end() + 80])

    def document(self) -> dict:
        return json.loads(self.text)


def said(document: dict) -> list:
    """All that a document complains of, a line each."""
    lines = [f"{error['where']}: {error['what']}" for error in document["errors"]]
    for queue in document["queues"]:
        name = f"{queue['device']} {queue['queue']}"
        lines += [f"{name}: {reason['check']}: {reason['text']}" for reason in (queue["verdict"] or {}).get("reasons", ())]
        if (queue.get("ring") or {}).get("why"):
            lines.append(f"{name}: ring: {queue['ring']['why']}")
    return lines


@dataclass
class Session:
    """crash over a copy of a core, with places to write over."""

    terminal: object
    path: Path            # the copy
    places: dict          # {expression: place}
    folder: Path          # for what commands write
    calm: dict = field(default_factory=dict)    # {command: Answer} over the sound core

    def __post_init__(self):
        # Without places nothing is written, and it need not be an ELF core.
        self.file = core.Core(self.path, writable=True) if self.places else None

    def close(self) -> None:
        self.file.file.close()

    def _write(self, phys: int, data: bytes) -> None:
        self.file.write(phys, data)
        self.file.file.flush()

    def _usage(self) -> tuple:
        """CPU seconds and reads that crash has had."""
        stat = Path(f"/proc/{self.terminal.pid}/stat").read_text().rpartition(")")[2].split()
        reads = re.search(r"^syscr: (\d+)", Path(f"/proc/{self.terminal.pid}/io").read_text(), re.M)[1]
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), int(reads)

    def ask(self, command: str) -> Answer:
        """Run one command with its output into a file; nothing may go elsewhere."""
        file = self.folder / "answer"
        cpu, reads = self._usage()
        start = time.monotonic()
        aside = self.terminal.command(f"{command} > {file}", timeout=SECONDS + 30)
        seconds = time.monotonic() - start
        more_cpu, more_reads = self._usage()
        assert not aside.strip(), (command, aside)
        return Answer(command, file.read_bytes(), seconds, more_cpu - cpu, more_reads - reads)

    def usual(self, command: str) -> Answer:
        """The same over the sound core, asked once, before anything is damaged."""
        if command not in self.calm:
            self.calm[command] = self.ask(command)
            self.calm[command].check(1 << 30)
        return self.calm[command]

    def ask_damaged(self, command: str) -> Answer:
        answer = self.ask(command)
        answer.check(TIMES * len(self.calm[command].text) + MORE)
        return answer

    def value(self, expression: str, wanted):
        """What a damage writes at an expression's place."""
        if isinstance(wanted, str):
            return self.places[wanted]["value"]
        return wanted(self.places[expression]) if callable(wanted) else wanted

    @contextlib.contextmanager
    def damaged(self, damage: Damage):
        """The core with something written over it."""
        before = []
        try:
            for expression, wanted in damage.writes:
                place, value = self.places[expression], self.value(expression, wanted)
                data = value if isinstance(value, bytes) else (value % (1 << 8 * place["size"])).to_bytes(
                    place["size"], "little")
                before.append((place["phys"], self.file.read(place["phys"], len(data))))
                assert before[-1][1] != data, f"{expression} is that already"
                self._write(place["phys"], data)
            yield
        finally:
            for phys, data in reversed(before):
                self._write(phys, data)

    def patterns(self, damage: Damage) -> list:
        expression, wanted = damage.writes[0]
        place, value = self.places[expression], self.value(expression, wanted)
        found = f"{value % (1 << 64):x}" if isinstance(value, int) else ""
        return [pattern.replace("{at}", f"{place['at']:x}").replace("{value}", found).replace("{near}", found[:-5])
                for pattern in damage.says]


@contextlib.contextmanager
def sessions(crash, so, path, vmlinux, places, folder):
    """Yield get(version, minimal) -> a session over a copy of the core, each started once."""
    with contextlib.ExitStack() as stack:
        made = {}

        def get(version, minimal=True) -> Session:
            if (version, minimal) not in made:
                mine = folder / f"{version}-{'minimal' if minimal else 'full'}"
                mine.mkdir()
                copied = core.copy(path, mine / "core")
                stack.callback(copied.unlink)
                terminal = stack.enter_context(crash(version).terminal(copied, vmlinux, minimal=minimal, so=so))
                made[version, minimal] = Session(terminal, copied, places, mine)
                stack.callback(made[version, minimal].close)
            return made[version, minimal]
        yield get


def cases(damages) -> list:
    """pytest's parameters (version, minimal, damage).

    Minimal mode starts in no time. The other version and full sessions get samples: a dump is read the
    same way there.
    """
    full = pytest.mark.matrix
    samples = {("9.0.2", True): (damages, ()), ("8.0.2", True): (damages[::5], ()),
               ("9.0.2", False): (damages[1::5], full), ("8.0.2", False): (damages[2::5], full)}
    return [pytest.param(version, minimal, damage, marks=marks,
                         id=f"{version}{'' if minimal else '-full'}-{damage.what}-{number}")
            for (version, minimal), (sample, marks) in samples.items() for number, damage in enumerate(sample)]


def check_nothing_stays_behind(session: Session) -> None:
    """After all that the same session answers as it did at first."""
    assert session.calm, "nothing was asked of this session"
    for command, answer in session.calm.items():
        assert session.ask(command).text == answer.text, command


HOWS = [pytest.param("9.0.2", True, id="9.0.2"), pytest.param("8.0.2", True, id="8.0.2"),
        pytest.param("9.0.2", False, id="9.0.2-full", marks=pytest.mark.matrix),
        pytest.param("8.0.2", False, id="8.0.2-full", marks=pytest.mark.matrix)]


def is_spoiled(queue: dict, spoils) -> bool:
    return "*" in spoils or queue["device"] in spoils or f"{queue['device']} {queue['queue']}" in spoils


def lay_open(drgn, path, kernel, damages, *files) -> dict:
    """Return {expression: place} of all damages, from one run of drgn."""
    wanted = sorted({expression for damage in damages for expression in damage.places()})
    return drgn.run(READER, path, kernel, *files, json.dumps(wanted), timeout=300)


@dataclass(frozen=True)
class Side:
    """What is asked of a guest, or of a host."""

    whole: str      # the document of all queues
    close: str      # of one device
    more: tuple     # other commands, as text; {} is the device
    address: str    # what tells queues apart
    usual: str      # a device where the damage is none's

    def commands(self, damage: Damage) -> list:
        device = damage.close(self.usual)
        return [self.whole, self.close.format(device), *(command.format(device) for command in self.more)]


def try_damage(session: Session, side: Side, damage: Damage) -> None:
    """All that must hold, whatever is damaged."""
    commands = side.commands(damage)
    for command in commands:
        session.usual(command)
    usable = session.terminal.command("sym init_net")
    with session.damaged(damage):
        answers = {command: session.ask_damaged(command) for command in commands}
        assert session.terminal.command("sym init_net") == usable and "init_net" in usable
    # Neighbours.
    document = answers[side.whole].document()
    now = {queue[side.address]: queue for queue in document["queues"]}
    for queue in session.usual(side.whole).document()["queues"]:
        if not is_spoiled(queue, damage.spoils):
            assert now.get(queue[side.address]) == queue, f"{queue['device']} {queue['queue']}"
    assert len(document["queues"]) <= len(session.usual(side.whole).document()["queues"]) + 8
    # What is said, and the same in text.
    lines = []
    for command in commands[:2]:
        before = said(session.usual(command).document())
        lines += [line for line in said(answers[command].document()) if line not in before]
    for pattern in session.patterns(damage):
        assert re.search(pattern, "\n".join(lines)), f"no {pattern} in:\n" + "\n".join(lines[:40])
