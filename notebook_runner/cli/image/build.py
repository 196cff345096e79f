"""``notebook-runner image build``: from the locks to a tagged image."""

from __future__ import annotations

import json
import re

import click

from notebook_runner.cli.termination import terminable
from notebook_runner.images.catalogue import GB, select

_STEP = re.compile(r"#\d+ (\[[^\]]*\d+/\d+\] .*)")
_WIDTH = 100


@click.command(short_help="Build an image, probe it, check what was declared, and tag it.")
@click.argument("image")
@click.option("--variant", default="cpu", show_default=True, metavar="V", help="cpu or gpu")
@click.option("--base", metavar="REFERENCE", help="stand on this plain Debian or Ubuntu image")
@click.option("--no-cache", is_flag=True, help="make every layer anew")
@click.option("--verbose", is_flag=True, help="show the whole log of the build")
@click.option("--json", "as_json", is_flag=True, help="print a summary for programs")
def build(
    image: str,
    *,
    variant: str,
    base: str | None,
    no_cache: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Build IMAGE, probe it, check what was declared of it, and give it its tag.

    The tag is computed from what is in the image. A build fails when what images.yml declares
    and what was found differ, or when the image is larger than its budget.

    Example: notebook-runner image build lab-tensorflow --variant cpu
    """
    from notebook_runner.images.build import build as build_image

    spec = select(image, variant)
    say = _say_all if verbose else _say_steps
    with terminable():
        built = build_image(spec, base=base, cached=not no_cache, say=say)
    identity = built.identity
    if as_json:
        click.echo(
            json.dumps(
                {
                    "reference": identity.reference,
                    "content_id": identity.content_id,
                    "lock_hash": identity.lock_hash,
                    "size": built.size,
                    "budget": built.budget,
                    "seconds": round(built.seconds, 1),
                }
            )
        )
        return
    click.echo(identity.reference)
    click.echo(f"  size     {built.size / GB:.2f} GB of {built.budget / GB:.2f} GB")
    click.echo(f"  content  {identity.content_id}")
    click.echo(f"  locks    {identity.lock_hash}")
    click.echo(f"  built in {built.seconds:.0f} s")


def _say_all(line: str) -> None:
    click.echo(line, err=True)


def _say_steps(line: str) -> None:
    step = _STEP.match(line)
    text = step[1] if step else "" if line.startswith("#") else line
    # A step is a command of many lines: its beginning tells which.
    text = re.sub(r"(--mount=\S+\s*)+", "", text)
    if text.strip():
        click.echo(text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…", err=True)
