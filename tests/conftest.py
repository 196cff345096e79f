"""What all tests share: the one local Galaxy of a run, and the rule about skipped tests."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from notebook_runner.errors import LocalGalaxyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from notebook_runner.local_galaxy.handle import LocalGalaxy
    from notebook_runner.local_galaxy.instance import Instance


@pytest.fixture(scope="session")
def galaxy_instance() -> Instance:
    """The local Galaxy of this checkout, running or not."""

    from notebook_runner.local_galaxy.instance import Instance

    try:
        return Instance.find()
    except LocalGalaxyError as error:
        pytest.skip(f"there is no local Galaxy: {error}")


@pytest.fixture(scope="session")
def galaxy(galaxy_instance: Instance) -> Iterator[LocalGalaxy]:
    """A running local Galaxy: ``url``, ``api_key`` and ``home``.

    One serves the whole run. It is stopped at the end only if it was started
    here.
    """
    was_running = galaxy_instance.status()["running"]
    try:
        running = galaxy_instance.up()
    except LocalGalaxyError as error:
        pytest.skip(f"the local Galaxy does not start: {error}")
    yield running
    if not was_running:
        galaxy_instance.down()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium: the system's, or the one that Playwright installed."""
    from playwright.sync_api import Error, sync_playwright

    # Chromium's own sandbox does not start for root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
                args=arguments,
            )
        except Error as error:
            pytest.skip(f"Chromium does not start: {error}")
        yield chromium
        chromium.close()


# ---- in CI, a test that is skipped is a test that fails ---------------------------


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # In a shell's background job; what the tests start must hear Ctrl-C all the same.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.pluginmanager.register(SkipWatch(), "skip-watch")


class SkipWatch:
    """Make the run fail, with names, when CI skips what is not marked ``gpu``."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._active = bool(os.environ.get("CI"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        expected_failure = hasattr(report, "wasxfail")
        if report.skipped and not expected_failure and "gpu" not in report.keywords:
            self._names.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._names.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._active and self._names and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._active and self._names:
            terminalreporter.section("skipped in CI, and so failed", red=True)
            for name in self._names:
                terminalreporter.line(name)
