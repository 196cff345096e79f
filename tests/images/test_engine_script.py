"""``make docker-engine`` gives this machine an engine, or says in one line what is in the way.

The engine of the machine is left alone: a second one is started beside it, in a folder of its
own, without a network.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "containers" / "docker-engine"

as_root_with_docker = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("dockerd") is None,
    reason="needs root and dockerd, to start a second engine",
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")


class SecondEngine:
    """A folder for an engine, the script called on it, and the end of what was started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid_file = folder / "docker.pid"
        self.containerd_pid_file = folder / "docker" / "containerd" / "containerd.pid"

    def make(
        self, *arguments: str, user: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER")}
        env |= {
            "DOCKERD_RUN": str(self.folder),
            "DOCKERD_DATA": str(self.folder / "data"),
            "DOCKERD_LOG": str(self.folder / "log"),
            "DOCKERD_OPTIONS": "--bridge none --iptables=false",
        }
        # A clone may lie in a folder that others cannot look into.
        script = Path(shutil.copy(SCRIPT, self.folder / SCRIPT.name)) if user else SCRIPT
        # In a network of its own: an engine without a bridge takes that of the machine's away.
        apart = ["unshare", "--net"] if os.geteuid() == 0 and user is None else []
        return subprocess.run(
            [*apart, script, *arguments],
            env=env | variables,
            user=user,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def pid(self) -> int:
        return int(self.pid_file.read_text())

    def end(self) -> None:
        if self.pid_file.exists():
            with suppress(ProcessLookupError):
                os.kill(self.pid(), signal.SIGTERM)
            deadline = time.monotonic() + 30
            while self.pid_file.exists() and time.monotonic() < deadline:
                time.sleep(0.05)


@pytest.fixture
def second_engine():
    # Not pytest's folder: the path of a socket has to be short.
    folder = Path(tempfile.mkdtemp(prefix="engine."))
    folder.chmod(0o755)
    engine = SecondEngine(folder)
    yield engine
    engine.end()
    # An engine mounts its folder onto itself.
    subprocess.run(["umount", folder / "data"], capture_output=True, check=False)
    shutil.rmtree(folder)


@as_root_with_docker
def test_an_engine_is_started_once_and_found_the_second_time(second_engine):
    first = second_engine.make()
    assert first.returncode == 0, first.stderr
    assert "Starting dockerd in the background" in first.stderr
    assert "The container engine answers: Docker " in first.stdout
    started = second_engine.pid()
    second = second_engine.make()
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout == first.stdout
    assert second_engine.pid() == started


@as_root_with_docker
def test_a_process_number_that_another_process_has_by_now_stops_nobody(second_engine):
    second_engine.containerd_pid_file.parent.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        second_engine.pid_file.write_text(str(stranger.pid))
        second_engine.containerd_pid_file.write_text(str(stranger.pid))
        started = second_engine.make()
        assert started.returncode == 0, started.stderr
        assert second_engine.pid() != stranger.pid
        assert stranger.poll() is None
        stranger.kill()


@as_root_with_docker
def test_without_overlay_file_systems_the_price_is_named(second_engine):
    options = "--bridge none --iptables=false --storage-driver vfs"
    started = second_engine.make(DOCKERD_OPTIONS=options)
    assert started.returncode == 0, started.stderr
    assert "each layer is a whole copy" in started.stdout


@as_root_with_docker
def test_an_engine_that_ends_shows_the_last_lines_of_its_log(second_engine):
    started = second_engine.make(DOCKERD_OPTIONS="--storage-driver nonsense")
    assert started.returncode == 43
    assert "driver not supported" in started.stderr
    assert started.stderr.splitlines()[-1].startswith("Error: dockerd has ended")
    assert str(second_engine.folder / "log") in started.stderr


@as_root_with_docker
def test_an_engine_that_hangs_is_not_waited_for_for_ever(second_engine):
    assert second_engine.make().returncode == 0
    os.kill(second_engine.pid(), signal.SIGSTOP)
    try:
        (second_engine.folder / "docker.sock").unlink()
        asked = second_engine.make(DOCKERD_PATIENCE="1")
    finally:
        os.kill(second_engine.pid(), signal.SIGCONT)
    assert asked.returncode == 43
    assert "does not answer at" in asked.stderr.splitlines()[-1]


def test_an_engine_named_elsewhere_is_not_replaced_by_one_of_this_machine(second_engine):
    asked = second_engine.make(DOCKER_HOST="tcp://127.0.0.1:9")
    assert asked.returncode == 43
    assert asked.stderr.startswith("Error: DOCKER_HOST names an engine that does not answer")
    assert not second_engine.pid_file.exists()


@as_root
def test_who_may_not_start_an_engine_is_told_what_to_do(second_engine):
    asked = second_engine.make(user="nobody")
    assert asked.returncode == 43
    assert len(asked.stderr.splitlines()) == 1
    assert "as root" in asked.stderr.lower()


@as_root_with_docker
def test_who_may_not_use_the_engine_is_told_which_group_to_join(second_engine):
    assert second_engine.make().returncode == 0
    asked = second_engine.make(user="nobody")
    assert asked.returncode == 43
    assert asked.stderr == (
        "Error: This account may not use the container engine. Join its group "
        "(sudo usermod -aG docker nobody) and log in again.\n"
    )


@as_root
def test_tests_go_on_without_an_engine_where_there_can_be_none(second_engine):
    asked = second_engine.make("--if-possible", user="nobody")
    assert asked.returncode == 0
    assert asked.stderr.startswith("Note: no container engine, so container tests are skipped.")


def test_an_unknown_option_is_refused(second_engine):
    assert second_engine.make("--if-posible").returncode == 2


SCRIPTS = sorted(
    path
    for pattern in ("*", "build/*", "notebook/*", "notebook/bin/*")
    for path in SCRIPT.parent.glob(pattern)
    if path.is_file() and path.read_bytes().startswith(b"#!")
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing_in(script):
    if shutil.which("shellcheck") is None:
        pytest.skip("there is no shellcheck")
    checked = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
