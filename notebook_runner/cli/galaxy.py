"""``notebook-runner galaxy``: a real Galaxy on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notebook_runner.cli.termination import terminable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_runner.local_galaxy.handle import LocalGalaxy
    from notebook_runner.local_galaxy.instance import Instance

_URL_VARIABLES = ("GALAXY_URL", "PLANEMO_GALAXY_URL")
_USER_KEY_VARIABLES = ("GALAXY_API_KEY", "PLANEMO_GALAXY_USER_KEY")
_WATCH_EVERY_S = 2.0

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
    help="Make this environment too: kernel-tensorflow, lab or server (repeatable).",
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
    with terminable():
        running = instance.up(port)
    _describe(instance, running)


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
    with stopping_at_the_end(instance):
        _describe(instance, instance.up(port))
        serve_on(instance)


@galaxy.command()
@_home_option
@_port_option
def demo(home: Path | None, port: int | None) -> None:
    """Run the demo notebook in Galaxy, show what it left, and serve until Ctrl-C.

    Without a terminal Galaxy is stopped when the demo has ended, unless it ran before.
    """
    from notebook_runner.cli.demo import show_demo

    instance = _find(home)
    attended = sys.stdin.isatty() and sys.stdout.isatty()
    stays = not attended and instance.status()["running"]
    with stopping_at_the_end(instance, stays=stays):
        running = instance.up(port)
        _describe(instance, running)
        show_demo(instance, running)
        if attended:
            serve_on(instance)


@galaxy.command("exec", context_settings={"ignore_unknown_options": True})
@_home_option
@click.option(
    "--containers",
    is_flag=True,
    help="Be the account whose notebooks run in containers; needs a Docker engine.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(home: Path | None, command: tuple[str, ...], *, containers: bool) -> None:
    """Run COMMAND with the local Galaxy's address and API key in its environment.

    Set are GALAXY_URL and GALAXY_API_KEY, and the variables that planemo reads
    (PLANEMO_GALAXY_URL, _ADMIN_KEY, _USER_KEY). Galaxy is started where it does
    not run, and then stopped again.
    """
    from notebook_runner.local_galaxy.containers import as_containers_account, check_containers

    instance = _find(home)
    if containers:
        check_containers(instance)
    was_running = instance.status()["running"]
    running = instance.up()
    try:
        user = as_containers_account(running, instance) if containers else running
        env = {
            **os.environ,
            **dict.fromkeys(_USER_KEY_VARIABLES, user.api_key),
            **dict.fromkeys(_URL_VARIABLES, running.url),
            "PLANEMO_GALAXY_ADMIN_KEY": running.api_key,
        }
        code = subprocess.run(command, check=False, env=env).returncode
    except OSError as error:
        raise click.UsageError(f"{command[0]} cannot be run: {error.strerror}.") from error
    finally:
        if not was_running:
            instance.down()
    # A command that a signal ended has a negative code here; shells say 128 + signal.
    sys.exit(code if code >= 0 else 128 - code)


@galaxy.command()
@_home_option
@click.option("--all", "everything", is_flag=True, help="Remove the environments too.")
def clean(home: Path | None, *, everything: bool) -> None:
    """Stop Galaxy and remove its histories, accounts, keys and logs."""
    instance = _find(home)
    instance.clean(everything=everything)
    click.echo(f"Cleaned {instance.home.path}")


@contextmanager
def stopping_at_the_end(instance: Instance, *, stays: bool = False) -> Iterator[None]:
    """Stop Galaxy when the block is left, unless it ``stays``; Ctrl-C and SIGTERM leave it too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        click.echo("Stopping …" if not stays else "Interrupted.", err=True)
    finally:
        # A second Ctrl-C, by an impatient hand, must not leave processes behind.
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if not stays:
            instance.down()
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGTERM, before)


def serve_on(instance: Instance) -> None:
    """Keep serving until a signal comes, or the server ends."""
    click.echo("Ctrl-C stops it.")
    while instance.watch():
        time.sleep(_WATCH_EVERY_S)
    click.echo(
        "Galaxy was stopped by `notebook-runner galaxy down`, or a command like it.", err=True
    )


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
