from __future__ import annotations

from pathlib import Path

import pytest

from notebook_runner.local_galaxy.account import Account, choose_account

STRANGER = Account("stranger", uid=54321, gid=54321, groups=(54322,))


def test_chosen_account_is_never_root() -> None:
    assert choose_account().uid != 0


def test_folder_below_a_closed_one_cannot_be_reached(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert not STRANGER.can_reach(closed / "inside")


def test_folder_that_does_not_exist_yet_is_judged_by_its_parents() -> None:
    assert STRANGER.can_reach(Path("/usr/none/of/these/exists"))


@pytest.mark.parametrize(
    ("mode", "readable"), [(0o644, True), (0o640, False), (0o600, False), (0o604, True)]
)
def test_file_of_another_owner_is_readable_by_its_last_three_bits(
    mode: int, readable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(mode)
    # pytest's folders are closed to others, which is not what is asked here.
    monkeypatch.setattr(Account, "can_reach", lambda *_: True)

    assert STRANGER.can_read(file) is readable


def test_file_of_a_shared_group_is_readable_by_the_group_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(0o640)
    monkeypatch.setattr(Account, "can_reach", lambda *_: True)
    member = Account("member", uid=54321, gid=54321, groups=(file.stat().st_gid,))

    assert member.can_read(file)
