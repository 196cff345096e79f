"""``notebook-runner galaxy``: a real Galaxy on this machine."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.instance import Instance, LocalGalaxy

_home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="State folder. Default: $NOTEBOOK_RUNNER_HOME, else a folder beside the sources.",
)
_port_option = click.option(
    "--port",
    type=click.IntRange(1024, 65535),
    help="Port to listen on. Default: the last one, else a free one.",
)


@click.group()
def galaxy() -> None:
    """Install, start and stop a Galaxy on this machine.

    It offers the tools of this suite, listens on this machine alone, and keeps
    all it has in one folder. Started by root, it runs as an account of its own.
    """


@galaxy.command()
@_home_option
@click.option(
    "--with",
    "extra",
    multiple=True,
    metavar="ENVIRONMENT",
    help="Make this environment too: kernel-tensorflow or lab (repeatable).",
)
def install(home: Path | None, extra: tuple[str, ...]) -> None:
    """Make the environments of Galaxy, the runner and the kernels."""
    instance = _find(home)
    if not instance.install(extra):
        click.echo(f"Everything is installed in {instance.home.environments}", err=True)


@galaxy.command()
@_home_option
@_port_option
def up(home: Path | None, port: int | None) -> None:
    """Start Galaxy, or bring a running one up to date with the sources."""
    instance = _find(home)
    _describe(instance, instance.up(port))


@galaxy.command()
@_home_option
def down(home: Path | None) -> None:
    """Stop Galaxy and everything that it has started, running jobs included."""
    ended = _find(home).down()
    click.echo(f"Stopped ({ended} processes)." if ended else "Galaxy was not running.")


@galaxy.command()
@_home_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def status(home: Path | None, *, as_json: bool) -> None:
    """Say whether Galaxy runs, where, and where its keys and logs are."""
    described = _find(home).status()
    if as_json:
        click.echo(json.dumps(described, indent=1))
        return
    for name, value in described.items():
        click.echo(f"{name.replace('_', ' '):14} {'-' if value is None else value}")


@galaxy.command()
@_home_option
def root(home: Path | None) -> None:
    """Print a folder for planemo's option --galaxy_root.

    Use it as `planemo test --galaxy_root FOLDER --skip_venv
    --no_dependency_resolution TOOL.xml`.
    """
    from notebook_runner.local_galaxy.planemo_root import make_planemo_root

    instance = _find(home)
    instance.install()
    click.echo(make_planemo_root(instance.home))


@galaxy.command()
@_home_option
@_port_option
def serve(home: Path | None, port: int | None) -> None:
    """Start Galaxy and keep it until Ctrl-C."""
    instance = _find(home)
    with stopping_on_signals() as stopped:
        try:
            _describe(instance, instance.up(port))
            click.echo("Ctrl-C stops it.")
            stopped.wait()
        finally:
            click.echo("Stopping …")
            instance.down()


class stopping_on_signals:  # noqa: N801  (reads as the verb that it is)
    """Turn SIGINT and SIGTERM into an event while something is served."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._before: dict[int, object] = {}

    def __enter__(self) -> threading.Event:
        """Begin to listen for the signals."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, lambda *_: self._event.set())
        return self._event

    def __exit__(self, *_: object) -> None:
        """Give the signals back to who had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


def _find(home: Path | None) -> Instance:
    from notebook_runner.local_galaxy.instance import Instance

    return Instance.find(home, say=lambda text: click.echo(text, err=True))


def _describe(instance: Instance, running: LocalGalaxy) -> None:
    """Print where Galaxy is and how to log in."""
    described = instance.status()
    for tool in running.missing_tools:
        click.echo(
            f"Warning: Galaxy did not load the tool {tool!r}; see {described['log']}", err=True
        )
    click.echo(f"Galaxy {described['galaxy_version']} runs at {running.url}")
    click.echo(f"  log in    {running.url}/login/start")
    click.echo(f"  e-mail    {described['login_email']}")
    click.echo(f"  password  in {described['password_file']}")
    click.echo(f"  API key   in {described['api_key_file']}")
    click.echo(f"  log       {described['log']}")
