"""A command group that imports a subcommand when it is called and not before."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyGroup(click.Group):
    """A group whose help names its subcommands without importing them.

    Parameters
    ----------
    commands_in
        For each subcommand the module that has a click command of its name,
        and a short help. In the module a ``-`` of the name is a ``_``.
    """

    def __init__(
        self, *args: Any, commands_in: Mapping[str, tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._commands_in = commands_in

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the subcommands, in the order of their definition."""
        return list(self._commands_in)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import the subcommand ``cmd_name``; ``None`` when there is none of that name."""
        if cmd_name not in self._commands_in:
            return None
        module, _ = self._commands_in[cmd_name]
        command = getattr(import_module(module), cmd_name.replace("-", "_"))
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{cmd_name} is not a click command")
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """List the subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._commands_in.items()])
