"""The ``notebook-runner`` command group.

Subcommands are imported when they are called and not before, so that
``notebook-runner --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from notebook_runner import __version__
from notebook_runner.errors import InterruptedRunError, NotebookRunnerError, OutputError

#: subcommand: (module with a click command of the same name as the subcommand, short help)
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("notebook_runner.cli.run", "Run a notebook without a screen."),
    "submit": ("notebook_runner.cli.submit", "Run a notebook as a job of a Galaxy server."),
    "galaxy": ("notebook_runner.cli.galaxy", "Install, start and stop a Galaxy on this machine."),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the subcommands, in the order of their definition."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import the subcommand ``cmd_name``; ``None`` when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command = getattr(import_module(module), cmd_name)
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
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="notebook-runner")
def cli() -> None:
    """Run Jupyter notebooks headlessly, on this machine or in Galaxy."""


def main() -> None:
    """Run the command line; an error of the user's ends in one message and its exit code."""
    try:
        code = cli.main(prog_name="notebook-runner", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(InterruptedRunError.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except NotebookRunnerError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Nobody reads on; what was done is done. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(OutputError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
