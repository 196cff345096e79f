"""``notebook-runner image size``: what makes an image large."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebook_runner.images.size import Layer, PackageSize

_COMMAND_WIDTH = 80


@click.command()
@click.argument("image")
@click.option(
    "--variant", default="cpu", show_default=True, metavar="V", help="The variant of IMAGE."
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="How many packages to show.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all layers and packages as JSON.")
def size(image: str, variant: str, top: int, as_json: bool) -> None:
    """Tell what makes IMAGE large, by layer and by package, against its budget.

    The exit code is 46 when it is larger than containers/images.yml allows.

    Example: notebook-runner image size lab-tensorflow --top 10
    """
    from notebook_runner.images.catalogue import select
    from notebook_runner.images.engine import connect, explained, find_image
    from notebook_runner.images.probe_target import probe_image
    from notebook_runner.images.size import check_budget, list_layers, list_packages

    spec = select(image, variant)
    client = connect()
    built = find_image(client, spec)
    with explained(client):
        layers = list_layers(built)
    manifest = probe_image(spec)
    packages = list_packages(manifest)
    total = sum(layer.size for layer in layers)
    if as_json:
        click.echo(_as_json(manifest.probed, total, spec.budget, layers, packages))
    else:
        _show(f"{manifest.probed}", total, spec.budget, layers, packages[:top])
    check_budget(spec, manifest)


def _as_json(
    name: str, total: int, budget: int, layers: Sequence[Layer], packages: Sequence[PackageSize]
) -> str:
    return json.dumps(
        {
            "image": name,
            "size": total,
            "budget": budget,
            "layers": [
                {**layer._asdict(), "created": layer.created.isoformat()} for layer in layers
            ],
            "packages": [package._asdict() for package in packages],
        },
        indent=1,
    )


def _show(
    name: str, total: int, budget: int, layers: Sequence[Layer], packages: Sequence[PackageSize]
) -> None:
    from notebook_runner.cli.image.tables import in_mb, print_line, print_table

    print_table(
        f"Layers of {name}",
        ["size", "made by"],
        [[in_mb(layer.size), _shorten(layer.command)] for layer in layers],
        numbers=["size"],
    )
    print_table(
        "Largest packages",
        ["size", "package", "environment"],
        [[in_mb(package.size), package.name, package.environment] for package in packages],
        numbers=["size"],
    )
    print_line(f"{in_mb(total)} of {in_mb(budget)} ({100 * total / budget:.0f} %)")


def _shorten(command: str) -> str:
    return command if len(command) <= _COMMAND_WIDTH else command[: _COMMAND_WIDTH - 1] + "…"
