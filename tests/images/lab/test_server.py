"""JupyterLab in the container: it answers, and so does each of its extensions."""

from __future__ import annotations

import os
import time

import pytest

#: What a person in the lab uses, and an address of each that must answer.
EXTENSIONS = {
    "Elyra's pipelines": "elyra/pipeline/runtimes/types",
    "scheduler": "scheduler/config",
    "Git": "git/settings",
    "GPU dashboard": "nvdashboard/accelerators/check",
    "resource usage": "api/metrics/v1",
    "Voila": "voila/tree",
    "terminals": "api/terminals",
    "kernels": "api/kernelspecs",
}


def test_the_page_of_the_lab_answers(lab):
    status, page = lab.get("lab")
    assert status == 200
    assert "JupyterLab" in page


@pytest.mark.parametrize(
    "path", ["lab", "api/contents", "api/kernels", "elyra/pipeline/runtimes/types"]
)
def test_without_the_token_nothing_answers(lab, path):
    status, page = lab.get(path, token=False)
    # The page asks for the token; all else refuses.
    assert status == 403 or (status == 200 and "Token authentication" in page)
    assert lab.token not in page


@pytest.mark.parametrize("name", EXTENSIONS)
def test_the_extension_answers(lab, name):
    status, answer = lab.get(EXTENSIONS[name])
    assert status == 200, answer


def test_every_extension_is_enabled_and_in_order(inside):
    for command in (
        ["jupyter", "labextension", "list"],
        ["jupyter", "server", "extension", "list"],
    ):
        code, output = inside.exec_run(command)
        text = output.decode()
        assert code == 0, text
        assert "disabled" not in text
        assert " X " not in text
        assert "rror" not in text


def test_the_log_has_neither_errors_nor_tracebacks(lab):
    lab.get("lab")
    log = lab.log()
    assert "Traceback" not in log
    assert [line for line in log.splitlines() if line.startswith("[E ") or "ERROR" in line] == []


def test_the_lab_opens_on_a_read_only_disk_as_any_user(image, open_lab):
    lab = open_lab(
        image,
        user="12345:0",
        read_only=True,
        tmpfs={"/home/notebook": "mode=1777", "/work": "mode=1777"},
    )
    assert lab.get("lab")[0] == 200
    assert "Traceback" not in lab.log()


def test_the_health_check_says_healthy(image, open_lab, tmp_path):
    # Of somebody else than the user that the check runs as.
    tmp_path.chmod(0o777)
    if os.geteuid() == 0:
        os.chown(tmp_path, 4321, 4321)
    check = {"test": ["CMD", "/opt/notebook/health"], "interval": 10**9}
    lab = open_lab(image, volumes=[f"{tmp_path}:/work"], healthcheck=check)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        lab.container.reload()
        health = lab.container.attrs["State"]["Health"]
        if health["Status"] == "healthy":
            break
        time.sleep(0.5)
    assert health["Status"] == "healthy", health
    # A server that hangs is not healthy.
    lab.container.exec_run(["pkill", "-STOP", "-f", "jupyter-lab"], user="0")
    code, _output = lab.container.exec_run(["timeout", "20", "/opt/notebook/health"])
    assert code != 0


@pytest.mark.parametrize("owner", [1000, 4321])
def test_sigterm_ends_the_lab_in_order(image, open_lab, tmp_path, owner):
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of somebody else")
    tmp_path.chmod(0o755)
    os.chown(tmp_path, owner, owner)
    lab = open_lab(image, volumes=[f"{tmp_path}:/work"])
    lab.container.stop(timeout=30)
    lab.container.reload()
    assert lab.container.attrs["State"]["ExitCode"] in {0, 143}
    assert "shutting down" in lab.log().lower()


def test_options_reach_jupyterlab(image, open_lab):
    lab = open_lab(image, "--ServerApp.base_url=/deep/down/")
    assert lab.get("deep/down/lab")[0] == 200
