"""``notebook-runner lab`` in a real container: on a folder whose files stay their owner's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import takewhile
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import certifi
import psutil
import pytest

from notebook_runner.images.catalogue import select
from notebook_runner.images.engine import find_image

RUNNER = Path(sys.executable).with_name("notebook-runner")
KEY = "0123456789abcdef0123456789abcdef"
#: Whose folder it is, where the tests run as root: nobody of this machine.
OWNER = 54321 if os.geteuid() == 0 else os.geteuid()
LIMIT_S = 120

pytestmark = [pytest.mark.docker, pytest.mark.slow]


class OpenLab:
    """The command, started; its link is read from standard output."""

    def __init__(self, engine: str, folder: Path, *arguments: str, **variables: str) -> None:
        self.engine = engine
        self.folder = folder
        self.process = subprocess.Popen(
            [RUNNER, "lab", folder, "--engine", engine, "--no-browser", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **variables},
        )
        self.link = self.process.stdout.readline().strip()
        assert self.link, self.process.communicate(timeout=LIMIT_S)[1]
        parts = urlsplit(self.link)
        self.address = f"http://{parts.netloc}"
        (self.token,) = parse_qs(parts.query)["token"]
        self.container = f"notebook-lab-{parts.port}-{self.process.pid}"

    def ask(self, path: str, body: dict | None = None, token: str | None = None) -> dict:
        request = urllib.request.Request(
            f"{self.address}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method="GET" if body is None else "PUT",
            headers={"Authorization": f"token {self.token if token is None else token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def inside(self, *command: str) -> str:
        """Run a command as the lab's user in the lab's environment."""
        return self.run_engine("exec", self.container, *command).stdout

    def run_engine(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.engine, *arguments], capture_output=True, text=True, check=check
        )

    def said_until(self, last: str) -> list[str]:
        """Return the lines of standard error before this one."""
        lines = (line.rstrip("\n") for line in self.process.stderr)
        return list(takewhile(lambda line: line != last, lines))

    def is_left(self) -> bool:
        asked = self.run_engine("container", "inspect", self.container, check=False)
        return asked.returncode == 0

    def end(self, by: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(by)
        _, said = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, said


@pytest.fixture(scope="module")
def lab_image(engine):
    return find_image(engine, select("lab", "cpu"))


@pytest.fixture(scope="module")
def podman(lab_image):
    """Podman with the image in it."""
    if shutil.which("podman") is None:
        pytest.skip("there is no podman")
    is_there = (
        subprocess.run(["podman", "image", "exists", lab_image.id], check=False).returncode == 0
    )
    if not is_there:
        with subprocess.Popen(
            ["docker", "save", lab_image.tags[0]], stdout=subprocess.PIPE
        ) as saved:
            subprocess.run(["podman", "load", "--quiet"], stdin=saved.stdout, check=True)
    yield "podman"
    if not is_there:
        subprocess.run(["podman", "rmi", "--force", lab_image.id], capture_output=True, check=True)


@pytest.fixture(scope="module", params=["docker", "podman"])
def engine_name(request, lab_image):
    return request.getfixturevalue("podman") if request.param == "podman" else request.param


@pytest.fixture(scope="module")
def new_folder():
    # Not pytest's folder, which is closed to everybody else.
    made = []

    def make() -> Path:
        folder = Path(tempfile.mkdtemp(prefix="lab "))
        made.append(folder)
        os.chown(folder, OWNER, -1)
        return folder

    yield make
    for folder in made:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def lab(engine_name, new_folder):
    """A lab that the tests share; somebody's key is in the environment that opens it."""
    opened = OpenLab(engine_name, new_folder(), GALAXY_API_KEY=KEY, GALAXY_URL="http://x.invalid")
    yield opened
    opened.end()


@pytest.fixture
def open_lab(lab_image, new_folder):
    """Open labs of one's own, in Docker."""
    opened = []

    def start(*arguments: str, engine: str = "docker") -> OpenLab:
        opened.append(OpenLab(engine, new_folder(), *arguments))
        return opened[-1]

    yield start
    for lab in opened:
        if lab.process.poll() is None:
            lab.end(signal.SIGTERM)


def test_the_link_opens_jupyterlab(lab):
    with urllib.request.urlopen(lab.link, timeout=60) as page:
        assert b"jupyter-config-data" in page.read()


def test_without_the_token_the_lab_is_closed(lab):
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        lab.ask("api/contents", token="")
    refused.value.close()


def test_a_file_written_in_the_lab_belongs_to_the_owner_of_the_folder(lab):
    lab.ask("api/contents/made.txt", {"type": "file", "format": "text", "content": "mine"})
    made = lab.folder / "made.txt"
    assert made.read_text() == "mine"
    assert made.stat().st_uid == OWNER


def test_the_lab_works_as_the_owner_without_any_capability(lab):
    status = dict(
        line.split(":\t")
        for line in lab.inside("cat", "/proc/1/status").splitlines()
        if ":\t" in line
    )
    assert set(status["Uid"].split()) == {str(OWNER)}
    assert int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_the_lab_listens_on_this_machine_only(lab):
    port = urlsplit(lab.address).port
    addresses = {
        connection.laddr.ip
        for connection in psutil.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }
    assert addresses == {"127.0.0.1"}


def test_the_token_is_in_no_command_line(lab):
    lines = [
        " ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])
    ]
    assert any(str(lab.folder) in line for line in lines)
    assert not any(lab.token in line for line in lines)


def test_a_galaxy_key_of_the_environment_stays_outside(lab):
    assert "GALAXY_" not in lab.inside("env")


