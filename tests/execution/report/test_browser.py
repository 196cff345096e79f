"""The reports of hostile notebooks, opened in a real browser."""

from __future__ import annotations

import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


class QuietHandler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # every browser asks for it, whatever the page says
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Serve the folder of the test and tell its address."""
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


class Visit:
    """What happened while a page was open."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.events: list[str] = []
        home = urlsplit(address).netloc
        page = browser.new_page()
        page.on("dialog", lambda dialog: (self.events.append("dialog"), dialog.dismiss()))
        page.on("console", lambda message: self.events.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.events.append(f"error: {error}"))
        page.on("popup", lambda popup: self.events.append(f"popup: {popup.url}"))
        page.on("request", lambda request: self._check(request.url, home))
        page.goto(address)
        for details in page.locator("summary").all():
            details.click()
        page.wait_for_timeout(300)
        self.pwned = [frame.evaluate("window.__pwned") for frame in page.frames]
        self.scripts = page.evaluate("document.scripts.length")
        self.broken = page.evaluate(
            "Array.from(document.images).filter(i => !i.naturalWidth).map(i => i.src)"
        )
        self.background = page.evaluate(
            "document.body && getComputedStyle(document.body).backgroundColor"
        )
        page.close()

    def _check(self, url: str, home: str) -> None:
        if urlsplit(url).netloc != home:
            self.events.append(f"request: {url}")


def without_policy(page: Path) -> Path:
    """Take away the policy that would stop a script even if cleaning had failed."""
    text = page.read_text("utf-8")
    bare = re.sub(r"<meta http-equiv=[^>]*>", "", text)
    assert bare != text
    other = page.with_name("bare.html")
    other.write_text(bare, "utf-8")
    return other


def assert_harmless(visit: Visit) -> None:
    assert not any(visit.pwned)
    assert visit.scripts == 0
    assert visit.events == []


def test_a_hostile_report_runs_nothing_when_served(
    browser: Browser, server: str, hostile_report: Path
) -> None:
    assert_harmless(Visit(browser, f"{server}/run/{hostile_report.name}"))


def test_a_hostile_report_runs_nothing_without_its_policy(
    browser: Browser, server: str, hostile_report: Path
) -> None:
    assert_harmless(Visit(browser, f"{server}/run/{without_policy(hostile_report).name}"))


def test_a_hostile_report_runs_nothing_opened_from_a_folder(
    browser: Browser, hostile_report: Path
) -> None:
    assert_harmless(Visit(browser, without_policy(hostile_report).as_uri()))


def test_a_hostile_report_runs_nothing_in_galaxy(
    browser: Browser, server: str, hostile_report: Path, as_galaxy_shows: Callable[[Path], Path]
) -> None:
    assert_harmless(Visit(browser, f"{server}/run/{as_galaxy_shows(hostile_report).name}"))


def test_the_drawings_of_a_hostile_report_run_nothing_when_opened(
    browser: Browser, server: str, hostile_report: Path
) -> None:
    drawings = sorted((hostile_report.parent / "report_files").glob("*.svg"))
    frames = "".join(f'<iframe src="report_files/{file.name}"></iframe>' for file in drawings)
    hostile_report.with_name("drawings.html").write_text(f"<!DOCTYPE html>{frames}")
    visit = Visit(browser, f"{server}/run/drawings.html")
    assert len(visit.pwned) == 1 + len(drawings) > 10
    assert_harmless(visit)


def test_every_picture_of_a_hostile_report_can_be_seen(
    browser: Browser, server: str, hostile_report: Path
) -> None:
    assert Visit(browser, f"{server}/run/{hostile_report.name}").broken == []


def test_the_style_sheet_is_loaded_from_a_folder(browser: Browser, hostile_report: Path) -> None:
    assert Visit(browser, hostile_report.as_uri()).background == "rgb(246, 247, 249)"


@pytest.mark.parametrize(
    "page",
    [
        "<iframe srcdoc='<script>window.__pwned=1</script>'></iframe>",
        '<img src=x onerror="window.__pwned=1">',
        "<script>window.__pwned=1</script>",
        '<img src="https://elsewhere.invalid/a.png">',
    ],
)
def test_a_page_that_is_not_cleaned_is_noticed(
    browser: Browser, server: str, tmp_path: Path, page: str
) -> None:
    (tmp_path / "page.html").write_text(f"<!DOCTYPE html>{page}")
    visit: Any = Visit(browser, f"{server}/page.html")
    assert any(visit.pwned) or visit.events
