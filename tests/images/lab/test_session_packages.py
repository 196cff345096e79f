"""What a user adds to the kernels is the session's own."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import nbformat
import pytest

if TYPE_CHECKING:
    from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, code: str) -> Path:
    """Write the smallest wheel that pip installs."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", code)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    path.chmod(0o644)
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder that any user may write into."""
    tmp_path.chmod(0o777)
    return tmp_path


def test_an_added_package_is_used_and_gone_with_the_container(image, work):
    wheel = write_wheel(work, "added", "1.0", "answer = 42\n")
    volumes = [f"{work}:/work"]
    ended = image.run(
        "sh",
        "-c",
        f"pip install --quiet --no-index /work/{wheel.name} && "
        "python -c 'import added; print(added.answer)'",
        volumes=volumes,
        user="12345:0",
    )
    assert ended.code == 0, ended.output
    assert ended.output.splitlines()[-1] == "42"
    after = image.run("python", "-c", "import added", volumes=volumes, user="12345:0")
    assert after.code == 1
    assert "No module named 'added'" in after.output


def test_an_added_package_stands_before_the_images_own(image, work):
    wheel = write_wheel(work, "joblib", "99.0", "__version__ = '99.0'\n")
    ended = image.run(
        "sh",
        "-c",
        f"pip install --quiet --no-index /work/{wheel.name} && "
        "python -c 'import joblib; print(joblib.__version__)'",
        volumes=[f"{work}:/work"],
        user="12345:0",
    )
    assert ended.output.splitlines()[-1] == "99.0", ended.output


def test_what_breaks_the_kernels_breaks_neither_server_nor_runner(image, work):
    broken = [
        write_wheel(work, name, "99.0", "raise SystemExit('broken')\n").name
        for name in ("tornado", "jupyter_client", "click", "nbformat")
    ]
    ended = image.run(
        "sh",
        "-c",
        f"cd /work && pip install --quiet --no-index {' '.join(broken)}; "
        "python -c 'import tornado'; echo kernels $?; "
        "jupyter --version >/dev/null; echo server $?; notebook-runner --version; echo runner $?",
        volumes=[f"{work}:/work"],
        user="12345:0",
    )
    said = ended.output.splitlines()
    assert "kernels 1" in said
    assert "server 0" in said
    assert "runner 0" in said


def test_kernels_side_by_side_share_one_environment(image):
    ended = image.run(
        "sh",
        "-c",
        "for i in 1 2 3 4 5 6; do python -c 'import sys; print(sys.prefix)' & done; wait; ls /tmp",
    )
    assert ended.code == 0, ended.output
    *prefixes, listed = ended.output.splitlines()
    assert len(prefixes) == 6
    assert set(prefixes) == {f"/tmp/{listed}"}


def test_a_requirements_file_is_installed_when_the_lab_starts_and_noted(image, work, open_lab):
    wheel = write_wheel(work, "added", "1.0", "answer = 42\n")
    (work / "requirements.txt").write_text(f"--no-index\n/work/{wheel.name}\n")
    lab = open_lab(image, volumes=[f"{work}:/work"], user="12345:0")
    code, output = lab.container.exec_run(
        ["sh", "-c", "NOTEBOOK_PACKAGES=$(echo /tmp/kernel-packages.*) python -c 'import added'"]
    )
    assert code == 0, output.decode()
    code, noted = lab.container.exec_run(
        ["sh", "-c", "cat /tmp/kernel-packages.*/requirements.json"]
    )
    note = json.loads(noted)
    assert note["installed"] is True
    assert note["packages"] == {"added": "1.0"}
    notebook = nbformat.v4.new_notebook()
    status, answer = lab.put("n.ipynb", {"type": "notebook", "content": notebook})
    assert status == 201, answer
    pin = nbformat.read(work / "n.ipynb", as_version=4).metadata["galaxy_notebook"]
    assert pin["added_packages"] == {"added": "1.0"}
    assert f"{pin['image']}:{pin['tag']}" == image.reference


def test_a_requirements_file_that_fails_is_said_and_the_lab_opens(image, work, open_lab):
    (work / "requirements.txt").write_text("--no-index\nthere-is-no-such-package\n")
    lab = open_lab(image, volumes=[f"{work}:/work"], user="12345:0")
    assert "requirements.txt was not installed" in lab.log()
    assert lab.get("lab")[0] == 200


def test_a_folder_of_packages_that_is_somebody_elses_is_refused(image):
    refused = image.run("python", "-c", "1", environment={"NOTEBOOK_PACKAGES": "/opt/kernels"})
    assert refused.code == 1
    assert "/opt/kernels is not yours" in refused.output
