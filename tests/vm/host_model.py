# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts for host_tool, and what vhost's own members must be once one has run.

Every call adds a line to a script and to a model of vhost, which is written from the
outside: what a device does with so many buffers, packets and kicks.
"""

from dataclasses import dataclass, field

RX, TX = 0, 1

INDIRECT, EVENT_IDX, VERSION_1, MERGEABLE, ACCESS_PLATFORM = 1 << 28, 1 << 29, 1 << 32, 1 << 15, 1 << 33
LEGACY = 0
FLAGS_ONLY = VERSION_1 | INDIRECT
MODERN = FLAGS_ONLY | EVENT_IDX
USUAL = MODERN | MERGEABLE

NO_NOTIFY = 1
NEXT, WRITE, IN_TABLE = 1, 2, 4
POOL_SIZE, FRAME = 2048, 60
# vhost-net takes packets out of a tap in batches of this size.
BATCH = 64
# A tap holds as many packets as its interface's queue length says.
TAP_RING = 1000


def wrap(number: int) -> int:
    return number % 65536


@dataclass
class Ring:
    """One ring; counts are since the start, None where nobody can know."""

    owner: "Vhost"
    vq: int
    num: int = 256
    base: int = 0
    used: int = None       # what used->idx starts at, where it is not base
    regions: tuple = (1, 1, 1)  # of the process, those that desc, avail and used are in
    published: int = 0
    seen: int = 0          # how far vhost has looked at the avail index
    returned: int = 0
    ran: bool = False      # vhost has served it at least once
    starved: bool = False
    lent: int = 0          # buffers that vhost has taken and waits to get back itself
    waiting: tuple = (0, 0)  # packets that vhost has taken from the tap, and those still in there
    error: bool = False
    busy: bool = False
    loose: bool = False    # how much came back is for the state line to say
    backend: str = None    # interface
    index: int = None      # which of its queues, as the kernel counts them now
    detached: bool = False
    # What was published: (head, descriptors in the order of the chain, why it ends there) each, a
    # descriptor as ("ring" or "table", index); None where that cannot be told.
    chains: list = field(default_factory=list)
    cursor: int = 0        # the descriptor that publish() takes next
    tables: int = 0

    def __post_init__(self):
        self.used = self.base if self.used is None else self.used
        self.say("ring", self.num, self.base, self.used, *self.regions)

    def say(self, command: str, *words) -> "Ring":
        self.owner.process.say(command, self.owner.name, self.vq, *words)
        return self

    def attach(self, tap: str, queue: int = 0) -> "Ring":
        self.backend, self.index = tap, queue
        # A tap can always be written to: vhost looks at a transmit ring at once.
        self.ran = self.ran or self.vq == TX
        return self.say("attach", tap, queue)

    def stop(self) -> "Ring":
        self.backend = self.index = None
        return self.say("attach", "-")

    def publish(self, count: int, size: int = None, chain: int = 1, indirect: bool = False) -> "Ring":
        size = size or (POOL_SIZE if self.vq == RX else self.owner.header + FRAME)
        for _ in range(count):
            head = self.cursor % self.num
            places = [("ring", (self.cursor + k) % self.num) for k in range(chain)]
            if indirect:
                places = [("ring", head), *(("table", k) for k in range(chain))]
            self.cursor += 1 if indirect else chain
            self.tables += indirect
            self._holds(head, places, "end")
        return self.say("publish", count, size, chain, *["indirect"] * indirect)

    def _holds(self, head: int, places: list, stop: str) -> None:
        self.published += 1
        if self.chains is not None:
            self.chains.append((head, places, stop))

    def head(self, head: int, places=(), stop: str = "index out of range") -> "Ring":
        """Publish a head, whatever it is; places: what can be followed from there."""
        self._holds(head, [p if isinstance(p, tuple) else ("ring", p) for p in places], stop)
        return self.say("head", head)

    def descriptor(self, at: int, address, length: int, flags: int, follows: int = 0) -> "Ring":
        return self.say("descriptor", at, address, length, flags, follows)

    def table(self, region: int, *entries) -> str:
        """Make an indirect table of (address, length, flags, next) each; return what to call it."""
        name, self.tables = f"table{self.tables}", self.tables + 1
        self.say("table", region, len(entries))
        for at, entry in enumerate(entries):
            self.say("entry", name[5:], at, *entry)
        return name

    def jump(self, count: int) -> "Ring":
        """Move the index on over slots that hold nothing."""
        self.published, self.chains = self.published + count, None
        return self.say("jump", count)

    def held(self):
        """Return the chains that have not come back; None where nobody can know. After expected()."""
        if self.chains is None or self.used != self.base or len(self.chains) > self.num + self.returned:
            return None
        return self.chains[self.returned:]

    def kick(self) -> "Ring":
        self.ran = True
        return self.say("kick")

    def comes_back(self, count: int) -> "Ring":
        """Wait until so many more buffers have come back."""
        for _ in range(count):
            # Only when it has nothing left that it knows of does vhost look again.
            if self.seen == self.returned:
                self.seen = self.published
            self.returned += 1
        if self.vq == TX:
            self.seen = self.published
        self.ran = True
        return self.say("await", self.returned)

    def lends(self, count: int) -> "Ring":
        """Note that vhost passes on what it was given, without a copy, and will not get it back."""
        self.lent, self.seen, self.ran = count, self.published, True
        return self.settle()

    def fails(self, seen: bool = True) -> "Ring":
        """Kick it after what vhost will not accept; seen: it notes the index all the same."""
        self.error, self.seen = True, self.published if seen else None
        return self.kick().settle()

    def settle(self, ms: int = 100) -> "Ring":
        self.owner.process.say("settle", ms)
        return self

    def _used_flags(self):
        if self.busy and self.vq == RX:
            return None
        if self.vq == TX or self.owner.kind != "net":
            return NO_NOTIFY if self.error else 0
        # Receiving, vhost-net wants kicks only while it lacks buffers.
        return NO_NOTIFY if self.ran and not self.starved else 0

    def expected(self, told: dict) -> dict:
        """Return vhost's members by their names in the contract; told is this ring's part of a state."""
        if self.loose:
            returned = wrap(told["used"]["idx"] - self.used)
            # One buffer is enough to make vhost look.
            self.seen = self.published if returned > self.returned else self.seen
            self.returned = returned
        signalled = bool(self.owner.features & EVENT_IDX) and self.returned > 0
        last_used = wrap(self.used + self.returned)
        iova = int(told["iova"], 16)
        addresses = {part: hex(int(told["gpa"][part], 16) + iova) if iova else told["user"][part]
                     for part in ("desc", "avail", "used")}
        return addresses | {
            # A busy one takes buffers and gives them back again and again.
            "num": self.num, "last_avail_idx": None if self.busy else wrap(self.base + self.returned + self.lent),
            "avail_idx": None if self.seen is None else wrap(self.base + self.seen),
            "last_used_idx": last_used,
            "used_flags": self._used_flags(), "signalled_used_valid": signalled,
            "signalled_used": last_used if signalled else 0,
        }


@dataclass
class Vhost:
    """A vhost device with its rings."""

    process: "Process"
    name: str
    kind: str
    features: int
    rings: list = field(default_factory=list)

    @property
    def header(self) -> int:
        return 12 if self.features & (VERSION_1 | MERGEABLE) else 10

    def moved(self, index: int, detached: bool = False) -> None:
        """Note that a change to the tap's queues has left this device's with another number."""
        for ring in self.rings:
            if ring.backend:
                ring.index, ring.detached = index, detached

    @property
    def rx(self) -> Ring:
        return self.rings[RX]

    @property
    def tx(self) -> Ring:
        return self.rings[TX]


class Process:
    """A process with guest memory, taps and vhost devices: one script of host_tool."""

    def __init__(self, name: str, regions, netns: bool = False):
        """regions: (guest address, size, *["huge"]) each; netns: in a namespace of its own."""
        self.name, self.netns = name, netns
        self.regions = list(regions)
        self.vhosts, self.taps, self.lines = {}, {}, []
        self.say("name", name)
        for region in self.regions:
            self.say("memory", *region)

    def say(self, *words) -> None:
        self.lines.append(" ".join(map(str, words)))

    def script(self) -> bytes:
        return "".join(f"{line}\n" for line in [*self.lines, "settle 500"]).encode()

    def tap(self, name: str, queues: int = 1, features: int = MODERN) -> str:
        self.taps[name] = queues
        self.say("tap", name, queues, 12 if features & (VERSION_1 | MERGEABLE) else 10)
        return name

    def vhost(self, name: str, kind: str = "net", features: int = MODERN, iova: int = 0) -> Vhost:
        self.vhosts[name] = Vhost(self, name, kind, features)
        self.say("vhost", name, kind, hex(features), *[hex(iova)] * bool(iova))
        return self.vhosts[name]

    def pair(self, name: str, features: int = MODERN, *, kind: str = "net", iova: int = 0, **ring) -> Vhost:
        """Make a vhost device with both rings alike."""
        made = self.vhost(name, kind, features, iova)
        made.rings = [Ring(made, vq, **ring) for vq in (RX, TX)]
        return made

    def wired(self, name: str, features: int = MODERN, **ring) -> Vhost:
        """Make a tap with a pair on it, both of that name."""
        self.tap(name, features=features)
        made = self.pair(name, features, **ring)
        for one in made.rings:
            one.attach(name)
        return made

    def inject(self, interface: str, count: int, *owner: str) -> None:
        self.say("inject", interface, count, *owner)
