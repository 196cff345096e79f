"""What the pages point to is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page):
    targets = [t for t in LINK.findall(page.read_text()) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_page_of_the_docs_can_be_reached_from_the_readme():
    linked = set(LINK.findall((ROOT / "README.md").read_text()))
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert pages - linked == set()


def test_the_options_in_the_readme_exist():
    runner = Path(sys.executable).with_name("notebook-runner")
    readme = (ROOT / "README.md").read_text()
    helps = ""
    for command in ("run", "submit", "lab"):
        helps += subprocess.run(
            [runner, command, "--help"], capture_output=True, text=True, check=True
        ).stdout
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", readme))
    assert {option for option in named if option not in helps} == set()


def test_the_targets_in_the_pages_exist():
    makefile = (ROOT / "Makefile").read_text()
    named = {
        target for page in PAGES for target in re.findall(r"`make ([a-z-]+)", page.read_text())
    }
    assert named
    assert [t for t in named if not re.search(rf"^{t}:.*## ", makefile, re.MULTILINE)] == []
