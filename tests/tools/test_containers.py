"""What a job of ``run_notebook`` is, sees and leaves when it runs in a container."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import nbformat
import pytest

from notebook_runner.errors import OutOfMemoryError, TerminatedRunError
from notebook_runner.local_galaxy.processes import MARKER, find_processes
from notebook_runner.local_galaxy.tools import lab_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

    from notebook_runner.local_galaxy.handle import LocalGalaxy

pytestmark = [pytest.mark.galaxy, pytest.mark.docker, pytest.mark.slow]

LIMIT_S = 120
OF_ANOTHER = "belongs to another user and to no job of this one"

LOOK_AROUND = """
import json, os, socket
from pathlib import Path
from notebook_runner import inputs, outputs_dir

galaxy = Path(os.environ["NOTEBOOK_RUNNER_LOCAL_GALAXY"])
files = [Path(folder, name) for folder, _, names in os.walk(galaxy) for name in names]
named = {"galaxy.yml", "id_secret", "api_key"}
config = [
    str(Path(folder, name))
    for folder, _, names in os.walk("/")
    if not folder.startswith(("/proc", "/sys"))
    for name in names
    if name in named or name.endswith(".sqlite")
]
try:
    socket.create_connection(("127.0.0.1", PORT), timeout=5).close()
    network = True
except OSError:
    network = False
try:
    Path("/opt/file").touch()
    image_is_writable = True
except OSError:
    image_is_writable = False
readable = [file for file in files if os.access(file, os.R_OK)]
seen = {
    "galaxy": str(galaxy),
    "files": [str(file) for file in readable],
    "text": "".join(file.read_bytes().decode(errors="replace") for file in readable),
    "config": config,
    "environment": dict(os.environ),
    "working_directory": os.getcwd(),
    "input": str(Path(inputs["table"]).resolve()),
    "home_is_writable": os.access(Path.home(), os.W_OK),
    "image_is_writable": image_is_writable,
    "user": os.getuid(),
    "status": Path("/proc/self/status").read_text(),
    "network": network,
}
(outputs_dir / "seen.json").write_text(json.dumps(seen))
"""

SLEEP = """
import time
from notebook_runner import outputs_dir

(outputs_dir / "asleep.txt").write_text("reached")
time.sleep(600)
"""

TOO_LARGE = "blocks = [bytearray(b'x') * (50 << 20) for _ in range(40)]"


def notebook_of(source: str) -> str:
    """Make a notebook of one cell."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(source)]
    made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    return str(nbformat.writes(made))


@pytest.fixture(scope="module")
def others_job(jobs: Any) -> None:
    """A dataset and a finished job of another user."""
    jobs.paste({"theirs": (OF_ANOTHER, "txt")})
    echo = jobs.upload(echo_parameters="echo.ipynb")["echo_parameters"]
    jobs.wait(jobs.send(notebook=echo))


@pytest.fixture(scope="module")
def looked(container_jobs: Any, others_job: None, galaxy: LocalGalaxy) -> dict[str, Any]:
    """What a job answered that looked around in its container."""
    source = LOOK_AROUND.replace("PORT", galaxy.url.rpartition(":")[2])
    jobs = container_jobs
    data = jobs.paste(
        {"look.ipynb": (notebook_of(source), "ipynb"), "table.csv": ("a,b\n1,2\n", "csv")}
    )
    table = {"kind": "dataset", "dataset": data["table.csv"]}
    return jobs.wait(
        jobs.send(notebook=data["look.ipynb"], inputs=[{"name": "table", "source": table}])
    )


@pytest.fixture(scope="module")
def seen(container_jobs: Any, looked: dict[str, Any]) -> dict[str, Any]:
    """What that job saw."""
    jobs = container_jobs
    assert jobs.job(looked)["exit_code"] == 0, jobs.job(looked)["stderr"]
    found: dict[str, Any] = json.loads(jobs.read(jobs.elements(looked, "files")["seen.json"]))
    return found


def test_the_record_names_the_image_that_the_tool_names(
    container_jobs: Any, looked: dict[str, Any], checkout: Path
) -> None:
    jobs = container_jobs
    image = json.loads(jobs.read(jobs.dataset(looked, "record")))["image"]

    assert f"{image['name']}:{image['tag']}" == lab_image(checkout / "tools")
    assert image["content_id"]
    assert image["lock_hash"]


def test_the_report_names_the_image(
    container_jobs: Any, looked: dict[str, Any], checkout: Path
) -> None:
    jobs = container_jobs
    report = jobs.read(jobs.dataset(looked, "html_report"))

    assert f"in image {lab_image(checkout / 'tools')}" in report


