# SPDX-License-Identifier: GPL-2.0-or-later
"""One guest and one host of each kernel, dumped in every form, and whether a crash shows them right.

What is right comes from others: QEMU's reading of each queue, the words in the bare core, what the
host's test program told of its own rings, and drgn's reading of the same core.
"""

import json
import re
from collections import namedtuple
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import agree
import host_session
import rings
import scenes_host
import screens
from host_model import USUAL, Process
from lab import core, diskdump, drgn, kernels, makedumpfile, scenes, store
from lab.crash import Result
from lab.guest import CPU, QEMU

SIDES = ("guest", "host")
LEVELS = (4, 5)
FORMS = ("ELF", "kdump", "filtered")
MODES = ("full", "minimal")
# As most machines are set up to filter what they write when they crash.
FILTER = 31
PAIRS = 2

# version is the lab's name of a crash, what it tells of itself may be another one.
Cell = namedtuple("Cell", "kernel side levels form version mode")

READER = Path(__file__).parent / "drgn_reader.py"
PLACES = Path(__file__).parent / "places_reader.py"
UNREAD = re.compile(r".*: cannot read (\d+) bytes at ([0-9a-f]{16})")
# Under the load of everything else; a start takes seconds on a machine with nothing to do.
LIMIT = 600


# ---- the scenes --------------------------------------------------------------------------------

def vmm() -> Process:
    """A process with a device in each usual state, for a host that is made quickly."""
    p = Process("vmm", [scenes_host.HIGH, scenes_host.MAIN, scenes_host.LOW])
    p.wired("idle")
    busy = p.wired("busy", USUAL, num=16, base=65530)
    busy.rx.publish(12).kick().settle()
    p.inject("busy", 10)
    busy.rx.comes_back(10)
    busy.tx.publish(14).kick().comes_back(14)
    unkicked = p.wired("nokick")
    unkicked.tx.settle().publish(5)
    unkicked.rx.publish(6)
    scenes_host.starve(p, "starved", 30)
    p.tap("mq", 2)
    for queue in range(2):
        pair = p.pair(f"mq{queue}", num=128)
        pair.rx.attach("mq", queue)
        pair.tx.attach("mq", queue).publish(3 + queue).kick().comes_back(3 + queue)
    p.taps["mv0"] = 1
    p.say("macvtap", "mv0", 12)
    pair = p.pair("mv0")
    for ring in pair.rings:
        ring.attach("mv0")
    pair.tx.publish(6).kick().comes_back(6)
    return p


PROCESSES = (vmm,)


def make(kernel, side: str, levels: int, folder: Path, forms=FORMS) -> None:
    """Boot a guest or a host and leave it in a folder in each form, with what others say of it.

    filtered.txt in place of a filtered core says why makedumpfile wrote none, none.txt beside
    the cores why they are none of this cell.
    """
    cpu = CPU if levels == 4 else CPU.replace("la57=off", "la57=on")

    def compressed(guest):
        if "kdump" in forms:
            guest.dump_kdump(folder / "kdump")

    if side == "host":
        scenes_host.build(kernel, folder, PROCESSES, cpu=cpu, then=compressed)
        seen = [[pid, desc, queue] for (pid, desc), queue in
                host_session.by_drgn(folder / "core", kernel).items()]
    else:
        with scenes.tap_guest(kernel, PAIRS, cpu=cpu) as (guest, _):
            scenes.save(guest, folder)
            compressed(guest)
        seen = drgn.Drgn().run(READER, folder / "core", kernel)["devices"]
    with core.Core(folder / "core") as saved:
        if levels == 5 and b"NUMBER(pgtable_l5_enabled)=1" not in saved.notes:
            (folder / "none.txt").write_text("on a CPU with five levels of page tables this kernel uses four")
    (folder / "drgn.json").write_text(json.dumps(seen))
    tools = f"QEMU {re.search(r'version ([0-9.]+)', store.run([QEMU, '--version']))[1]}"
    if "filtered" in forms:
        tools += f", makedumpfile {_filter(kernel, folder)}"
    (folder / "tools.txt").write_text(tools)


def _filter(kernel, folder: Path) -> str:
    """Write filtered, or filtered.txt with what makedumpfile said; return its version."""
    tool = makedumpfile.of(kernels.SUITES[kernel.name])
    try:
        core.filtered(folder / "core", folder / "filtered", FILTER, "-c", command=tool.command)
    except store.LabError as error:
        said = [line for line in str(error).splitlines() if "makedumpfile" not in line and line.strip()]
        (folder / "filtered.txt").write_text(f"makedumpfile: {said[0] if said else 'nothing said'}")
    return tool.version


