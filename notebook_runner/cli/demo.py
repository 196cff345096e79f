"""``notebook-runner galaxy demo``: a notebook goes through Galaxy, and what comes out is shown."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import click

from notebook_runner.errors import GalaxyJobError

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.administration import Administration
    from notebook_runner.local_galaxy.handle import LocalGalaxy
    from notebook_runner.local_galaxy.instance import Instance

_NOTEBOOK = ("workflows", "train_digits", "train_digits.ipynb")


def show_demo(instance: Instance, running: LocalGalaxy) -> None:
    """Run the demo notebook in a new history; print its model and its link.

    The table of all that landed there is printed by ``submit``.

    Raises
    ------
    GalaxyError
        When the job or a dataset of it does not end well.
    """
    from notebook_runner.local_galaxy.administration import Administration

    history_name = time.strftime("Demo, %Y-%m-%d %H:%M:%S")
    _submit(instance, running, history_name)
    administration = Administration(running.url, running.api_key)
    found = administration.call("GET", "histories", params={"q": "name", "qv": history_name})
    history = found[0]["id"]
    datasets = _datasets(administration, history)
    onnx = [dataset for dataset in datasets if dataset["extension"] == "onnx"]
    if not onnx or any(dataset["state"] != "ok" for dataset in onnx):
        raise GalaxyJobError(
            f"The demo left no ONNX model in state ok; see {_link(running, history)}."
        )
    click.echo()
    for dataset in onnx:
        click.echo(f"ONNX model  {dataset['name']}: {dataset['state']}")
    click.echo(f"History     {_link(running, history)}")


def _submit(instance: Instance, running: LocalGalaxy, history_name: str) -> None:
    """Call ``notebook-runner submit`` as a person would, the key in the environment."""
    from notebook_runner.cli.submit import submit

    notebook = instance.checkout.path.joinpath(*_NOTEBOOK)
    arguments = [str(notebook), "--galaxy", running.url, "--history-name", history_name, "--wait"]
    before = os.environ.get("GALAXY_API_KEY")
    os.environ["GALAXY_API_KEY"] = running.api_key
    try:
        submit.main(arguments, prog_name="notebook-runner submit", standalone_mode=False)
    finally:
        if before is None:
            del os.environ["GALAXY_API_KEY"]
        else:
            os.environ["GALAXY_API_KEY"] = before


def _datasets(administration: Administration, history: str) -> list[dict[str, Any]]:
    """List the datasets of a history, those inside of collections too."""
    contents = administration.call(
        "GET",
        f"histories/{history}/contents",
        params={"v": "dev", "view": "detailed", "q": "history_content_type", "qv": "dataset"},
    )
    return [dataset for dataset in contents if not dataset.get("deleted")]


def _link(running: LocalGalaxy, history: str) -> str:
    return f"{running.url}/histories/view?id={history}"
