# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/bench.md and docs/bench.svg: what field.py has measured, as a table and a plot."""

import math
import os
from pathlib import Path

MARK = "<!-- What follows is written by make bench. -->\n"
COLOURS = ("#0b6e4f", "#6fb98f", "#1f4e9e", "#8fb3e0", "#b3541e")
# The plot's area, in the picture.
LEFT, TOP, WIDTH, HEIGHT = 70, 40, 480, 300


def number(value: float) -> str:
    """Write a value with three digits that mean something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table(results: list) -> list:
    """Return lines of Markdown; results are (queues, commands, {way: Cost})."""
    lines = ["| queues | way | CPU time | times | reads | read | memory more |", "|--:|---|--:|--:|--:|--:|--:|"]
    for queues, commands, costs in results:
        least = costs["vring, first call"].ms
        for way, cost in costs.items():
            name = f"{way} ({commands})" if way == "crash commands" else way
            lines.append(f"| {queues} | {name} | {number(cost.ms)} ms | {number(cost.ms / least)} | {cost.reads:.0f} "
                         f"| {number(cost.bytes / 1024)} KiB | {number(cost.kb / 1024)} MiB |")
    return lines


def _decades(values) -> range:
    """Return the powers of ten that enclose all values."""
    return range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)


def _label(power: int) -> str:
    return f"{10.0 ** power:g}"


def svg(results: list) -> str:
    """Return a plot of CPU time over the number of queues, both in decades."""
    series = {way: [(queues, max(costs[way].ms, 0.01)) for queues, _, costs in results] for way in results[0][2]}
    xs = _decades([queues for queues, _, _ in results])
    ys = _decades([ms for points in series.values() for _, ms in points])

    def x(value):
        return LEFT + WIDTH * (math.log10(value) - xs[0]) / (len(xs) - 1)

    def y(value):
        return TOP + HEIGHT - HEIGHT * (math.log10(value) - ys[0]) / (len(ys) - 1)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 190}" height="{TOP + HEIGHT + 60}" '
             'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>',
             f'<text x="{LEFT}" y="22" font-size="14">CPU time beyond the start, ms, over the number of queues</text>']
    for power in xs:
        at = x(10.0 ** power)
        parts.append(f'<path d="M{at:.0f} {TOP}v{HEIGHT}" stroke="#ddd"/>'
                     f'<text x="{at:.0f}" y="{TOP + HEIGHT + 20}" text-anchor="middle">{_label(power)}</text>')
    for power in ys:
        at = y(10.0 ** power)
        parts.append(f'<path d="M{LEFT} {at:.0f}h{WIDTH}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{at + 4:.0f}" text-anchor="end">{_label(power)}</text>')
    parts.append(f'<text x="{LEFT + WIDTH // 2}" y="{TOP + HEIGHT + 42}" text-anchor="middle">queues</text>')
    for n, (way, points) in enumerate(series.items()):
        colour, line = COLOURS[n], " ".join(f"{x(q):.1f},{y(ms):.1f}" for q, ms in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(q):.1f}" cy="{y(ms):.1f}" r="3" fill="{colour}"/>' for q, ms in points]
        parts.append(f'<rect x="{LEFT + WIDTH + 16}" y="{TOP + 22 * n}" width="12" height="12" fill="{colour}"/>'
                     f'<text x="{LEFT + WIDTH + 34}" y="{TOP + 22 * n + 11}">{way}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def write(docs: Path, results: list, starts: dict, runs: int) -> None:
    """Put a run's figures behind the mark of docs/bench.md, and the plot beside it."""
    page = docs / "bench.md"
    before, mark, _ = page.read_text().partition(MARK)
    if not mark:
        raise ValueError(f"{page} has lost its mark")
    start = "; ".join(f"{way} {number(ms)} ms" for way, ms in starts.items())
    lines = ["", f"{os.cpu_count()} CPU cores, load {os.getloadavg()[0]:.1f}; "
             f"{f'medians of {runs} rounds' if runs > 1 else 'one round'}.", "",
             *table(results), "", f"CPU time of the start, which is not in the table: {start}.", ""]
    page.write_text(before + mark + "\n".join(lines))
    (docs / "bench.svg").write_text(svg(results))