def test_of_galaxy_s_files_a_job_sees_its_own_and_its_inputs_alone(seen: dict[str, Any]) -> None:
    own = str(Path(seen["working_directory"]).parents[1])
    assert own.startswith(f"{seen['galaxy']}/server/database/jobs/")

    others = [file for file in seen["files"] if not file.startswith(f"{own}/")]
    # Where the checkout is closed to Galaxy's account, the tools lie here as well; the container
    # is shown this tool's.
    others = [file for file in others if "/tools/run_notebook/" not in file]

    # The notebook and the table.
    assert len(others) == 2
    assert seen["input"] in others
    assert all("/objects/" in file for file in others)


def test_a_job_sees_nothing_of_other_users(seen: dict[str, Any]) -> None:
    assert seen["files"]
    assert OF_ANOTHER not in seen["text"]


def test_a_job_finds_neither_configuration_nor_database(seen: dict[str, Any]) -> None:
    assert seen["config"] == []


def test_no_key_is_in_a_job_s_environment_or_files(
    seen: dict[str, Any], galaxy: LocalGalaxy, containers: LocalGalaxy
) -> None:
    everything = seen["text"] + json.dumps(seen["environment"])

    assert galaxy.api_key not in everything
    assert containers.api_key not in everything


def test_a_job_has_no_network(seen: dict[str, Any]) -> None:
    assert seen["network"] is False


def test_a_job_has_a_home_and_no_right_to_change_the_image(seen: dict[str, Any]) -> None:
    assert seen["home_is_writable"] is True
    assert seen["image_is_writable"] is False
    assert seen["user"] != 0
    assert "CapEff:\t0000000000000000\n" in seen["status"]


def test_folders_for_temporary_files_are_there(seen: dict[str, Any]) -> None:
    assert {seen["environment"][name] for name in ("TMPDIR", "TEMP", "TMP")} == {"/tmp"}


@pytest.fixture(scope="module")
def engine(containers: LocalGalaxy) -> Iterator[docker.DockerClient]:
    """The Docker engine."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def sleeping(
    container_jobs: Any, containers: LocalGalaxy, engine: docker.DockerClient
) -> tuple[dict[str, Any], Container]:
    """The answer to a job whose notebook sleeps, and the container that it sleeps in."""
    data = container_jobs.paste({"sleep.ipynb": (notebook_of(SLEEP), "ipynb")})
    answer = container_jobs.send(notebook=data["sleep.ipynb"])
    mark = f"{MARKER}={containers.home}"
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        for container in engine.containers.list(ignore_removed=True):
            if mark not in container.attrs["Config"]["Env"]:
                continue
            if container.exec_run(["test", "-f", "run/outputs/asleep.txt"]).exit_code == 0:
                return answer, container
        time.sleep(0.2)
    raise AssertionError("no container was started")


def test_a_signal_to_the_container_ends_the_run_with_what_it_reached(
    container_jobs: Any, sleeping: tuple[dict[str, Any], Container]
) -> None:
    answer, container = sleeping
    container.kill("SIGTERM")
    container_jobs.wait(answer)

    record = json.loads(container_jobs.read(container_jobs.dataset(answer, "record")))
    assert container_jobs.job(answer)["exit_code"] == TerminatedRunError.exit_code
    assert record["status"] == "interrupted"
    assert list(container_jobs.elements(answer, "files")) == ["asleep.txt"]


def test_a_stopped_job_leaves_no_container(
    container_jobs: Any, sleeping: tuple[dict[str, Any], Container], engine: docker.DockerClient
) -> None:
    answer, container = sleeping
    container_jobs.gi.jobs.cancel_job(answer["jobs"][0]["id"])

    end = time.monotonic() + LIMIT_S
    while container.id in {found.id for found in engine.containers.list(ignore_removed=True)}:
        assert time.monotonic() < end, "the container still runs"
        time.sleep(0.2)


def test_processes_in_a_container_are_known_as_galaxy_s(
    sleeping: tuple[dict[str, Any], Container], galaxy: LocalGalaxy
) -> None:
    _, container = sleeping
    first = container.attrs["State"]["Pid"]
    known = {process.pid for process in find_processes(galaxy.home)}
    container.kill()

    assert first in known


def test_a_kernel_that_meets_the_memory_limit_is_out_of_memory(
    engine: docker.DockerClient, checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "large.ipynb").write_text(notebook_of(TOO_LARGE))
    tmp_path.chmod(0o755)

    container = engine.containers.run(
        lab_image(checkout / "tools"),
        ["notebook-runner", "run", "/in/large.ipynb", "-o", "/tmp/run", "--no-report"],
        detach=True,
        network_mode="none",
        mem_limit="500m",
        memswap_limit="500m",
        volumes={str(tmp_path): {"bind": "/in", "mode": "ro"}},
    )
    try:
        ended = container.wait(timeout=LIMIT_S)["StatusCode"]
        said = container.logs().decode()
    finally:
        container.remove(force=True)

    assert ended == OutOfMemoryError.exit_code, said
    assert "out of memory" in said
