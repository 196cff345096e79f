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
@click.option("--variant", metavar="V", help="The variant of IMAGE (default: cpu).")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="How many packages to show.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all layers and packages as JSON.")
def size(image: str, variant: str | None, top: int, as_json: bool) -> None:
    """Tell what makes IMAGE large, by layer and by package, against its budget.

    IMAGE is NAME or NAME/VARIANT of containers/images.yml, or the reference
    of an image that was built of it.

    The exit code is 46 when it is larger than containers/images.yml allows.

    Example: notebook-runner image size lab-tensorflow --top 10
    """
    from notebook_runner.images.engine import explained
    from notebook_runner.images.probe_target import find_ours, probe_built
    from notebook_runner.images.size import check_budget, list_layers, list_packages

    spec, built = find_ours(image, variant)
    with explained(built.client):
        layers = list_layers(built)
    manifest = probe_built(built)
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
