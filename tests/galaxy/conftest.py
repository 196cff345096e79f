"""Small web servers that go wrong, notebooks made on the spot, and the command as users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from notebook_runner.galaxy.connection import Connection, connect

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from notebook_runner.local_galaxy.instance import LocalGalaxy

RUNNER = Path(sys.executable).with_name("notebook-runner")


@dataclass
class Asked:
    """A request that a server of ours got."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class WebServer:
    """A server that answers as it was told; ``answer`` gives status, headers and body."""

    answer: Callable[[Asked], tuple[int, dict[str, str], bytes]]
    url: str = ""
    tls: ssl.SSLContext | None = None
    #: bytes that it says it sends, where that is more than it does
    promised: int = 0
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def serving(server: WebServer) -> Iterator[WebServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
            server.asked.append(asked)
            status, headers, body = server.answer(asked)
            if status == 0:  # hang up
                self.connection.close()
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(server.promised or len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if server.tls is not None:
        web.socket = server.tls.wrap_socket(web.socket, server_side=True)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.url = f"{'https' if server.tls else 'http'}://127.0.0.1:{web.server_address[1]}"
    try:
        yield server
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., WebServer]]:
    """Return a function that starts a web server with the answers to give."""
    with ExitStack() as stack:

        def start(
            answer: Callable[[Asked], tuple[int, dict[str, str], bytes]],
            tls: ssl.SSLContext | None = None,
        ) -> WebServer:
            return stack.enter_context(serving(WebServer(answer, tls=tls)))

        yield start


def as_json(value: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"content-type": "application/json"}, json.dumps(value).encode()


@pytest.fixture
def serve_galaxy(serve: Callable[..., WebServer]) -> Callable[..., WebServer]:
    """Return a function that starts a server which looks like a Galaxy up to a point.

    It tells a version, lets anybody in, and answers everything else as told.
    """

    def start(rest: Callable[[Asked], tuple[int, dict[str, str], bytes]]) -> WebServer:
        def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
            if asked.path == "/api/version":
                return as_json({"version_major": "26.1"})
            if asked.path == "/api/whoami":
                return as_json({"id": "1"})
            return rest(asked)

        return serve(answer)

    return start


@pytest.fixture(scope="session")
def gi(galaxy: LocalGalaxy) -> Connection:
    """A connection to the local Galaxy."""
    return connect(galaxy.url, galaxy.api_key)


@pytest.fixture(scope="session")
def write_notebook() -> Callable[..., Path]:
    """Return a function that writes a notebook of the given cells; parameters go first."""

    def write(path: Path, *cells: str, parameters: str | None = None) -> Path:
        node = nbformat.v4.new_notebook()
        node.metadata.kernelspec = {
            "name": "python3",
            "language": "python",
            "display_name": "Python 3",
        }
        node.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        if parameters is not None:
            tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
            node.cells.insert(0, tagged)
        nbformat.write(node, path)
        return path

    return write


@pytest.fixture
def make_notebook(tmp_path: Path, write_notebook: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that writes a notebook into the test's folder."""

    def make(*cells: str, parameters: str | None = None) -> Path:
        return write_notebook(tmp_path / "nb.ipynb", *cells, parameters=parameters)

    return make


@dataclass(frozen=True)
class Ended:
    """What a call of the command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """What it printed with --json."""
        return json.loads(self.out)


class Command:
    """notebook-runner, called as a person calls it; the key is in the environment."""

    def start(
        self, here: Path, *arguments: str | Path, key: str | None = "0" * 32
    ) -> subprocess.Popen[str]:
        """Start it in the folder ``here``."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("GALAXY_")}
        if key is not None:
            env["GALAXY_API_KEY"] = key
        return subprocess.Popen(
            [RUNNER, *map(str, arguments)],
            env=env,
            cwd=here,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, here: Path, *arguments: str | Path, key: str | None = "0" * 32) -> Ended:
        """Wait for its end, and see that it shows no key and no traceback of its own."""
        process = self.start(here, *arguments, key=key)
        out, err = process.communicate(timeout=120)
        assert key is None or key not in out + err
        assert "Traceback (most recent call last):\n  File" not in err
        return Ended(process.returncode, out, err)


@pytest.fixture(scope="session")
def command() -> Command:
    """The command, for fixtures that choose the folder themselves."""
    return Command()


@pytest.fixture
def run_command(command: Command, tmp_path: Path) -> Callable[..., Ended]:
    """Return a function that calls the command in the test's folder."""

    def run(*arguments: str | Path, key: str | None = "0" * 32) -> Ended:
        return command.run(tmp_path, *arguments, key=key)

    return run
