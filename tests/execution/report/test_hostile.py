"""A notebook that tries to run a script, to load something, or to leave its folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import lxml.html
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ELEMENTS = """
    html head meta title link body header section h1 h2 h3 h4 h5 h6 p div span pre code em strong
    a hr ul ol li table thead tbody tr th td figure img details summary blockquote b i s
"""
ATTRIBUTES = """
    align alt border cellpadding cellspacing charset class colspan content height href http-equiv
    id lang name open rel rowspan scope src start target title width
"""
DRAWING_ELEMENTS = "svg g circle rect text use path image tspan title desc defs"
PICTURE = re.compile(r"report_files/[\w-]+\.(?:png|jpg|gif|webp|svg)")
LINK = re.compile(r"https?://|mailto:|#")
CLASSES_OF_THE_REPORT = frozenset({"status", "status-ok", "badge", "cell", "note"})


def write_one(write: Callable[..., Path], vector: Any) -> Path:
    return write(*vector.cells, record=vector.record, **vector.metadata)


def elements_of(page: Path) -> list[lxml.html.HtmlElement]:
    return list(lxml.html.fromstring(page.read_text("utf-8")).iter())


def test_a_report_has_harmless_elements_only(write: Any, vector: Any) -> None:
    tags = {element.tag for element in elements_of(write_one(write, vector))}
    assert tags <= set(ELEMENTS.split())


def test_a_report_has_harmless_attributes_only(write: Any, vector: Any) -> None:
    names = {name for element in elements_of(write_one(write, vector)) for name in element.attrib}
    assert names <= set(ATTRIBUTES.split())


def test_a_report_shows_pictures_from_its_own_folder_only(write: Any, vector: Any) -> None:
    page = write_one(write, vector)
    sources = {element.get("src") for element in elements_of(page)} - {None}
    assert all(PICTURE.fullmatch(source) for source in sources)
    assert all((page.parent / source).is_file() for source in sources)


def test_a_report_links_to_web_pages_and_to_itself_only(write: Any, vector: Any) -> None:
    elements = [e for e in elements_of(write_one(write, vector)) if "href" in e.attrib]
    links = {e.get("href") for e in elements if e.tag == "a"}
    others = [(e.tag, e.get("rel"), e.get("href")) for e in elements if e.tag != "a"]
    assert all(LINK.match(link) for link in links)
    assert others == [("link", "stylesheet", "report_files/style.css")]


def test_a_link_to_the_web_tells_nothing_about_the_report(write: Any, vector: Any) -> None:
    links = [e for e in elements_of(write_one(write, vector)) if e.get("href", "").startswith("h")]
    assert all(link.get("rel") == "noopener noreferrer nofollow" for link in links)


def test_a_report_has_no_meta_elements_but_its_own(write: Any, vector: Any) -> None:
    metas = [e for e in elements_of(write_one(write, vector)) if e.tag == "meta"]
    assert [e.get("http-equiv") or e.get("name") or "charset" for e in metas] == [
        "charset",
        "Content-Security-Policy",
        "referrer",
        "viewport",
    ]


def test_a_notebook_cannot_take_the_names_of_the_report(write: Any, vector: Any) -> None:
    root = lxml.html.fromstring(write_one(write, vector).read_text("utf-8"))
    assert len(root.xpath("//*[@id='cell-1']")) <= 1
    for part in root.xpath("//*[contains(@class, 'html') or contains(@class, 'markdown')]"):
        inside = {c for e in part.iterdescendants() for c in e.get("class", "").split()}
        assert not inside & CLASSES_OF_THE_REPORT


def test_a_report_writes_nothing_but_itself(write: Any, vector: Any, tmp_path: Path) -> None:
    page = write_one(write, vector)
    assert {p.name for p in tmp_path.iterdir()} == {"run"}
    assert {p.name for p in page.parent.iterdir()} == {"report.html", "report_files"}
    names = {p.name for p in (page.parent / "report_files").iterdir()} - {"style.css"}
    assert all(PICTURE.fullmatch(f"report_files/{name}") for name in names)


def test_a_picture_file_is_what_its_name_says(write: Any, vector: Any) -> None:
    page = write_one(write, vector)
    for file in (page.parent / "report_files").iterdir():
        content = file.read_bytes()
        if file.suffix == ".png":
            assert content.startswith(b"\x89PNG\r\n\x1a\n")
        elif file.suffix == ".svg":
            assert_harmless_drawing(content)
        else:
            assert file.name == "style.css"


def assert_harmless_drawing(content: bytes) -> None:
    assert b"<!DOCTYPE" not in content
    assert content.count(b"<?") == 1  # the XML declaration
    for element in etree.fromstring(content).iter():
        assert etree.QName(element).localname in DRAWING_ELEMENTS.split()
        for name, value in element.attrib.items():
            assert not etree.QName(name).localname.startswith("on")
            assert name != "style"
            assert not re.search(r"(?i)script:|https?:|url\((?!#)|\\|/etc/", value)
            if etree.QName(name).localname == "href":
                assert value.startswith(("#", "data:image/png;base64,"))
        assert "root:" not in (element.text or "")


def test_a_hostile_text_is_still_readable(write: Callable[..., Path]) -> None:
    text = "</pre><script>alert('x')</script>"
    page = write(
        {
            "cell_type": "code",
            "source": "1",
            "outputs": [{"output_type": "stream", "name": "stdout", "text": text}],
        }
    )
    assert text in lxml.html.fromstring(page.read_text("utf-8")).text_content()