def test_ctrl_c_closes_the_lab_and_leaves_nothing(engine_name, new_folder):
    opened = OpenLab(engine_name, new_folder())
    code, said = opened.end(signal.SIGINT)
    assert code == 0
    assert said.splitlines()[-1] == "Closing the lab."
    assert not opened.is_left()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP])
def test_a_lab_that_is_terminated_leaves_nothing(open_lab, by):
    opened = open_lab()
    code, _ = opened.end(by)
    assert code == 143
    assert not opened.is_left()


def test_jupyterlab_is_asked_to_end_before_it_is_killed(open_lab):
    opened = open_lab()
    followed = subprocess.Popen(
        ["docker", "logs", "--follow", opened.container],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    opened.end()
    log, _ = followed.communicate(timeout=LIMIT_S)
    assert "received signal 15, stopping" in log


def test_a_lab_that_dies_shows_its_last_lines(open_lab):
    opened = open_lab()
    opened.run_engine("kill", opened.container)
    _, said = opened.process.communicate(timeout=LIMIT_S)
    assert opened.process.returncode == 40
    assert "Error: The lab ended by itself (exit code 137):" in said
    assert not opened.is_left()


def test_a_lab_stopped_by_the_engine_ends_well(open_lab):
    opened = open_lab()
    opened.run_engine("stop", opened.container)
    opened.process.communicate(timeout=LIMIT_S)
    assert opened.process.returncode == 0
    assert not opened.is_left()


def test_the_certificates_of_a_network_are_those_of_the_lab(engine_name, new_folder, tmp_path):
    bundle = tmp_path / "network.pem"
    bundle.write_text(f"# of this network\n{Path(certifi.where()).read_text()}")
    opened = OpenLab(engine_name, new_folder(), SSL_CERT_FILE=str(bundle))
    try:
        variables = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO")
        (file,) = set(opened.inside("printenv", *variables).splitlines())
        assert opened.inside("cat", file) == bundle.read_text()
        (mount,) = [
            line for line in opened.inside("cat", "/proc/mounts").splitlines() if file in line
        ]
        assert "ro" in mount.split()[3].split(",")
    finally:
        opened.end()


def test_without_certificates_of_a_network_the_lab_has_its_own(engine_name, new_folder):
    nothing = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"), "")
    opened = OpenLab(engine_name, new_folder(), **nothing)
    try:
        assert "certificates.pem" not in opened.inside("env")
    finally:
        opened.end()


def test_requirements_that_were_not_installed_are_told_after_the_link(engine_name, new_folder):
    folder = new_folder()
    (folder / "requirements.txt").write_text("--no-index\nthere-is-no-such-package\n")
    opened = OpenLab(engine_name, folder)
    said = opened.said_until("Ctrl-C closes the lab.")
    opened.end()
    assert said[-1] == (
        "requirements.txt was not installed. What came of it: "
        f"{engine_name} logs {opened.container}"
    )


def test_requirements_that_were_installed_are_no_news(lab_image, new_folder):
    folder = new_folder()
    (folder / "requirements.txt").write_text("--no-index\n")
    opened = OpenLab("docker", folder)
    said = opened.said_until("Ctrl-C closes the lab.")
    opened.end()
    assert "requirements.txt" not in "\n".join(said)


def refused(*arguments: str | Path) -> tuple[int, list[str]]:
    ended = subprocess.run(
        [RUNNER, "lab", "--no-browser", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert ended.stdout == ""
    errors = ended.stderr[ended.stderr.index("Error: ") :].splitlines()
    return ended.returncode, errors


def test_an_option_that_jupyterlab_refuses_ends_with_what_it_says(lab_image, new_folder):
    code, lines = refused(new_folder(), "--", "--ServerApp.root_dir=/nowhere")
    assert code == 40
    assert lines[0].startswith("Error: The lab ended by itself (exit code 1)")
    assert "root_dir" in "\n".join(lines[1:])


def test_a_port_that_is_taken_is_refused(lab_image, new_folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, lines = refused(new_folder(), "--port", port)
    assert (code, len(lines)) == (32, 1)
    assert lines[0].startswith(f"Error: Port {port} is in use")


def test_the_port_asked_for_is_the_port_of_the_link(open_lab):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert urlsplit(open_lab("--port", str(port)).link).port == port


def test_an_image_that_is_not_there_is_refused(engine, new_folder):
    code, lines = refused(new_folder(), "--image", "nobody/nothing:1")
    assert (code, len(lines)) == (42, 1)
    assert "There is no image 'nobody/nothing:1'" in lines[0]


def test_the_key_is_a_file_that_the_lab_can_read(open_lab, tmp_path):
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    os.chown(key_file, OWNER, -1)
    opened = open_lab("--galaxy", "https://galaxy.invalid", "--api-key-file", str(key_file))
    env = dict(line.split("=", 1) for line in opened.inside("env").splitlines())
    assert env["GALAXY_URL"] == "https://galaxy.invalid"
    assert KEY not in env.values()
    assert opened.inside("cat", env["GALAXY_API_KEY_FILE"]) == KEY


class _Galaxy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a Galaxy")

    def log_message(self, *args: object) -> None:
        pass


def test_a_galaxy_of_this_machine_can_be_reached_from_the_lab(open_lab):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Galaxy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://localhost:{server.server_port}"
        opened = open_lab("--galaxy", url)
        program = f"import urllib.request; print(urllib.request.urlopen('{url}').read().decode())"
        assert opened.inside("python3", "-c", program) == "a Galaxy\n"
        assert opened.ask("api/status")["kernels"] == 0
        server.shutdown()
