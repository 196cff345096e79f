"""The server's configuration files, rendered from ``settings.yml``."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import yaml

from notebook_runner import __version__
from notebook_runner.errors import InstallError
from notebook_runner.local_galaxy.credentials import CONTAINERS_EMAIL
from notebook_runner.local_galaxy.tools import Toolbox, render_tool_conf

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.account import Account
    from notebook_runner.local_galaxy.credentials import Credentials
    from notebook_runner.local_galaxy.home import Home

HOST = "127.0.0.1"
#: The name by which a tool requires this package.
PACKAGE = "notebook-runner"
#: Tools whose HTML may be shown as such: it runs nothing that a user made.
TOOLS_WITH_CLEAN_HTML = ("run_notebook",)


@dataclass(frozen=True)
class Configuration:
    """What is written for one start of the server."""

    galaxy: dict[str, Any]
    tool_conf: str
    #: Python modules that the server's processes load, by their file names
    library: dict[str, str]

    def digest(self) -> str:
        """Digest what a server reads only when it starts; the secrets are left out."""
        text = json.dumps([self.galaxy, self.library], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def server_url(port: int) -> str:
    """Return the address that the server answers at."""
    return f"http://{HOST}:{port}"


def render(home: Home, toolbox: Toolbox, credentials: Credentials, port: int) -> Configuration:
    """Fill in ``settings.yml`` and ``destinations.yml``; the secrets are left out.

    Parameters
    ----------
    port
        Where the server listens.
    """
    values = {
        "host": HOST,
        "port": str(port),
        "url": server_url(port),
        "config": str(home.config),
        "database": str(home.database),
        "home": str(home.path),
        "packages": str(home.packages),
        "login_email": credentials.login_email,
        "containers_email": CONTAINERS_EMAIL,
        # Two jobs at least, so that a short one need not wait for a long one.
        "workers": str(min(4, max(2, os.cpu_count() or 2))),
        # A container cannot be given more than there are.
        "cores": str(min(2, os.cpu_count() or 1)),
    }
    filled = _fill(_read("settings.yml"), values)
    dispatcher = filled["galaxy"]["job_config"]["execution"]["environments"]["tpv"]
    dispatcher["tpv_configs"] = [_fill(_read("destinations.yml"), values)]
    return Configuration(
        filled, render_tool_conf(toolbox, galaxy_package(home) / "tools"), _read_library()
    )


def write(
    configuration: Configuration, home: Home, account: Account, credentials: Credentials
) -> Path:
    """Write the server's files, readable for its account alone.

    Returns
    -------
    Path
        ``galaxy.yml``.
    """
    galaxy = {
        **configuration.galaxy["galaxy"],
        "bootstrap_admin_api_key": credentials.bootstrap_key,
        "id_secret": credentials.id_secret,
    }
    for folder in (
        home.config / "managed",
        home.config / "none",
        home.config / "tool-data",
    ):
        folder.mkdir(mode=0o700, exist_ok=True)
        account.own(folder)
    write_tool_conf(configuration, home, account)
    _write_private(home.config / "tool_data_tables.xml", "<tables/>\n", account)
    allowed = "".join(f"{tool}\n" for tool in TOOLS_WITH_CLEAN_HTML)
    _write_private(home.config / "sanitize_allowlist.txt", allowed, account)
    target = home.config / "galaxy.yml"
    content = yaml.safe_dump({**configuration.galaxy, "galaxy": galaxy}, sort_keys=False)
    _write_private(target, content, account)
    _write_library(configuration, home, account)
    write_package_dependency(home)
    return target


def _read(name: str) -> Any:
    return yaml.safe_load(files("notebook_runner.local_galaxy").joinpath(name).read_text())


def _read_library() -> dict[str, str]:
    folder = files("notebook_runner.local_galaxy").joinpath("server_lib")
    sources = [file for file in folder.iterdir() if file.name.endswith(".py")]
    return {source.name: source.read_text() for source in sorted(sources, key=lambda s: s.name)}


def _write_library(configuration: Configuration, home: Home, account: Account) -> None:
    """Write what the server's Pythons load: gravity puts ``lib``, where it runs, on their path."""
    library = home.server / "lib"
    library.mkdir(mode=0o700, exist_ok=True)
    account.own(library)
    for name, text in configuration.library.items():
        _write_private(library / name, text, account)


def write_tool_conf(configuration: Configuration, home: Home, account: Account) -> None:
    """Write the list of tools, which a running server can read again."""
    _write_private(home.config / "tool_conf.xml", configuration.tool_conf, account)


def write_package_dependency(home: Home) -> None:
    """Let Galaxy's package resolver find this package, in this version and as the default."""
    folder = home.packages / PACKAGE / __version__
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "env.sh"
    runner = home.environment("runner") / "bin"
    script.write_text(f'PATH="{_quote(runner)}:$PATH"\nexport PATH\n')
    for path in (folder.parent, folder, script):
        path.chmod(0o644 if path.is_file() else 0o755)
    default = folder.parent / "default"
    if not default.is_symlink() or default.readlink() != Path(__version__):
        default.unlink(missing_ok=True)
        default.symlink_to(__version__)


def galaxy_package(home: Home) -> Path:
    """Find the package ``galaxy`` in the server's environment.

    Raises
    ------
    InstallError
        When it is not there.
    """
    found = sorted(home.environment("galaxy").glob("lib/python3*/site-packages/galaxy"))
    if not found:
        raise InstallError(
            f"Galaxy is not installed in {home.environment('galaxy')}. Run `make setup`."
        )
    return found[0]


def _fill(value: Any, values: dict[str, str]) -> Any:
    """Fill the ``${names}`` of all texts in a nested structure."""
    if isinstance(value, dict):
        return {key: _fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    if isinstance(value, str):
        filled = Template(value).substitute(values)
        # A number that was a placeholder is a number again.
        return int(filled) if value.startswith("${") and filled.isdecimal() else filled
    return value


def _quote(path: Path) -> str:
    """Escape a path for a double-quoted word of a POSIX shell."""
    text = str(path)
    for character in ("\\", '"', "$", "`"):
        text = text.replace(character, f"\\{character}")
    return text


def _write_private(target: Path, text: str, account: Account) -> None:
    """Write a file that only the server's account can read, from its first byte on."""
    draft = target.with_name(f"{target.name}.draft")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    account.own(draft)
    draft.replace(target)
