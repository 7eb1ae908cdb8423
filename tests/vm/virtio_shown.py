# SPDX-License-Identifier: GPL-2.0-or-later
"""What vring and vqwalk say of a guest of scenes_virtio, queue by queue, from one session of crash."""

import json
from dataclasses import dataclass

import packed
import rings
from scenes_virtio import Scene

# --minimal takes seconds, and shows that the dump's own types are enough.
CRASH = {"5.10": "7.2.9", "6.1": "8.0.2", "6.12": "8.0.6", "7.3": "9.0.2"}


@dataclass(frozen=True)
class Queue:
    """A queue as all see it."""

    ident: str    # the device's, in QEMU
    ours: dict    # vring -j -d
    block: str    # vring -d of this queue
    hops: list    # vqwalk -j
    drgn: dict
    qemu: dict
    words: dict   # the bare core, by rings or by packed
    walk: packed.Walk   # None for a split ring

    def __str__(self):
        return f"{self.ident} {self.drgn['name']} ({self.drgn['index']})"


@dataclass(frozen=True)
class Shown:
    scene: Scene
    document: dict
    table: str
    queues: list

    def of(self, ident: str, number: int = 0) -> Queue:
        """Return a queue by QEMU's names: the device's id, the queue's index."""
        return next(q for q in self.queues if q.ident == ident and q.drgn["index"] == number)


def _read(path, second: dict, qemu: dict) -> tuple:
    if second["layout"] == "split":
        return rings.words(path, qemu), None
    words = packed.words(path, qemu)
    return words, packed.walk(path, words["ring"], second)


def show(scene: Scene, crash, vring_so, folder) -> Shown:
    """Run everything over a scene; folder is for what it writes."""
    wanted = list(scene.queues())
    addresses = [second["vring_virtqueue"] for _, second, _ in wanted]
    commands = [f"vring -a -j -d > {folder}/queues", "vring -a", *(f"vring -d {at}" for at in addresses),
                *(f"vqwalk -j {at} > {folder}/{at}" for at in addresses)]
    kernel = scene.dump.kernel
    result = crash(CRASH[kernel.name]).run(scene.dump.core, kernel.vmlinux, commands, minimal=True, so=vring_so)
    assert len(result.outputs) == len(commands), result.stdout + result.stderr
    document = json.loads((folder / "queues").read_text())
    ours = {q["vring_virtqueue"]: q for q in document["queues"]}
    assert sorted(ours) == sorted(addresses), "these are not the queues that drgn finds"
    found = []
    for (ident, second, qemu), at, block in zip(wanted, addresses, result.outputs[2:], strict=False):
        path, = json.loads((folder / at).read_text())["queues"]
        found.append(Queue(ident, ours[at], block, path["hops"], second, qemu, *_read(scene.dump.core, second, qemu)))
    return Shown(scene, document, result.outputs[1], found)
