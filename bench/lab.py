"""How fast the lab's server starts and what it takes, beside a plain JupyterLab, both outside.

Resident memory is read twice: when ``/lab`` has answered, and when a browser has opened the page,
for which some of the extensions are loaded.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from playwright.sync_api import sync_playwright

from bench.timing import Contestant, race, table
from notebook_runner.checkout.tree import Checkout
from notebook_runner.checkout.uv import run_uv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from playwright.sync_api import Browser

PLAIN = "plain JupyterLab"
_CONFIGURATION = Path(__file__).parents[1] / "containers" / "lab"
_TOKEN = "bench"  # noqa: S105 - of a server on this machine, for a few seconds
_POLL_S = 0.01
_LIMIT_S = 60
_MB = 1e6


def measure_lab(envs: Path, rounds: int) -> str:
    """Return Markdown tables of a plain JupyterLab and of ours, with and without its configuration.

    Parameters
    ----------
    envs
        The environments; ``server`` is the one of the images.
    rounds
        Repetitions; one more is thrown away.
    """
    ours = envs / "server"
    with tempfile.TemporaryDirectory(prefix="bench-plain-") as name, _browser() as browser:
        plain = make_plain(Path(name) / "plain", ours)
        configured = {"JUPYTER_CONFIG_PATH": str(_CONFIGURATION / "etc" / "jupyter")}
        settings = _CONFIGURATION / "share" / "jupyter" / "lab" / "settings"
        servers = [
            _Server(PLAIN, plain, browser),
            _Server("all extensions, as they come", ours, browser),
            _Server(
                "the lab of the images",
                ours,
                browser,
                env=configured,
                options=[f"--LabApp.app_settings_dir={settings}"],
            ),
        ]
        entries = [Contestant(server.name, server.measure) for server in servers]
        race(entries, rounds)
    title = f"### JupyterLab's server to its first page, {rounds} rounds"
    return f"\n{title}\n\n{table(entries, PLAIN)}\n\n{_memory_table(servers)}"


def make_plain(target: Path, ours: Path) -> Path:
    """Install JupyterLab alone, byte-compiled, in the version of ours; return the environment."""
    checkout = Checkout.find()
    packages = next(ours.glob("lib/python3*/site-packages"))
    version = next(d.version for d in distributions(name="jupyterlab", path=[str(packages)]))
    python = (ours / "bin" / "python").resolve()
    run_uv(checkout, "venv", "--quiet", "--python", python, target)
    install = ("pip", "install", "--quiet", "--compile-bytecode")
    run_uv(checkout, *install, "--python", target / "bin" / "python", f"jupyterlab=={version}")
    return target


@dataclass
class _Server:
    """A JupyterLab that is started again and again, and its memory in bytes each time."""

    name: str
    environment: Path
    browser: Browser
    env: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    first_page: list[int] = field(default_factory=list)
    opened_page: list[int] = field(default_factory=list)

    def measure(self, folder: Path) -> float:
        """Return the seconds from the start to the answer of ``/lab``."""
        port = _free_port()
        url = f"http://127.0.0.1:{port}/lab?token={_TOKEN}"
        started = time.perf_counter()
        process = subprocess.Popen(
            [
                *(self.environment / "bin" / "jupyter-lab", "--no-browser", "--allow-root"),
                *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
                *(f"--ServerApp.root_dir={folder}", *self.options),
            ],
            cwd=folder,
            env={**os.environ, **self.env, "HOME": str(folder), "JUPYTER_TOKEN": _TOKEN},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(url, process)
            seconds = time.perf_counter() - started
            memory = psutil.Process(process.pid).memory_info
            self.first_page.append(memory().rss)
            self._open(url)
            self.opened_page.append(memory().rss)
        finally:
            process.terminate()
            process.wait(_LIMIT_S)
        return seconds

    def _open(self, url: str) -> None:
        page = self.browser.new_page()
        page.goto(url)
        page.locator(".jp-LauncherCard").first.wait_for(timeout=_LIMIT_S * 1000)
        page.wait_for_load_state("networkidle")
        page.close()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=_LIMIT_S):  # noqa: S310
            return
        time.sleep(_POLL_S)
    raise RuntimeError(f"{url.partition('?')[0]} does not answer")


def _memory_table(servers: Sequence[_Server]) -> str:
    """Format a Markdown table of median memory and its ratio to the plain one's."""
    base = next(server for server in servers if server.name == PLAIN)
    moments = [("first_page", "first page"), ("opened_page", "page opened in a browser")]
    heads = " | ".join(f"{head} MB | ratio to {PLAIN}" for _, head in moments)
    lines = [f"| resident memory | {heads} |", "| --- " * (1 + 2 * len(moments)) + "|"]
    for server in servers:
        cells = [server.name]
        for moment, _ in moments:
            bytes_, reference = (statistics.median(getattr(s, moment)) for s in (server, base))
            cells += [f"{bytes_ / _MB:.0f}", f"{bytes_ / reference:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def _browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
