"""Heavy server extensions are loaded by their first request, and by nothing else."""

from __future__ import annotations

import json
import socket
import subprocess
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest

#: Each extension that waits, and an address of it that answers.
ADDRESSES = {
    "elyra": "elyra/pipeline/runtimes/types",
    "jupyter_scheduler": "scheduler/config",
    "jupyterlab_git": "git/settings",
    "jupyterlab_nvdashboard": "nvdashboard/accelerators/check",
    "nbdime": "nbdime/difftool",
    "voila.server_extension": "voila/tree",
}


@pytest.fixture
def fresh(make_lab, tmp_path):
    """A lab in which nothing was loaded yet."""
    with make_lab(tmp_path / "work") as lab:
        yield lab


def test_the_page_is_served_before_anything_heavy_is_loaded(fresh):
    assert fresh.get("lab").status == 200
    assert not any(fresh.loads(name) for name in ADDRESSES)


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_first_request_loads_the_extension_and_is_answered_by_it(lab, name):
    assert lab.get(ADDRESSES[name]).status == 200
    assert lab.get(ADDRESSES[name]).status == 200
    assert lab.loads(name) == 1


def test_first_requests_at_the_same_time_load_once_and_are_all_answered(fresh):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: fresh.get(ADDRESSES["elyra"]), range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert fresh.loads("elyra") == 1


def test_a_first_request_keeps_its_method_and_its_body(fresh, tmp_path):
    folder = tmp_path / "work" / "project"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    answer = fresh.request("POST", "git/project/show_prefix", {})
    assert answer.status == 200, answer.body
    assert answer.json()["code"] == 0


def test_a_first_request_may_be_for_a_static_file(fresh):
    assert fresh.get("static/elyra/kubeflow.svg").body.lstrip().startswith(b"<")
    assert fresh.loads("elyra") == 1


def test_a_first_request_may_be_a_websocket(fresh):
    """The handshake goes through to the real handler, which takes the connection over."""
    key = b64encode(b"0123456789abcdef").decode()
    with socket.create_connection(("127.0.0.1", fresh.port), timeout=30) as connection:
        connection.sendall(
            f"GET /nvdashboard/cpu_resource?token={fresh.token} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{fresh.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_without_the_token_nothing_is_loaded(fresh, method):
    for path in ADDRESSES.values():
        assert fresh.request(method, path, token=False).status == 403
    assert not any(fresh.loads(name) for name in ADDRESSES)


def test_what_a_browser_asks_before_a_request_of_another_page_loads_nothing(fresh):
    assert fresh.request("OPTIONS", ADDRESSES["elyra"], token=False).body == b""
    assert fresh.loads("elyra") == 0


def test_a_page_that_is_opened_without_the_token_leads_to_the_login(fresh):
    answer = fresh.get("voila/tree", token=False, accept="text/html")
    assert b"Token authentication" in answer.body
    assert fresh.loads("voila.server_extension") == 0


def test_the_base_url_is_respected(make_lab, tmp_path):
    with make_lab(tmp_path / "work", base_url="/ipython/") as lab:
        assert lab.get(ADDRESSES["elyra"]).status == 200
        assert lab.loads("elyra") == 1


def test_an_address_that_only_begins_alike_loads_nothing(fresh):
    assert fresh.get("github/settings").status == 404
    assert fresh.loads("jupyterlab_git") == 0


def test_an_extension_that_fails_says_so_and_the_rest_works(make_lab, tmp_path):
    broken = '--ElyraApp.log_level="no level"'
    with make_lab(tmp_path / "work", broken) as lab:
        for _ in range(2):
            answer = lab.get(ADDRESSES["elyra"])
            assert answer.status == 500
            assert answer.json()["message"].startswith("The server extension elyra could not be")
        assert lab.log().count("elyra | extension failed to load") == 1
        assert lab.get(ADDRESSES["jupyterlab_git"]).status == 200
        assert lab.get("lab").status == 200


def test_what_a_person_disabled_is_not_loaded(make_lab, tmp_path):
    settings = tmp_path / "home" / ".jupyter" / "jupyter_server_config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"elyra": False}}}))
    # As where the environment is root's and the person is not.
    with make_lab(tmp_path / "work", JUPYTER_PREFER_ENV_PATH="no") as lab:
        assert lab.get(ADDRESSES["elyra"]).status == 404
        assert lab.get(ADDRESSES["jupyterlab_git"]).status == 200


def test_jupyter_lists_all_of_them_as_enabled_and_valid(lab):
    listed = subprocess.run(
        [lab.environment / "bin" / "jupyter", "server", "extension", "list"],
        env={**lab.process_env(), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    text = listed.stdout + listed.stderr
    for name in ADDRESSES:
        assert f"{name} \x1b[32menabled\x1b[0m" in text or f"{name} enabled" in text
    assert "disabled" not in text
    assert " X " not in text
