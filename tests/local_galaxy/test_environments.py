from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from notebook_runner.checkout.tree import Checkout
from notebook_runner.errors import InstallError
from notebook_runner.local_galaxy.environments import Installer
from notebook_runner.local_galaxy.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebook_runner.local_galaxy.account import Account


@pytest.fixture(scope="module")
def installer(
    tmp_path_factory: pytest.TempPathFactory, copy_sources: Callable[[Path], None]
) -> Installer:
    """Environments of this package alone: the locks are empty, nothing is fetched."""
    import os

    from notebook_runner.local_galaxy.account import Account

    folder = tmp_path_factory.mktemp("checkout")
    copy_sources(folder)
    (folder / "requirements").mkdir()
    for name in ("galaxy", "kernel", "runner"):
        (folder / "requirements" / f"{name}.txt").write_text("# nothing\n")
    (folder / ".venv").mkdir()
    account = Account("caller", os.geteuid(), os.getegid(), tuple(os.getgroups()))
    home = Home(tmp_path_factory.mktemp("home"))
    home.prepare(account)
    installer = Installer(Checkout(folder), home, account)
    installer.install()
    return installer


def module_file(installer: Installer, environment: str) -> str:
    """Where an environment's own Python finds this package."""
    python = installer.home.environment(environment) / "bin" / "python"
    code = "import importlib.util as u; print(u.find_spec('notebook_runner').origin)"
    return subprocess.run(
        [python, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_package_is_installed_in_the_runner_s_and_the_kernels_environments(
    installer: Installer,
) -> None:
    for name in ("runner", "kernel"):
        assert module_file(installer, name).startswith(str(installer.home.environment(name)))


def test_installed_package_is_byte_compiled(installer: Installer) -> None:
    environment = installer.home.environment("runner")

    assert list(environment.glob("lib/*/site-packages/notebook_runner/__pycache__/*.pyc"))


def test_second_installation_changes_nothing(installer: Installer) -> None:
    assert installer.install() == []


def test_interrupted_installation_is_done_again(installer: Installer) -> None:
    environment = installer.home.environment("runner")
    (environment / ".installed.json").unlink()
    (environment / "bin" / "python").unlink()

    assert installer.install() == ["runner"]
    assert module_file(installer, "runner")


def test_damaged_stamp_counts_as_not_installed(installer: Installer) -> None:
    (installer.home.environment("kernel") / ".installed.json").write_text('{"lock": ')

    assert installer.install() == ["kernel"]


def test_package_that_is_missing_makes_its_environment_anew(installer: Installer) -> None:
    environment = installer.home.environment("kernel")
    (found,) = environment.glob("lib/*/site-packages/notebook_runner")
    shutil.rmtree(found)

    assert installer.install() == ["kernel"]
    assert module_file(installer, "kernel")


def test_what_runs_in_an_environment_does_not_make_it_stale(installer: Installer) -> None:
    (folder,) = installer.home.environment("kernel").glob("lib/*/site-packages")
    (folder / "__pycache__").mkdir(exist_ok=True)

    assert not installer.stale("kernel")


def test_stamp_that_does_not_say_what_is_installed_is_taken(installer: Installer) -> None:
    stamp = installer.home.environment("kernel") / ".installed.json"
    values = json.loads(stamp.read_text())
    del values["contents"]
    stamp.write_text(json.dumps(values))

    assert installer.install() == []


def test_changed_lock_file_makes_its_environment_anew(installer: Installer) -> None:
    installer.checkout.lock("galaxy").write_text("# nothing, still\n")

    assert installer.install() == ["galaxy"]


def test_changed_source_is_installed_where_the_package_is(installer: Installer) -> None:
    module = installer.checkout.path / "notebook_runner" / "errors" / "base.py"
    module.write_text(module.read_text() + "\nCHANGED = True\n")

    assert installer.install() == ["kernel", "runner"]


def test_kernels_are_found_from_the_runner_s_and_the_developers_environment(
    installer: Installer,
) -> None:
    kernel = str(installer.home.environment("kernel") / "bin" / "python")
    for user in (installer.home.environment("runner"), installer.checkout.venv):
        spec = json.loads((user / "share/jupyter/kernels/python3/kernel.json").read_text())
        assert spec["argv"][0] == kernel


def test_unknown_environment_is_refused_with_the_known_ones(installer: Installer) -> None:
    with pytest.raises(InstallError, match="no environment 'pytorch'; expected one of galaxy"):
        installer.install(("pytorch",))


def test_lock_that_cannot_be_installed_is_an_error_with_uv_s_reason(
    installer: Installer, tmp_path: Path, caller: Account
) -> None:
    broken = Checkout(tmp_path)
    (tmp_path / "requirements").mkdir()
    for name in ("galaxy", "kernel", "runner"):
        broken.lock(name).write_text("click==0.0\n")

    with pytest.raises(InstallError, match="hash"):
        Installer(broken, Home(tmp_path / "home"), caller).install()
