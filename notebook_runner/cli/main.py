"""The ``notebook-runner`` command group.

Subcommands are imported when they are called and not before, so that
``notebook-runner --help`` answers at once.
"""

from __future__ import annotations

import os
import sys

import click

from notebook_runner import __version__
from notebook_runner.cli.lazy_group import LazyGroup
from notebook_runner.errors import InterruptedRunError, NotebookRunnerError, OutputError

#: subcommand: (module with a click command of the same name as the subcommand, short help)
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("notebook_runner.cli.run", "Run a notebook without a screen."),
    "submit": ("notebook_runner.cli.submit", "Run a notebook as a job of a Galaxy server."),
    "galaxy": ("notebook_runner.cli.galaxy", "Install, start and stop a Galaxy on this machine."),
    "lab": ("notebook_runner.cli.lab", "Open JupyterLab in a container, on a folder."),
    "image": ("notebook_runner.cli.image", "Build, test and compare the container images."),
}


@click.group(
    cls=LazyGroup, commands_in=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
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
