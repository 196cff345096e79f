"""The ``notebook-runner image`` command group."""

from __future__ import annotations

import click

from notebook_runner.cli.lazy_group import LazyGroup
from notebook_runner.errors import ImageError

#: subcommand: (module with a click command of the same name, short help)
COMMANDS: dict[str, tuple[str, str]] = {
    name: (f"notebook_runner.cli.image.{name}", text)
    for name, text in {
        "list": "Show the images, their variants, and which are built.",
        "build": "Build an image, probe it, check what was declared, and tag it.",
        "test": "Run the tests of an image, from inside.",
        "probe": "Tell what is in an image, a container or a local environment.",
        "diff": "Compare two manifests or images.",
        "lock": "Resolve the images' lock files anew.",
        "size": "Tell what makes an image large, against its budget.",
    }.items()
}
#: What the extra `images` brings, by the name it is imported under.
_NEEDED = {"docker", "packaging", "pydantic"}


class _ImageGroup(LazyGroup):
    """Commands that need more than a run does, and say so where it is missing."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            package = str(error.name).partition(".")[0]
            if package not in _NEEDED:
                raise
            raise ImageError(
                f"The image commands need the package {package}, which is not installed: "
                "pip install 'galaxy-notebook-runner[images]'"
            ) from error


@click.group(cls=_ImageGroup, commands_in=COMMANDS)
def image() -> None:
    """Build, test and compare the container images."""