class Scene:
    """What make() left in a folder."""

    def __init__(self, kernel, folder: Path):
        self.kernel, self.folder = kernel, folder

    def tools(self) -> str:
        """Return what else took part, with versions."""
        return (self.folder / "tools.txt").read_text()


class Guest(Scene):
    """A guest's scene; check() compares what vring says of it."""

    COMMAND = "vring"

    def __init__(self, kernel, folder: Path):
        super().__init__(kernel, folder)
        self.dump = scenes.load(kernel, folder)
        self.device, = json.loads((folder / "drgn.json").read_text())

    def check(self, document: dict, text: str, form: str) -> list:
        """Return what is wrong, a line each. A filter leaves all of a guest's rings."""
        wrong = [f"error: {error}" for error in document["errors"]] + agree.with_contract(document)
        queues = {queue["queue"]: queue for queue in document["queues"]}
        wanted = {second["queue"]: second for second in self.device["queues"]}
        if set(queues) != set(wanted) or len(wanted) != 2 * PAIRS + 1:
            return [*wrong, f"queues {sorted(queues)}, not {sorted(wanted)}"]
        table = screens.table(text)
        qemu = self.dump.device("net0")
        for label, queue in queues.items():
            second = next(q for q in qemu["queues"] if q["queue-index"] == queue["index"])
            words = rings.words(self.dump.core, second)
            wrong += agree.with_drgn(queue, self.device, wanted[label])
            wrong += agree.with_qemu(queue, qemu, second) + agree.with_memory(queue, words)
            wrong += agree.with_table(queue, table[label])
        if sum(q["used-idx"] for q in qemu["queues"]) < 100:
            wrong.append("the guest was not busy")
        return wrong


class Host(Scene):
    """A host's scene; check() compares what vhostq says of it."""

    COMMAND = "vhostq"

    def __init__(self, kernel, folder: Path):
        super().__init__(kernel, folder)
        self.host = scenes_host.load(kernel, folder, PROCESSES)
        seen = json.loads((folder / "drgn.json").read_text())
        self.seen = {(pid, desc): queue for pid, desc, queue in seen}

    def check(self, document: dict, text: str, form: str) -> list:
        """Return what is wrong, a line each; of a filtered dump the rings must be missing, and nothing else."""
        wrong = [f"error: {error}" for error in document["errors"]]
        queues = {(q["owner"]["pid"], q["desc"]): q for q in document["queues"]}
        told = {(state["pid"], ring.expected(one)["desc"]): (ring, one)
                for state, _, one, ring in self.host.rings()}
        if not (queues.keys() == told.keys() == self.seen.keys()) or len(document["queues"]) != len(told):
            return [*wrong, f"{len(document['queues'])} queues, {len(told)} by their owner, {len(self.seen)} by drgn"]
        for key, queue in queues.items():
            ring, one = told[key]
            pairs = [(name, value, queue[name]) for name, value in ring.expected(one).items() if value is not None]
            pairs += [(name, one[name], queue[name]["eventfd_count"]) for name in ("kick", "call", "error")]
            pairs.append(("rxq.pending", ring.waiting[0], queue["rxq"]["pending"]))
            pairs += self._words(one, queue["ring"], form)
            wrong += [f"{ring.owner.name} vq {ring.vq}: {what} is {shown!r}, not {wanted!r}"
                      for what, wanted, shown in pairs if wanted != shown]
            wrong += host_session.against_drgn(self.seen[key], queue)
        listed = re.findall(r"^[rt]x\d+ +[0-9a-f]{16} ", text, re.M)
        return wrong if len(listed) == len(told) else [*wrong, f"{len(listed)} queues in the table"]

    @staticmethod
    def _words(one: dict, ring: dict, form: str):
        if form != "filtered":
            return [(part, one[part], ring[part]) for part in ("avail", "used")]
        return [("readable", False, ring["readable"]), ("why", "not in the dump", ring["why"]),
                *((part, dict.fromkeys(one[part]), ring[part]) for part in ("avail", "used"))]


# ---- running a cell ------------------------------------------------------------------------------

@dataclass(frozen=True)
class Opened:
    """What came of a cell. answer: 'yes', or why not; wrong: values that are not what they should be."""

    answer: str
    note: str = ""
    wrong: tuple = ()

    @cached_property
    def good(self) -> bool:
        return self.answer == "yes"


