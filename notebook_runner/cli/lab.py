"""``notebook-runner lab``: JupyterLab in a container, on a folder of this machine."""

from __future__ import annotations

import os
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from notebook_runner.cli.termination import terminable
from notebook_runner.errors import GalaxyKeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_runner.images.lab_container import LabEngine, LabPlan, RunningLab
    from notebook_runner.images.lab_container_choice import LabChoice

#: Seconds for an image to answer that has just come from a slow disk.
_ANSWER_LIMIT_S = 180.0
#: How a lab ends that was closed from its menu, or with `docker stop`.
_CLOSED = {0, 128 + signal.SIGTERM}

_PAGE = """<!doctype html><meta charset="utf-8"><title>JupyterLab</title>
<meta http-equiv="refresh" content="0; url={url}"><a href="{url}">JupyterLab</a>
"""


@click.command(
    epilog="Example: notebook-runner lab ~/analysis --flavour torch -- --LabApp.default_url=/tree"
)
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.argument("options", nargs=-1, metavar="[-- OPTIONS OF JUPYTERLAB]")
@click.option(
    "--flavour",
    type=click.Choice(["plain", "tensorflow", "torch", "jax"]),
    help="Which frameworks the kernels have (default: plain, scikit-learn only).",
)
@click.option(
    "--variant",
    type=click.Choice(["auto", "cpu", "gpu"]),
    help="Which variant of the image (default: auto, gpu if a GPU can be used).",
)
@click.option("--image", metavar="REF", help="Another image of this machine, by its name.")
@click.option(
    "--gpu/--no-gpu", default=None, help="Insist on the GPU, or leave it out (default: if it can)."
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port of this machine (default: a free one, from 8888 on).",
)
@click.option(
    "--engine",
    "engine_name",
    type=click.Choice(["docker", "podman"]),
    help="Container engine (default: Docker, or Podman where only that works).",
)
@click.option("--no-browser", is_flag=True, help="Print the link and open no browser.")
@click.option(
    "--galaxy",
    "galaxy_url",
    metavar="URL",
    help="Galaxy that notebooks are submitted to from this lab.",
)
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    help="File with your API key for it; every notebook that you run there can read it.",
)
def lab(folder: Path, options: tuple[str, ...], **choices: Any) -> None:
    """Open JupyterLab in a container, on FOLDER (default: this one).

    What you write there is yours, here. The lab listens on this machine only and
    asks for a token, which is in the link that is printed. Ctrl-C closes it.
    """
    from notebook_runner.images.lab_container_choice import choose_engine
    from notebook_runner.images.lab_container_place import check_folder

    if choices["image"] == "":
        raise click.UsageError("--image names no image.")
    if choices["image"] and (choices["flavour"] or choices["variant"]):
        raise click.UsageError("--image names a whole image: leave out --flavour and --variant.")
    if choices["api_key_file"] and not choices["galaxy_url"]:
        raise click.UsageError("--api-key-file is for a Galaxy: name it with --galaxy URL.")
    if choices["galaxy_url"] is not None:
        _check_url(choices["galaxy_url"])
    whole = check_folder(folder)
    engine = choose_engine(choices["engine_name"])
    choice, plan = _plan(engine, whole, options, choices)
    for line in (f"Opening {plan.image.name} on {plan.folder} ({engine.name})", choice.note):
        if line:
            click.echo(line, err=True)
    with terminable(), _hangup_as_termination():
        _serve(engine, plan, open_browser=not choices["no_browser"])


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound:
        raise click.UsageError(f"--galaxy {url!r} is no address such as https://usegalaxy.org.")


def _plan(
    engine: LabEngine, folder: Path, options: tuple[str, ...], choices: dict[str, Any]
) -> tuple[LabChoice, LabPlan]:
    """Check what can be checked here, before anything is started."""
    from notebook_runner.images.lab_container import INSIDE_KEY_FILE, LabPlan
    from notebook_runner.images.lab_container_place import (
        choose_port,
        find_certificates,
        is_this_machine,
    )

    choice = _choose(engine, choices)
    galaxy_url: str | None = choices["galaxy_url"]
    key_file = _checked_key_file(choices["api_key_file"], folder)
    environment = {}
    if galaxy_url is not None:
        environment["GALAXY_URL"] = galaxy_url
    if key_file is not None:
        environment["GALAXY_API_KEY_FILE"] = INSIDE_KEY_FILE
    plan = LabPlan(
        image=choice.image,
        folder=folder,
        port=choose_port(choices["port"]),
        gpu=choice.gpu,
        # Where only this machine's own network leads to that Galaxy.
        on_host_network=galaxy_url is not None and is_this_machine(galaxy_url),
        key_file=key_file,
        certificates=find_certificates(os.environ),
        environment=environment,
        options=options,
    )
    return choice, plan


def _choose(engine: LabEngine, choices: dict[str, Any]) -> LabChoice:
    from notebook_runner.images.lab_container_choice import (
        LabChoice,
        choose_gpu,
        choose_image,
        find_gpu_obstacle,
        find_named,
    )

    obstacle = find_gpu_obstacle(engine)
    if choices["image"]:
        given = choose_gpu(choices["gpu"], obstacle)
        return LabChoice(find_named(engine, choices["image"]), given)
    return choose_image(
        engine,
        flavour=choices["flavour"] or "plain",
        variant=choices["variant"] or "auto",
        gpu=choices["gpu"],
        obstacle=obstacle,
    )


def _checked_key_file(key_file: Path | None, folder: Path) -> Path | None:
    """Refuse a file that holds no key, or that the lab's user could not read."""
    from notebook_runner.galaxy.keys import read_key
    from notebook_runner.images.lab_container_place import choose_user

    if key_file is None:
        return None
    read_key(key_file)
    user, _ = choose_user(folder)
    if key_file.stat().st_uid != user:
        raise GalaxyKeyError(
            f"The lab works as user {user}, who cannot read {key_file}. "
            "Make a copy that belongs to this user and to nobody else."
        )
    return key_file.resolve()


def _serve(engine: LabEngine, plan: LabPlan, *, open_browser: bool) -> None:
    """Run the lab until it is closed; whatever happens, no container is left."""
    from notebook_runner.images.lab_container import (
        ended_early,
        lacks_requirements,
        wait_until_it_answers,
    )

    running: RunningLab | None = None
    try:
        running = engine.start(plan)
        wait_until_it_answers(running, plan, _ANSWER_LIMIT_S)
        click.echo(plan.url)
        if lacks_requirements(running):
            log = f"{engine.name.lower()} logs {plan.name}"
            click.echo(f"requirements.txt was not installed. What came of it: {log}", err=True)
        click.echo("Ctrl-C closes the lab.", err=True)
        with _browser_page(plan.url) as page:
            if open_browser and _has_screen():
                click.launch(str(page))
            code = running.wait()
        if code not in _CLOSED:
            raise ended_early(running, code)
    except KeyboardInterrupt as interrupt:
        click.echo("Closing the lab.", err=True)
        # Ctrl-C is the usual way to close it; to be terminated is not.
        if type(interrupt) is not KeyboardInterrupt:
            raise
    finally:
        if running is not None:
            for impatience in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(impatience, signal.SIG_IGN)
            running.end()


@contextmanager
def _browser_page(url: str) -> Iterator[Path]:
    """Write a page that leads to the lab: a link with a token must not be in a command line."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        page = Path(folder) / "lab.html"
        page.write_text(_PAGE.format(url=url), encoding="utf-8")
        yield page


def _has_screen() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def _hangup_as_termination() -> Iterator[None]:
    """End by a closed terminal as by SIGTERM."""
    before = signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
