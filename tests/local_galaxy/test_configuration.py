from __future__ import annotations

import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from notebook_runner import __version__
from notebook_runner.errors import InstallError
from notebook_runner.local_galaxy.configuration import render, write, write_package_dependency
from notebook_runner.local_galaxy.credentials import load_credentials
from notebook_runner.local_galaxy.home import Home
from notebook_runner.local_galaxy.tools import Toolbox

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.local_galaxy.account import Account


@pytest.fixture
def home(home: Home) -> Home:
    """A state folder that looks as if Galaxy were installed in it."""
    (home.environment("galaxy") / "lib/python3.11/site-packages/galaxy/tools").mkdir(parents=True)
    return home


@pytest.fixture
def toolbox(tmp_path: Path) -> Toolbox:
    tool = tmp_path / "tools" / "run_it" / "run_it.xml"
    tool.parent.mkdir(parents=True)
    tool.write_text('<tool id="run_it_2"/>')
    return Toolbox(tmp_path / "tools", (tool,))


def test_settings_are_filled_with_the_instance_s_paths_and_port(
    home: Home, toolbox: Toolbox
) -> None:
    rendered = render(home, toolbox, load_credentials(home), 4711).galaxy

    assert rendered["gravity"]["gunicorn"]["bind"] == "127.0.0.1:4711"
    assert rendered["galaxy"]["galaxy_infrastructure_url"] == "http://127.0.0.1:4711"
    assert rendered["galaxy"]["file_path"] == f"{home.database}/objects"
    assert isinstance(rendered["galaxy"]["job_config"]["runners"]["local"]["workers"], int)


def test_no_placeholder_is_left_in_the_settings(home: Home, toolbox: Toolbox) -> None:
    rendered = render(home, toolbox, load_credentials(home), 4711)

    assert "$" not in yaml.safe_dump(rendered.galaxy)


def test_secrets_are_not_part_of_what_a_server_is_recognised_by(
    home: Home, toolbox: Toolbox
) -> None:
    first = render(home, toolbox, load_credentials(home), 4711)
    second = render(home, toolbox, load_credentials(home), 4711)

    assert first.digest() == second.digest()


def test_configuration_with_the_keys_is_readable_by_its_owner_alone(
    home: Home, toolbox: Toolbox, caller: Account
) -> None:
    credentials = load_credentials(home)
    written = write(render(home, toolbox, credentials, 4711), home, caller, credentials)

    assert credentials.bootstrap_key in written.read_text()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o700


def test_tool_list_names_the_suite_s_tools_and_upload(home: Home, toolbox: Toolbox) -> None:
    tool_conf = render(home, toolbox, load_credentials(home), 4711).tool_conf

    assert str(toolbox.files[0]) in tool_conf
    assert "galaxy/tools/bundled/data_source/upload.xml" in tool_conf


def test_tools_are_known_by_the_id_in_their_xml(toolbox: Toolbox) -> None:
    assert toolbox.ids() == ["run_it_2"]


def test_package_script_puts_a_folder_with_a_difficult_name_on_the_path(tmp_path: Path) -> None:
    home = Home(tmp_path / 'a "b" $HOME `id` \\c')
    home.packages.mkdir(parents=True)
    write_package_dependency(home)
    script = home.packages / "notebook-runner" / "default" / "env.sh"

    shown = subprocess.run(
        ["sh", "-c", '. "$0"; printf %s "$PATH"', script],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert shown.startswith(f"{home.environment('runner') / 'bin'}:")


def test_package_is_found_in_this_version_and_as_the_default(home: Home) -> None:
    write_package_dependency(home)
    folder = home.packages / "notebook-runner"

    assert (folder / __version__ / "env.sh").is_file()
    assert (folder / "default").resolve() == folder / __version__


def test_missing_galaxy_is_an_error_that_says_what_to_run(tmp_path: Path) -> None:
    from notebook_runner.local_galaxy.configuration import galaxy_package

    with pytest.raises(InstallError, match="make setup"):
        galaxy_package(Home(tmp_path))
