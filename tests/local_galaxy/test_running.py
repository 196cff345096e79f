"""What holds for a local Galaxy that runs: who runs it, who can read its keys, what it says."""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import requests

from notebook_runner.local_galaxy.account import Account
from notebook_runner.local_galaxy.administration import Administration
from notebook_runner.local_galaxy.processes import find_processes

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.handle import LocalGalaxy
    from notebook_runner.local_galaxy.instance import Instance

pytestmark = pytest.mark.galaxy


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call ``notebook-runner galaxy`` as a person does."""
    command = [sys.executable, "-m", "notebook_runner.cli.main", "galaxy", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_started_by_root_it_runs_as_an_unprivileged_account(
    galaxy: LocalGalaxy, galaxy_instance: Instance
) -> None:
    processes = find_processes(galaxy.home)

    accounts = {uid for process in processes for uid in process.uids()}
    assert len(processes) >= 3
    assert accounts == {galaxy_instance.account.uid}
    assert 0 not in accounts


def test_status_names_address_version_keys_and_logs(galaxy: LocalGalaxy) -> None:
    status = json.loads(call("status", "--json").stdout)

    assert status["running"] is True
    assert status["url"] == galaxy.url
    assert status["galaxy_version"].startswith("26.1")
    assert status["home"] == str(galaxy.home)
    assert Path(status["api_key_file"]).read_text().strip() == galaxy.api_key
    assert "@" in status["login_email"]
    assert Path(status["password_file"]).read_text().strip()
    assert psutil.pid_exists(status["pid"])
    assert Path(status["logs"]).is_dir()


def test_key_is_an_administrator_s(galaxy: LocalGalaxy) -> None:
    assert Administration(galaxy.url, galaxy.api_key).is_accepted()


def test_login_with_the_password_from_its_file_works(
    galaxy: LocalGalaxy, galaxy_instance: Instance
) -> None:
    status = galaxy_instance.status()
    password = Path(status["password_file"]).read_text().strip()
    answer = requests.get(
        f"{galaxy.url}/api/authenticate/baseauth",
        auth=(status["login_email"], password),
        timeout=30,
    )

    assert answer.json()["api_key"]


def test_web_client_is_served(galaxy: LocalGalaxy) -> None:
    answer = requests.get(f"{galaxy.url}/login/start", timeout=30)

    assert answer.status_code == 200
    assert "analysis.bundled.js" in answer.text


def test_server_listens_on_this_machine_alone(galaxy: LocalGalaxy) -> None:
    addresses = {
        connection.laddr.ip
        for process in find_processes(galaxy.home)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }

    assert addresses == {"127.0.0.1"}


def test_key_stands_in_no_log_and_no_command_line(
    galaxy: LocalGalaxy, galaxy_instance: Instance
) -> None:
    in_address = requests.get(
        f"{galaxy.url}/api/whoami", params={"key": galaxy.api_key}, timeout=30
    )
    logs = list(galaxy_instance.home.logs.iterdir())
    lines = [" ".join(process.cmdline()) for process in find_processes(galaxy.home)]

    assert in_address.ok
    assert logs
    assert not [log for log in logs if galaxy.api_key in log.read_text(errors="replace")]
    assert not [line for line in lines if galaxy.api_key in line]


def is_readable_for_a_stranger(file: Path) -> bool:
    """Try it where we are root and can; elsewhere go by owners and modes."""
    if os.geteuid() != 0:
        return Account("stranger", uid=54321, gid=54321, groups=()).can_read(file)
    nobody = pwd.getpwnam("nobody")
    read = subprocess.run(
        ["cat", file],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        check=False,
    )
    return read.returncode == 0


def test_another_account_can_read_no_file_with_a_key(
    galaxy: LocalGalaxy, galaxy_instance: Instance
) -> None:
    status = galaxy_instance.status()
    files = [
        Path(status["api_key_file"]),
        Path(status["password_file"]),
        galaxy_instance.home.config / "galaxy.yml",
        galaxy_instance.home.database / "galaxy.sqlite",
        Path(status["log"]),
    ]

    assert all(file.is_file() for file in files)
    assert [file for file in files if is_readable_for_a_stranger(file)] == []


def test_key_files_are_the_caller_s_alone(galaxy_instance: Instance, galaxy: LocalGalaxy) -> None:
    for file in galaxy_instance.home.keys.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.stat().st_uid == os.geteuid()


def test_second_up_of_an_unchanged_server_takes_less_than_three_seconds(
    galaxy: LocalGalaxy,
) -> None:
    call("up")
    start = time.monotonic()
    done = call("up")

    assert done.returncode == 0, done.stderr
    assert galaxy.url in done.stdout
    assert time.monotonic() - start < 3


def test_suite_s_tools_are_all_loaded(galaxy: LocalGalaxy) -> None:
    assert galaxy.missing_tools == ()


def test_small_job_takes_less_than_three_seconds_once_warm(galaxy: LocalGalaxy) -> None:
    administration = Administration(galaxy.url, galaxy.api_key)
    durations = []
    # The best of three: other programs may be busy on this machine.
    for _ in range(3):
        start = time.monotonic()
        administration.run_first_job()
        durations.append(time.monotonic() - start)

    assert min(durations) < 3


def test_command_run_beside_galaxy_gets_address_and_key(galaxy: LocalGalaxy) -> None:
    script = "import os; print(os.environ['GALAXY_URL'], os.environ['GALAXY_API_KEY'])"
    done = call("exec", "--", sys.executable, "-c", script)

    assert done.stdout.split() == [galaxy.url, galaxy.api_key]


def test_exit_code_of_a_command_run_beside_galaxy_is_passed_on(galaxy: LocalGalaxy) -> None:
    assert call("exec", "--", sys.executable, "-c", "raise SystemExit(7)").returncode == 7


def test_planemo_root_looks_like_a_checkout_of_galaxy(galaxy: LocalGalaxy) -> None:
    root = Path(call("root").stdout.strip())

    assert os.access(root / "run.sh", os.X_OK)
    assert (root / "lib" / "galaxy" / "version" / "__init__.py").is_file()
    for folder in ("config", "database", "tools/data_source"):
        assert (root / folder).is_dir()