def last_words(result: Result) -> str:
    """Return what a crash that did not start said of it, on one line."""
    if result.returncode is None:
        raise store.LabError(f"no end after {LIMIT} s: {(result.stdout + result.stderr)[-500:]}")
    lines = [line.strip() for line in (result.stdout + result.stderr).splitlines()]
    said = [line for line in lines if line and not line.startswith(("WARNING", "Try ", "Usage", "For "))]
    if result.returncode < 0:
        said.append(f"killed by signal {-result.returncode}")
    told = next((line for line in reversed(said) if line.startswith("crash: ")), said[-1] if said else
                f"says nothing and exits with {result.returncode}")
    return one_line(told)


def one_line(text: str) -> str:
    """Return what a note says of it: without addresses and folders, which differ from run to run."""
    return re.sub(r"/\S*/", "", re.sub(r"\b(0x)?[0-9a-f]{8,16}\b", "ADDRESS", text))[:160].strip()


def run(scene, cell: Cell, crash, so: Path, folder: Path) -> Opened:
    """Open a scene's dump in a form, and compare what the extension says of it."""
    if (scene.folder / "none.txt").exists():
        return Opened("none", (scene.folder / "none.txt").read_text())
    path = scene.folder / {"ELF": "core"}.get(cell.form, cell.form)
    if not path.exists():
        return Opened("no", (scene.folder / "filtered.txt").read_text())
    full = cell.mode == "full"
    command = scene.COMMAND
    # linux_banner begins so in every kernel: what crash itself reads there shows if it knows where the kernel is.
    commands = ["rd -a linux_banner 13", f"{command} -j > {folder}/out.json", command]
    result = None
    for extra, note in [([], ""), *[(["--no_modules"], "with `--no_modules`")] * full]:
        first = result
        result = crash.run(path, scene.kernel.vmlinux, commands, minimal=not full, extra=extra, so=so, timeout=LIMIT)
        if len(result.outputs) == len(commands):
            break
    else:
        # The plain start's message is the one that a user sees.
        return Opened("no", last_words(first or result))
    banner, _, text = result.outputs
    if "Linux version" not in banner:
        said = text.strip().splitlines()
        good = len(said) == 1 and said[0].startswith(f"{command}: ")
        return Opened("misread", one_line(said[0].partition(": does ")[0]) if good else "", () if good else ("not told: " + text[:200],))
    document = json.loads((folder / "out.json").read_text())
    wrong = scene.check(document, text, cell.form)
    if wrong and cell.form == "filtered" and are_left_out(scene, path, document["errors"]):
        crash.run(scene.folder / "core", scene.kernel.vmlinux, [f"{command} -j > {folder}/whole.json"], minimal=not full,
                  extra=extra, so=so, timeout=LIMIT)
        return Opened("lossy", "makedumpfile left out pages that the kernel uses",
                      tuple(contradictions(document, json.loads((folder / "whole.json").read_text()))))
    return Opened("yes", note, tuple(wrong))


# ---- dumps that lack what they should have -------------------------------------------------------

def are_left_out(scene, path: Path, errors: list) -> bool:
    """Is each error about memory of which the dump lacks a page, by its own list of pages and drgn's word on where
    the memory is?"""
    told = [UNREAD.fullmatch(error["what"]) for error in errors]
    if not told or not all(told):
        return False
    pages = [_pages(int(one[2], 16), int(one[1])) for one in told]
    wanted = [f'user(prog["init_mm"].address_of_(), {page:#x}, 1)' for page in sorted(set().union(*pages))]
    found = drgn.Drgn().run(PLACES, scene.folder / "core", scene.kernel, json.dumps(wanted), timeout=LIMIT)
    places = {place["at"]: place["phys"] for place in found.values()}
    missing = set(diskdump.left_out(path, places.values()))
    return all(any(places[page] in missing for page in some) for some in pages)


def _pages(at: int, size: int) -> range:
    """Return the addresses of the pages that so many bytes lie on."""
    return range(at - at % core.PAGE, at + size, core.PAGE)


def contradictions(document: dict, whole: dict) -> list:
    """Return numbers of queues that are others than in the whole dump; null is none."""
    key = "vring_virtqueue" if document["side"] == "guest" else "vhost_virtqueue"
    sound = {queue[key]: dict(_numbers(queue)) for queue in whole["queues"]}
    if not {queue[key] for queue in document["queues"]} <= set(sound):
        return ["queues that are not there"]
    return [f"{queue[key]} {path}: {value}, in the whole dump {sound[queue[key]].get(path)}"
            for queue in document["queues"] for path, value in _numbers(queue) if value != sound[queue[key]].get(path)]


def _numbers(value, path=""):
    """Yield (path, number) of all numbers in a document, without those of the verdict."""
    if isinstance(value, dict):
        for name in value.keys() - {"verdict"}:
            yield from _numbers(value[name], f"{path}.{name}")
    elif isinstance(value, int) and not isinstance(value, bool):
        yield path, value
