"""Building: what is said when it cannot go on, and what is left when it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from notebook_runner.errors import BuildError
from notebook_runner.images.buildkit import BuildRequest, find_client

RUNNER = Path(sys.executable).with_name("notebook-runner")

pytestmark = pytest.mark.docker


def dockerfile(folder: Path, text: str) -> BuildRequest:
    """Write a context that has nothing but this Dockerfile."""
    (folder / "Dockerfile").write_text(text)
    return BuildRequest(folder, "notebook-test-build", network="none")


@pytest.mark.parametrize(
    ("step", "cause"),
    [
        ("echo 'no space left on device' >&2; exit 1", "the disk is full"),
        ("echo 'invalid peer certificate: UnknownIssuer' >&2; exit 1", "set SSL_CERT_FILE"),
        ("echo 'Hash mismatch for numpy' >&2; exit 1", "renew the lock"),
        ("echo 'Temporary failure resolving' >&2; exit 1", "cannot be reached"),
        ("apt-get install -y --no-such-option ca-certificates", "no-such-option"),
    ],
)
def test_a_failed_step_is_told_with_its_cause(engine, base, tmp_path, step, cause):
    request = dockerfile(tmp_path, f"FROM {base}\nRUN {step}\n")
    with pytest.raises(BuildError, match=cause) as failed:
        find_client().build(request, lambda line: None)
    assert len(str(failed.value).splitlines()) == 1
    assert ("certificate is not trusted" in str(failed.value)) == ("SSL_CERT_FILE" in cause)


def test_a_build_that_is_ended_leaves_nothing_behind(engine, base, tmp_path):
    process = subprocess.Popen(
        [RUNNER, "image", "build", "lab", "--no-cache"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    # The first step has begun.
    assert "FROM" in process.stderr.readline()
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert list(tmp_path.iterdir()) == []
    drafts = [tag for image in engine.images.list("galaxy-lab") for tag in image.tags]
    assert [tag for tag in drafts if ":draft-" in tag] == []


def test_a_base_that_cannot_be_had_is_named(engine, tmp_path):
    ended = subprocess.run(
        [RUNNER, "image", "build", "lab", "--base", "127.0.0.1:9/no/such:base"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 44
    assert "The base image 127.0.0.1:9/no/such:base is not here" in ended.stderr
    assert "Traceback" not in ended.stderr
