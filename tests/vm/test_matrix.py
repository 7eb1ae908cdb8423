# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kernel, guest and host, in every form of core, in every crash: does it show what is there?

A pair that crash cannot open is a row of docs/support-matrix.md with crash's own words, no failure,
unless the table says that the same kernel opened in the same crash. The run writes the table
(support_matrix.py). Without --matrix only the cells of SMOKE run.
"""

import itertools
import os

import matrix
import pytest
import support_matrix
from lab import crash as lab_crash
from lab import kernels, store

# One guest's and one host's core of each kernel that the other tests run on only with --kernels.
SMOKE = {
    ("5.10", "guest", 4, "kdump", "7.2.9", "minimal"), ("5.10", "host", 4, "ELF", "8.0.2", "full"),
    ("6.12", "guest", 4, "ELF", "8.0.6", "full"), ("6.12", "host", 4, "kdump", "9.0.2", "minimal"),
    ("7.3", "guest", 4, "ELF", "9.0.2", "full"), ("7.3", "host", 4, "ELF", "9.0.2", "minimal"),
}


def cells():
    """Yield a parameter for each cell; those of one dump go to one process, which has it at hand."""
    for values in itertools.product(kernels.SUITES, matrix.SIDES, matrix.LEVELS, matrix.FORMS, lab_crash.SUITES,
                                    matrix.MODES):
        cell = matrix.Cell(*values)
        marks = [pytest.mark.xdist_group("-".join(map(str, cell[:3]))),
                 pytest.mark.smoke if cell in SMOKE else pytest.mark.matrix]
        yield pytest.param(cell, marks=marks, id="-".join(map(str, cell)))


@pytest.fixture(scope="session")
def scene(make_dump, request):
    """scene(kernel, side, levels) -> matrix.Guest or matrix.Host"""
    made = {}
    # What no cell of this run opens is not made.
    forms = matrix.FORMS if request.config.getoption("matrix") else ("ELF", "kdump")

    def get(*which):
        if which not in made:
            name, side, levels = which
            kernel = kernels.get(name)
            folder = make_dump(f"matrix-{side}-{levels}-{name}-{len(forms)}",
                               lambda f: matrix.make(kernel, side, levels, f, forms))
            made[which] = {"guest": matrix.Guest, "host": matrix.Host}[side](kernel, folder)
        return made[which]
    return get


@pytest.mark.parametrize("cell", cells())
def test_cell(cell, scene, crash, vring_so, tmp_path, record_property):
    try:
        one = scene(*cell[:3])
    except store.LabError as error:
        pytest.fail(f"this kernel gives no dump: {error}")
    opened = matrix.run(one, cell, crash(cell.version), vring_so, tmp_path)
    row = support_matrix.Row(*cell[:4], cell.mode, one.kernel.release, crash(cell.version).actual(),
                             one.tools(), opened.answer, opened.note)
    assert not opened.wrong, "\n".join(["not what is there:", *opened.wrong])
    before = support_matrix.committed().get(row.key)
    row = support_matrix.settled(row, before)
    record_property("row", row.to_json())
    if not row.good and before and before.good and os.environ.get("VRING_WRITE_DOCS") != "1":
        pytest.fail(f"{row.kernel_release} opened in crash {row.crash} when docs/support-matrix.md was written, "
                    f"and does not any more: {opened.note} (VRING_WRITE_DOCS=1 writes that down)")


STACK = "crash: read of stack at ADDRESS failed"
ANSWERS = {"yes": ("yes", ""), "no": ("no", STACK), "sometimes": ("sometimes", STACK), "other": ("no", "crash: another reason")}


@pytest.mark.parametrize("before, now, wanted", [
    ("yes", "no", "sometimes"), ("no", "yes", "sometimes"), ("sometimes", "yes", "sometimes"),
    ("sometimes", "no", "sometimes"), ("no", "no", "no"), ("yes", "yes", "yes"), ("yes", "other", "other")])
def test_luck_changes_no_row(before, now, wanted):
    rows = {name: support_matrix.Row("6.1", "host", 4, "ELF", "full", "6.1.0-1", "8.0.6", "QEMU 7", *answer)
            for name, answer in ANSWERS.items()}
    settled = support_matrix.settled(rows[now], rows[before])
    assert settled == rows[wanted]
    assert support_matrix.parse(support_matrix.render([settled])) == [settled]
