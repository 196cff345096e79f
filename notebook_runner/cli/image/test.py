"""``notebook-runner image test``: the tests that look into an image from inside."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import click

from notebook_runner.errors import ImageError
from notebook_runner.images.catalogue import select


@click.command(short_help="Run the tests of an image, from inside.")
@click.argument("image")
@click.option("--variant", default="cpu", show_default=True, metavar="V", help="cpu or gpu")
@click.argument("pytest_options", nargs=-1, type=click.UNPROCESSED)
def test(image: str, variant: str, pytest_options: tuple[str, ...]) -> None:
    """Run the tests of IMAGE and of the images that it stands on, inside containers of it.

    Options after -- go to pytest. GPU tests run where there is a GPU, and are counted as
    skipped where there is none.

    Example: notebook-runner image test lab-torch --variant gpu -- -m gpu
    """
    from notebook_runner.images.engine import connect, find_image

    spec = select(image, variant)
    engine = connect()
    try:
        # Said here in a line, not by a hundred skipped tests.
        find_image(engine, spec)
    finally:
        engine.close()
    if find_spec("pytest") is None:
        raise ImageError("The tests need pytest, which `make setup` installs.")
    tests = spec.folder.parent / "tests" / "images"
    folders = [str(tests / name) for name in spec.lineage() if (tests / name).is_dir()]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *folders, *pytest_options],
        cwd=spec.folder.parent,
        env={**os.environ, "IMAGES_UNDER_TEST": f"{spec.name}:{spec.variant}"},
        check=False,
    )
    if ended.returncode != 0:
        raise ImageError(f"Tests of {image} ({variant}) failed; see above.")
