# SPDX-License-Identifier: GPL-2.0-or-later
"""Options, help texts, man pages and the README tell the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
SOURCE = (TOP / "vring.c").read_text()
HELP = (TOP / "help.c").read_text()
COMMANDS = re.findall(r'^\t\{ "(\w+)", \w+, help_\w+, MINIMAL \}', SOURCE, re.M)


def options(command: str) -> list:
    """The letters that the command hands to getopt()."""
    body = SOURCE[SOURCE.index(f"static void cmd_{command}(void)"):]
    return re.findall(r"[a-zA-Z]", re.search(r'next_option\("([a-zA-Z:]+)"\)', body)[1])


def help_strings(command: str) -> list:
    body = HELP[HELP.index(f"help_{command}[] = {{"):]
    return re.findall(r'^"((?:[^"\\]|\\.)*)",?$', body[:body.index("NULL\n}")], re.M)


def test_a_build_in_a_folder_of_its_own(tmp_path):
    """As the Makefile's header says, and docs/arm64.md."""
    made = subprocess.run(["make", "-n", "-C", tmp_path, "-f", TOP / "Makefile", "vring.so"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert made.returncode == 0 and "-shared" in made.stdout, made.stdout


def test_there_are_commands():
    assert {"vring", "vqwalk"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_told(command):
    name, _, synopsis, *text = help_strings(command)
    manual = (TOP / f"docs/{command}.8").read_text().replace("\\-", "-").replace("\\fB", "")
    assert name == command
    for letter in options(command):
        assert re.search(rf"(\[|\| )-{letter}\b", synopsis), (command, letter)
        assert any(re.match(rf" +-{letter}\b", line) for line in text), (command, letter)
        assert re.search(rf"^\.BI? -{letter}\b", manual, re.M), (command, letter)
    assert set(re.findall(r"(?:\[|\| )-([a-zA-Z])\b", synopsis)) == set(options(command))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_fit_for_printf(command):
    """crash prints these through printf: a % may only be the program's name."""
    lines = help_strings(command)
    for line in lines:
        assert not re.search(r"%(?!s> )", line), line
    # What the commands print is as wide as it is.
    for line in lines[:lines.index("\\nEXAMPLES")]:
        assert all(len(part) <= 82 for part in line.split("\\n")), line


def test_help_is_made_of_the_man_pages():
    made = subprocess.run([sys.executable, TOP / "docs/make_help.py"], stdout=subprocess.PIPE, text=True, check=True)
    assert made.stdout == HELP, "docs/make_help.py > help.c"


@pytest.mark.parametrize("command", COMMANDS)
def test_man_page_is_of_this_version(command):
    version = re.search(r'VRING_VERSION "(.*)"', (TOP / "version.h").read_text())[1]
    assert f'"vring.so {version}"' in (TOP / f"docs/{command}.8").read_text().splitlines()[2]


@pytest.mark.parametrize("command", COMMANDS)
def test_readme_names_it(command):
    assert f"`{command}" in (TOP / "README.md").read_text()


def test_links_lead_somewhere():
    for page in [TOP / "README.md", *(TOP / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^):#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("command", COMMANDS)
def test_man_page_is_set_without_complaint(command):
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", TOP / f"docs/{command}.8"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=True)
    assert done.stderr == "" and "vring.so" in done.stdout
