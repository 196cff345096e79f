"""Saying the same where Galaxy would refuse it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from lxml import html

from notebook_runner.galaxy.web_content import break_tags, copy_json_escaped, is_suspect

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "text",
    ['<a href="x">', "<A\tclass=b HREF=x>", "<iframe>", '<meta charset="utf-8">', "<script>"],
)
def test_links_frames_scripts_and_meta_elements_are_suspect(text: str, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text(f"line\n  {text}\n")
    assert is_suspect(file)


@pytest.mark.parametrize("text", ["a < b > c", "<img src=x>", "<p>", "<article href=x>", ""])
def test_other_text_is_not_suspect(text: str, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text(text)
    assert not is_suspect(file)


def test_escaped_json_means_the_same(tmp_path: Path) -> None:
    value = {"<a href='x'>": ["\\<", "é<script>", "\\\\<", '"<"', "\\u003c"]}
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    copy_json_escaped(old, new)
    assert json.loads(new.read_text(encoding="utf-8")) == value
    assert not is_suspect(new)


def test_a_page_with_broken_tags_is_the_same_page(tmp_path: Path) -> None:
    page = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><META  name="a" content="b"></head>'
        '<body><a class="x" href="#y">1</a><article>&lt;a href=</article></body></html>'
    )
    file = tmp_path / "page"
    file.write_text(break_tags(page))
    broken = html.fromstring(break_tags(page))
    assert html.tostring(broken) == html.tostring(html.fromstring(page))
