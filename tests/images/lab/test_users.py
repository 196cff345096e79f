"""Under any user, on a read-only disk, without a network."""

from __future__ import annotations

import os

import pytest

WRITABLE = {"/home/notebook": "mode=1777", "/work": "mode=1777"}


def test_the_image_runs_as_a_user_that_is_not_root(image):
    assert image.attributes["Config"]["User"] == "1000"
    ended = image.run("id", "-u")
    assert (ended.code, ended.output.strip()) == (0, "1000")


def test_nobody_inside_can_gain_powers(image):
    ended = image.run("grep", "-E", "^(CapPrm|CapEff|NoNewPrivs)", "/proc/self/status")
    assert ended.output.split() == ["CapPrm:", "0" * 16, "CapEff:", "0" * 16, "NoNewPrivs:", "1"]


STATUS = 'id -u; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status'


@pytest.mark.parametrize(
    "options",
    [
        {"entrypoint": ["/opt/notebook/step"]},
        {"environment": {"NOTEBOOK_STEPPED": "1"}},
        {"user": "12345:64321", "entrypoint": ["/opt/notebook/step"]},
    ],
    ids=["by itself", "said to have stepped", "in its group"],
)
def test_who_may_step_becomes_the_owner_of_the_folder_and_no_other(image, options):
    command = ["sh", "-c", f"/opt/notebook/step sh -c '{STATUS}' || ({STATUS})"]
    ended = image.run(*command, **options)
    uid, *status = ended.output.splitlines()[-4:]
    assert uid in {"1000", "12345"}
    assert status[0].split() == ["CapEff:", "0" * 16]


def test_stepping_leaves_no_way_back(image, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of somebody else")
    tmp_path.chmod(0o755)
    os.chown(tmp_path, 4321, 4322)
    ended = image.run(
        *("sh", "-c", STATUS),
        entrypoint=["/opt/notebook/step"],
        volumes=[f"{tmp_path}:/work"],
    )
    assert ended.output.split() == [
        *("4321", "CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1")
    ]


def test_another_user_cannot_step(image):
    ended = image.run("sh", "-c", "/opt/notebook/step id", user="4321:4321")
    assert (ended.code, "ermission denied" in ended.output) == (126, True)


def test_root_who_is_asked_for_stays_root(image):
    assert image.run("id", "-u", user="0:0").output.strip() == "0"


@pytest.mark.parametrize("user", ["12345:0", "12345:12345"])
def test_any_user_on_a_read_only_disk_without_a_network(image, user):
    program = "import sklearn, tempfile; tempfile.NamedTemporaryFile().close(); print('fine')"
    ended = image.run("python", "-c", program, user=user, read_only=True, tmpfs=WRITABLE)
    assert ended.code == 0, ended.output
    assert ended.output.splitlines()[-1] == "fine"


def test_the_files_of_a_mounted_folder_belong_to_its_owner(image, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of somebody else")
    tmp_path.chmod(0o755)
    os.chown(tmp_path, 4321, 4322)
    ended = image.run("sh", "-c", "id -u && touch made", volumes=[f"{tmp_path}:/work"])
    assert ended.code == 0, ended.output
    assert ended.output.split() == ["4321"]
    made = (tmp_path / "made").stat()
    assert (made.st_uid, made.st_gid) == (4321, 4322)


def test_a_folder_of_root_is_worked_on_without_roots_powers(image, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root has folders of root's")
    tmp_path.chmod(0o755)
    ended = image.run(
        "sh", "-c", "touch made; grep CapEff /proc/self/status", volumes=[f"{tmp_path}:/work"]
    )
    assert "root's" in ended.output
    assert "0" * 16 in ended.output
    assert (tmp_path / "made").stat().st_uid == 0


def test_a_folder_that_cannot_be_written_is_named(image, tmp_path):
    ended = image.run("lab", volumes=[f"{tmp_path}:/work:ro"], user="1000:1000")
    assert ended.code == 7
    assert "/work cannot be written by user 1000" in ended.output
    assert "add --user 0:0" in ended.output


def test_a_folder_that_its_owner_may_not_write_is_named_with_the_reason(image, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of somebody else")
    os.chown(tmp_path, 4321, 4321)
    tmp_path.chmod(0o555)
    ended = image.run("lab", volumes=[f"{tmp_path}:/work"])
    assert ended.code == 7
    assert "cannot be written by its owner, user 4321" in ended.output
