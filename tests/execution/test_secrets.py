"""Secrets reach the kernel and appear in nothing that a run writes."""

from __future__ import annotations

import base64
import json

import pytest

from notebook_runner.errors import SecretError
from notebook_runner.execution.masking import MASK, Masker
from notebook_runner.execution.secrets import read_secrets

TOKEN = "s3cr3t-T0ken&<'\"\\\n-end"

LEAK = """
import os, base64, json, html, urllib.parse
t = os.environ['TOKEN']
print(t); print(repr(t)); print(json.dumps(t)); print(base64.b64encode(t.encode()).decode())
print(urllib.parse.quote(t, safe='')); print(html.escape(t))
print(t[:5], end=''); print(t[5:])
open('outputs/plain.txt', 'w').write('before ' + t + ' after')
open('outputs/data.bin', 'wb').write(b'\\xff\\xfe' + t.encode())
open('stray.txt', 'w').write(t)
open('stray.bin', 'wb').write(b'\\xff' + t.encode())
open('outputs/clean.bin', 'wb').write(b'\\xff\\xfe')
from notebook_runner import log_metric
log_metric('m', 1)
{'token': t}
"""


def forms_of(secret: str) -> list[str]:
    plain = [secret, repr(secret)[1:-1], base64.b64encode(secret.encode()).decode()]
    return [*plain, secret.split("\n", maxsplit=1)[0]]


def test_a_secret_reaches_the_kernel_and_no_file(make_notebook, run):
    finished = run(
        make_notebook(LEAK, "raise ValueError(os.environ['TOKEN'])", parameters="key = ''"),
        "--secret",
        "TOKEN",
        "-p",
        "key",
        TOKEN,
        "--json",
        "--report",
        TOKEN=TOKEN,
    )
    assert finished.returncode == 10
    everything = finished.all_text() + finished.stdout + finished.stderr
    for form in forms_of(TOKEN):
        assert form not in everything
    assert MASK in finished.text
    assert finished.record["secrets"] == ["TOKEN"]
    assert (finished.folder / "outputs" / "plain.txt").read_text() == f"before {MASK} after"
    assert (finished.folder / "outputs" / "clean.bin").exists()
    assert {"path": "data.bin", "reason": "it held a secret"} in finished.record["outputs_left_out"]


def test_a_secret_is_masked_in_what_a_killed_runner_left(make_notebook, start, tmp_path):
    import time

    process = start(
        make_notebook("import os, time\nprint(os.environ['TOKEN'], flush=True)", "time.sleep(60)"),
        "--secret",
        "TOKEN",
        TOKEN=TOKEN,
    )
    notebook = tmp_path / "run" / "notebook.ipynb"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (notebook.exists() and MASK in notebook.read_text()):
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert MASK in notebook.read_text()
    assert TOKEN.split("\n", maxsplit=1)[0] not in notebook.read_text()


def test_a_secret_can_come_from_a_file(make_notebook, run, tmp_path):
    (tmp_path / "token").write_text("from-a-file\n")
    source = "import os\nprint(len(os.environ['TOKEN']), os.environ['TOKEN'])"
    finished = run(make_notebook(source), "--secret", f"TOKEN=@{tmp_path / 'token'}")
    assert finished.returncode == 0, finished.stderr
    assert finished.text == f"11 {MASK}\n"


def test_the_galaxy_key_is_kept_from_the_kernel(make_notebook, run):
    source = "import os\nprint(os.environ.get('GALAXY_API_KEY'))"
    assert run(make_notebook(source), GALAXY_API_KEY="0123456789abcdef").text == "None\n"


@pytest.mark.parametrize(
    ("specification", "env", "message"),
    [
        ("TOKEN=value-on-argv", {}, "Do not write the value"),
        ("TOKEN", {}, "not in the environment"),
        ("TOKEN=@absent", {}, "Cannot read secret"),
        ("TOKEN", {"TOKEN": "short"}, "shorter than 6"),
        ("a b", {}, "NAME=@FILE"),
    ],
)
def test_an_impossible_secret_is_refused_without_showing_it(specification, env, message):
    with pytest.raises(SecretError) as caught:
        read_secrets([specification], env)
    assert message in str(caught.value)
    assert "value-on-argv" not in str(caught.value)


def test_an_impossible_secret_ends_with_6(make_notebook, run):
    finished = run(make_notebook("1"), "--secret", "TOKEN=value-on-argv")
    assert finished.returncode == 6
    assert "value-on-argv" not in finished.stderr


def test_lines_of_a_secret_are_masked_by_themselves():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nend"
    assert Masker([key]).mask_text("MIIEvQIBADANBg, end") == f"{MASK}, end"


def test_keys_of_a_mapping_are_masked():
    assert Masker(["hidden-word"]).mask({"hidden-word": [1, "a hidden-word"]}) == {
        MASK: [1, f"a {MASK}"]
    }


def test_nothing_is_copied_without_secrets():
    value = {"a": [1]}
    assert Masker([]).mask(value) is value


def test_a_secret_that_is_like_the_image_does_not_blank_it(make_notebook, run, tmp_path):
    identity = {"name": "galaxy-lab", "tag": "0.1.0-cpu-py3.11", "content_id": "sha256:abcdef"}
    (tmp_path / "image.json").write_text(json.dumps(identity))

    finished = run(
        make_notebook("print('galaxy-lab')"),
        "--secret",
        "TOKEN",
        TOKEN="galaxy-lab",
        NOTEBOOK_RUNNER_IMAGE=str(tmp_path / "image.json"),
    )

    assert finished.record["image"] == identity
    assert "galaxy-lab" not in finished.text
