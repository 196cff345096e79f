"""``notebook-runner image list``: the images, their variants, and which are built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from notebook_runner.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebook_runner.images.catalogue import ImageSpec
    from notebook_runner.images.engine_inventory import BuiltVariant

_DAY_LENGTH = len("2026-01-01")
_Key = tuple[str, str]


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list(as_json: bool) -> None:  # noqa: A001 - the group finds a command by its name
    """Show the images of containers/images.yml, and which of them are built here."""
    from notebook_runner.images.catalogue import every_spec

    specs = every_spec()
    built: dict[_Key, BuiltVariant | None] = {}
    try:
        built = _look(specs)
    except EngineError as error:
        click.echo(f"Note: which images are built cannot be told. {error}", err=True)
    if as_json:
        click.echo(json.dumps([_as_json(spec, built.get(_key(spec))) for spec in specs], indent=1))
    else:
        _show(specs, built)


def _look(specs: Sequence[ImageSpec]) -> dict[_Key, BuiltVariant | None]:
    from notebook_runner.images.engine import connect
    from notebook_runner.images.engine_inventory import find_built

    client = connect()
    return {_key(spec): find_built(client, spec) for spec in specs}


def _as_json(spec: ImageSpec, built: BuiltVariant | None) -> dict[str, object]:
    return {
        "image": spec.name,
        "variant": spec.variant,
        "repository": spec.repository,
        "budget": spec.budget,
        "built": None if built is None else built._asdict(),
    }


def _show(specs: Sequence[ImageSpec], built: dict[_Key, BuiltVariant | None]) -> None:
    from notebook_runner.cli.image.tables import in_mb, print_table

    rows = []
    for spec in specs:
        name = f"{spec.name}/{spec.variant}"
        found = built.get(_key(spec))
        if found is None:
            rows.append([name, "-", in_mb(spec.budget), "not built" if built else "-"])
            continue
        state = "locks current" if found.is_current else "other locks"
        rows.append([name, in_mb(found.size), in_mb(spec.budget), state])
        # On a line of its own a reference stays whole on a narrow terminal.
        rows.append([found.reference, "", "", f"built {found.created[:_DAY_LENGTH]}"])
    print_table("Images", ["image", "size", "budget", "state"], rows, numbers=["size", "budget"])


def _key(spec: ImageSpec) -> _Key:
    return spec.name, spec.variant
