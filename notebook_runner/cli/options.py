"""Options that several commands share: what a notebook is given."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

#: Ten years: longer is a mistake.
_LONGEST_S = 10 * 365 * 86400.0
_Command = TypeVar("_Command", bound="Callable[..., Any]")


class NamedPath(click.ParamType[tuple[str, Path]]):
    """``NAME=PATH``."""

    name = "NAME=PATH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Path]:
        """Split at the first equals sign."""
        if isinstance(value, tuple):
            return value
        name, separator, path = str(value).partition("=")
        if not separator or not name or not path:
            self.fail(f"{value!r} is not of the form NAME=PATH.", param, ctx)
        return name, Path(path)


class Seconds(click.FloatRange):
    """A number of seconds above zero."""

    name = "number of seconds"

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True, max=_LONGEST_S)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Refuse what is no finite number of seconds."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return seconds


def notebook_options(command: _Command) -> _Command:
    """Add the options for parameters, inputs and time limits, the same in every command."""
    options = [
        click.option(
            "-p",
            "--param",
            "params",
            type=(str, str),
            multiple=True,
            metavar="NAME VALUE",
            help="Set a parameter; may be repeated.",
        ),
        click.option(
            "--params-file",
            type=click.Path(path_type=Path),
            help="Read parameters from a JSON or YAML file; -p wins.",
        ),
        click.option(
            "-i",
            "--input",
            "inputs",
            type=NamedPath(),
            multiple=True,
            metavar="NAME=PATH",
            help="Give the notebook a file by a name. The same name twice, or a folder, "
            "makes a list.",
        ),
        click.option(
            "--timeout",
            type=Seconds(),
            metavar="SECONDS",
            help="Stop the run after this time.",
        ),
        click.option(
            "--cell-timeout",
            type=Seconds(),
            metavar="SECONDS",
            help="Stop the run when one cell takes longer than this.",
        ),
        click.option(
            "--report/--no-report",
            default=True,
            help="Whether to write report.html (default: yes).",
        ),
        click.option("--gpu", is_flag=True, help="Refuse to run where there is no GPU."),
    ]
    for option in reversed(options):
        command = option(command)
    return command
