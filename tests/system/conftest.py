"""The local Galaxy with a real browser in front of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bioblend.galaxy import GalaxyInstance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from notebook_runner.local_galaxy.instance import Instance, LocalGalaxy

REPORTS = Path(__file__).parents[2] / "test-reports" / "screenshots"


@pytest.fixture(scope="session")
def instance(galaxy: LocalGalaxy) -> GalaxyInstance:
    """Bioblend's way into the local Galaxy."""
    return GalaxyInstance(galaxy.url, key=galaxy.api_key)


@pytest.fixture(scope="session")
def page(browser: Browser, galaxy: LocalGalaxy, galaxy_instance: Instance) -> Iterator[Page]:
    """A page of a real browser, logged in by Galaxy's own form."""
    status = galaxy_instance.status()
    page = browser.new_page(viewport={"width": 1500, "height": 900})
    page.goto(f"{galaxy.url}/login/start")
    page.fill("input[name=login]", str(status["login_email"]))
    page.fill("input[name=password]", Path(str(status["password_file"])).read_text().strip())
    page.click("button[name=login]")
    page.wait_for_selector("#history-panel, .history-index", timeout=60_000)
    yield page
    page.close()


@pytest.fixture
def screenshot(page: Page) -> Callable[[str], None]:
    """Return a function that keeps a picture of the page with the reports of the tests."""
    REPORTS.mkdir(parents=True, exist_ok=True)

    def take(name: str) -> None:
        page.screenshot(path=str(REPORTS / f"{name}.png"))

    return take
