# SPDX-License-Identifier: GPL-2.0-or-later
"""Of two documents over the same moment: is what the poorer one still shows what the richer one has?"""

# Said of a queue as a whole: it may be less than before, and never more alarming (louder() sees to that).
JUDGED = {"verdict", "at", "text", "readable", "why"}
SEVERITY = ("ok", "info", "warn", "error")

# What a queue is called when the way to its interface is lost.
NAMES = {"device", "queue", "name", "queue_index"}


def differences(whole, shown, where: str = "") -> list:
    """Return what is shown otherwise than before; what says that it is unknown is honest."""
    # Whether addresses are an IOMMU's is told by a member that may be the hidden one.
    if whole is None and isinstance(shown, dict) and not any(shown.values()):
        return []
    if shown is None or shown == whole or (isinstance(whole, str) and shown in ("", "?", "unknown", "rx?", "tx?")):
        return []
    if isinstance(shown, dict) and shown.get("stop") == "unreadable":
        return []  # a chain that says where it ends, and why
    if isinstance(whole, dict) and isinstance(shown, dict):
        # Of what is not known there may be less.
        if not set(shown) <= set(whole):
            return [f"{where}: new names {set(shown) - set(whole)}"]
        skipped = JUDGED | (NAMES if "net_device" in whole and not shown["net_device"] else set())
        return [line for name in shown if name not in skipped
                for line in differences(whole[name], shown[name], f"{where}.{name}")]
    if isinstance(whole, list) and isinstance(shown, list) and len(whole) == len(shown):
        return [line for n, pair in enumerate(zip(whole, shown, strict=True))
                for line in differences(*pair, f"{where}[{n}]")]
    return [f"{where}: {str(shown)[:80]!r}, not {str(whole)[:80]!r}"]


def by_address(queues: list) -> dict:
    address = "vhost_virtqueue" if queues and "vhost_virtqueue" in queues[0] else "vring_virtqueue"
    return {queue[address]: queue for queue in queues}


def louder(whole: dict, shown: dict) -> list:
    """Return which queues are worse than they were."""
    return [f"{after['queue']}: {after['verdict']}" for address, after in shown.items()
            if SEVERITY.index(after["verdict"]["severity"]) > max(
                1, SEVERITY.index(whole[address]["verdict"]["severity"]))]
