from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from notebook_runner.local_galaxy.credentials import (
    load_credentials,
    login_file,
    password_file,
    write_secret,
)

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.home import Home


def test_every_file_of_the_key_folder_is_readable_by_its_owner_alone(home: Home) -> None:
    load_credentials(home)

    files = list(home.keys.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in (home.keys, *files)} == {0o700, 0o600}


def test_login_stays_the_same_from_start_to_start(home: Home) -> None:
    first, second = load_credentials(home), load_credentials(home)

    assert (first.login_email, first.password) == (second.login_email, second.password)


def test_bootstrap_key_is_another_one_at_each_start(home: Home) -> None:
    assert load_credentials(home).bootstrap_key != load_credentials(home).bootstrap_key


def test_lost_password_gives_a_new_account_where_the_old_one_is_in_the_database(
    home: Home,
) -> None:
    before = load_credentials(home).login_email
    (home.database / "galaxy.sqlite").touch()
    password_file(home).unlink()

    after = load_credentials(home)

    assert after.login_email != before
    assert login_file(home).read_text().strip() == after.login_email


def test_secret_is_written_over_an_open_file_without_opening_it_to_others(home: Home) -> None:
    file = home.keys / "some"
    file.touch(mode=0o644)

    write_secret(file, "new")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
