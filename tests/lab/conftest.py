"""A real JupyterLab with the extensions and the configuration of the images."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import nbformat
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Browser, Page

    from notebook_runner.local_galaxy.instance import Instance

CONFIGURATION = Path(__file__).parents[2] / "containers" / "lab"
START_LIMIT_S = 60
#: Well below the two minutes after which JupyterLab saves by itself where nobody configured it.
SAVE_LIMIT_S = 45
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
IDENTITY = {
    "name": "galaxy-lab",
    "tag": "0.1.0-cpu-py3.11",
    "content_id": "0123456789abcdef",
    "lock_hash": "fedcba9876543210",
    "flavour": "plain",
    "variant": "cpu",
}


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Lab:
    """A JupyterLab on a folder; its home is `folder.parent / "home"`."""

    environment: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)
    base_url: str = "/"
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def start(self) -> None:
        """Start it and wait until it answers."""
        home = self.folder.parent / "home"
        for folder in (self.folder, home):
            folder.mkdir(exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log_file = self.folder.parent / "lab.log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(self.environment / "bin" / "jupyter-lab", "--no-browser", "--allow-root"),
                    *(f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
                    *(
                        f"--ServerApp.root_dir={self.folder}",
                        f"--ServerApp.base_url={self.base_url}",
                    ),
                    f"--LabApp.app_settings_dir={CONFIGURATION / 'share/jupyter/lab/settings'}",
                    *self.options,
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.process_env(),
            )
        deadline = time.monotonic() + START_LIMIT_S
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if self.get("api").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"JupyterLab does not answer:\n{self.log()}")

    def process_env(self) -> dict[str, str]:
        """Return the environment variables that it runs with."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "PYTHON"))}
        return {
            **inherited,
            "HOME": str(self.folder.parent / "home"),
            "JUPYTER_TOKEN": self.token,
            "JUPYTER_CONFIG_PATH": str(CONFIGURATION / "etc" / "jupyter"),
            **self.env,
        }

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def loads(self, extension: str) -> int:
        """Count how often the log says that an extension was loaded when first used."""
        return self.log().count(f"{extension} | loaded in")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{self.base_url}{path}"

    def get(self, path: str, *, token: bool = True, accept: str = "*/*") -> Answer:
        return self.request("GET", path, token=token, headers={"Accept": accept})

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"token {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url(path), data, sent, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """The file by which an image says what it is."""
    file = tmp_path / "image.json"
    file.write_text(json.dumps(IDENTITY))
    return file


@pytest.fixture(scope="session")
def make_lab(
    galaxy_instance: Instance, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Lab]:
    """Return a function that describes a lab on a folder; `with` starts it."""
    home = galaxy_instance.home
    environment = home.environment("server")
    if not (environment / "bin" / "jupyter-lab").exists():
        pytest.skip("the environment server is not installed (make test installs it)")
    # Kernels and nothing else: Voila would take templates from there before its own.
    kernels = tmp_path_factory.mktemp("kernels")
    known = home.environment("runner") / "share" / "jupyter" / "kernels" / "python3"
    shutil.copytree(known, kernels / "kernels" / "python3")

    def make(folder: Path, *options: str, base_url: str = "/", **env: str) -> Lab:
        env = {"JUPYTER_PATH": str(kernels), **env}
        return Lab(environment, folder, env, list(options), base_url)

    return make


@pytest.fixture(scope="module")
def lab(make_lab: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One lab for the tests of a module."""
    with make_lab(tmp_path_factory.mktemp("lab") / "work") as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of the size of a screen."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def expect_saved() -> Callable[[Path, str], None]:
    """Return a function that waits until a text is in a file."""

    def wait(file: Path, text: str) -> None:
        deadline = time.monotonic() + SAVE_LIMIT_S
        while time.monotonic() < deadline:
            if file.exists() and text in file.read_text():
                return
            time.sleep(0.1)
        pytest.fail(f"{text!r} did not get into {file}")

    return wait


@pytest.fixture(scope="session")
def write_notebook() -> Callable[[Path, str], None]:
    """Return a function that writes a notebook of one cell, for the kernel of the lab."""

    def write(file: Path, source: str) -> None:
        node = nbformat.v4.new_notebook(metadata=KERNEL)
        node.cells.append(nbformat.v4.new_code_cell(source))
        nbformat.write(node, file)

    return write
