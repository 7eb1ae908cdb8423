# SPDX-License-Identifier: GPL-2.0-or-later
"""Buffers that come back in the order in which they went out (7.1 and later): no free list, no ids
to look up, and nothing of any ring that is overwritten.

That every queue's values are right is tested in test_virtio_zoo.py. A batch that the device returns
with one used entry is not in these guests: QEMU writes one for each buffer.
"""

import re
import struct

import pytest
from lab import core
from scenes_virtio import HELD
from virtio_shown import Queue

NEXT = 1
NO_BATCH = 0xFFFFFFFF


@pytest.fixture(scope="module")
def shown(virtio_shown_of):
    return virtio_shown_of("in_order", "7.3")


def test_all_are_in_order(shown):
    """Each device has negotiated it, and the driver uses the ring so."""
    for queue in shown.queues:
        assert queue.ours["in_order"] and queue.drgn["in_order"] and "IN_ORDER" in queue.ours["feature_names"]
        transports = shown.scene.dump.device(queue.ident)["status"]["guest-features"]["transports"]
        assert any(line.startswith("VIRTIO_F_IN_ORDER:") for line in transports), str(queue)
        assert re.search(r"  num \d+(?:  packed)?  in order\b", queue.block), str(queue)
    layouts = {(queue.ours["layout"], queue.ident.split("-")[0]) for queue in shown.queues}
    assert {(kind, device) for kind in ("split", "packed") for device in ("net", "stalled", "blk")} <= layouts


def test_states(shown):
    """All that is told about is there: full rings, what nobody has reaped, requests behind others."""
    for ident in ("stalled-packed", "stalled-packed-plain", "stalled-split"):
        full = shown.of(ident, 1).ours
        assert full["netdev_queue"]["stopped"] and full["num_free"] < 19 and full["device_pending"] > 500
    assert shown.of("net-packed-big", 1).ours["driver_pending"] > 0
    assert shown.of("net-split", 1).ours["driver_pending"] > 0
    # Also the one that elsewhere is answered at once.
    assert shown.of("blk-packed").ours["device_pending"] > sum(HELD) + 1
    words = shown.of("net-packed", 0).ours["packed"]
    assert (words["avail_wrap_counter"], words["used_wrap_counter"]) != (1, 1), "it has not gone around"


def test_no_batch_is_open(shown):
    """The driver is in the middle of none, and the oldest buffer of a split ring is the one that it awaits."""
    for queue in shown.queues:
        assert queue.drgn["batch_last"] == NO_BATCH, str(queue)
        if not queue.walk and queue.ours["in_flight"]:
            oldest = queue.words["avail_ring"][queue.drgn["last_used_idx"] % queue.drgn["num"]]
            assert queue.drgn["last_used"] == oldest, str(queue)


def test_packed_buffers(shown):
    """An id is the slot where the buffer begins, and nothing is written over."""
    count = 0
    for queue in (q for q in shown.queues if q.walk):
        for buffer in queue.walk.held:
            assert buffer.whole and buffer.id == buffer.slots[0], (str(queue), buffer)
            count += 1
    assert count > 3000


def marks(queue: Queue, path) -> str:
    """Return the picture of a split ring by its avail ring: from the oldest buffer to the last one."""
    num, words = queue.qemu["vring-num"], queue.words
    table = core.read_phys(path, queue.qemu["vring-desc"], 16 * num)
    descs = [struct.unpack_from("<HH", table, 16 * n + 12) for n in range(num)]
    result = ["."] * num
    reaped, returned = queue.drgn["last_used_idx"], words["used_idx"]
    for step in range((words["avail_idx"] - reaped) % 65536):
        mark = "u" if step < (returned - reaped) % 65536 else "D"
        at = words["avail_ring"][(reaped + step) % num]
        while True:
            assert result[at] == ".", f"{queue}: descriptor {at} is in two chains"
            result[at] = mark
            flags, following = descs[at]
            if not flags & NEXT:
                break
            at = following
    return "".join(result)


def test_picture_of_split_rings(shown):
    """Free is what no buffer has: there is no list of it."""
    for queue in (q for q in shown.queues if not q.walk):
        wanted = marks(queue, shown.scene.dump.core)
        assert "".join(re.findall(r"^ +\d+ ([.Du?]+)$", queue.block, re.M)) == wanted, str(queue)
        assert wanted.count(".") == queue.drgn["num_free"], str(queue)
