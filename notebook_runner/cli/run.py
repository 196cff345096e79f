"""``notebook-runner run``: run a notebook without a screen."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from notebook_runner.cli.options import notebook_options
from notebook_runner.errors import GalaxyError
from notebook_runner.execution.folder import default_folder
from notebook_runner.record.layout import NOTEBOOK, RECORD, REPORT

if TYPE_CHECKING:
    from notebook_runner.cli.console import LogProgress
    from notebook_runner.execution.request import RunRequest, RunResult


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path), required=False)
@notebook_options
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME[=@FILE]",
    help="Give the notebook a secret as environment variable NAME, taken from the environment "
    "or from a file, and hide it in everything that is written; may be repeated.",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path),
    help="Folder of the run (default: NOTEBOOK-run, -run-2 and so on, in the current folder).",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier run in the output folder.")
@click.option("--kernel", metavar="NAME", help="Kernel to run on (default: the notebook's own).")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON on standard output.")
@click.option("--help-notebook", is_flag=True, help="List the notebook's parameters and stop.")
@click.option(
    "--galaxy", "galaxy_url", metavar="URL", help="Write the results into a new history there."
)
@click.option("--history-name", metavar="NAME", help="Name of that history.")
@click.option("--tag", "tags", multiple=True, help="Tag of what is written there.")
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    envvar="GALAXY_API_KEY_FILE",
    help="File with the Galaxy API key (default: the variable GALAXY_API_KEY, or the file that "
    "GALAXY_API_KEY_FILE names).",
)
@click.option("--galaxy-job", type=click.Path(path_type=Path), hidden=True)
def run(galaxy_job: Path | None, galaxy_url: str | None, **options: Any) -> None:
    """Run NOTEBOOK from top to bottom and keep what it made.

    The folder of the run holds notebook.ipynb (executed), report.html,
    metrics.json, run.json and outputs/. It is written also when a cell fails,
    the kernel dies or the run is stopped; each ends with its own exit code
    (see docs/errors.md).
    """
    if galaxy_job is not None:
        _run_galaxy_job(galaxy_job)
        return
    if options["notebook"] is None:
        raise click.UsageError("Name the NOTEBOOK to run.")
    if options["help_notebook"]:
        _describe(options["notebook"], as_json=options["as_json"])
        return
    _run_for_person(galaxy_url, options)


def _run_for_person(galaxy_url: str | None, options: dict[str, Any]) -> None:
    destination = _Destination.check(galaxy_url, options)
    request = _request(options, hidden=[destination.key] if destination else [])
    result = _execute(request)
    if not options["as_json"]:
        _print_result(result)
    written, failure = None, None
    if destination is not None:
        try:
            written = destination.write(result.folder)
        except GalaxyError as error:
            # The run itself is safe in its folder, and how it ended comes first.
            written, failure = {"error": str(error)}, error
    if options["as_json"]:
        print(json.dumps(_summary(result, written), indent=1))  # noqa: T201
    _end(result)
    if failure is not None:
        click.echo(f"The run itself is in {result.folder}.", err=True)
        raise failure


def _run_galaxy_job(job_file: Path) -> None:
    from notebook_runner.cli.console import LogProgress
    from notebook_runner.cli.job_request import request_of_job
    from notebook_runner.galaxy.job import read_galaxy_job, write_job_results

    job = read_galaxy_job(job_file)
    folder = Path("run")
    result = None
    try:
        # Galaxy shows standard error with a failed dataset: the error is to be found there.
        result = _execute(request_of_job(job, folder), LogProgress(sys.stdout))
    finally:
        if folder.exists():
            write_job_results(job, folder, Path.cwd())
    _end(result, where="the job's outputs")


def _execute(request: RunRequest, progress: LogProgress | None = None) -> RunResult:
    from notebook_runner.cli.console import choose_progress
    from notebook_runner.execution.run import execute

    shown = progress or choose_progress()
    try:
        return execute(request, shown)
    finally:
        shown.close()


def _end(result: RunResult, *, where: str | None = None) -> None:
    """Say what went wrong and where the results are, and end with its exit code."""
    if result.error is None:
        return
    click.echo(
        f"Error: {result.record['error']['message']}"
        if result.record["error"]
        else f"Error: {result.error}",
        err=True,
    )
    traceback = (result.record["error"] or {}).get("traceback")
    if traceback:
        click.echo(traceback, err=True)
    if result.folder.exists():
        click.echo(f"What was reached is in {where or result.folder}.", err=True)
    sys.exit(result.error.exit_code)


def _request(options: dict[str, Any], *, hidden: list[str]) -> RunRequest:
    from notebook_runner.execution.context import KEY_VARIABLES
    from notebook_runner.execution.inputs import read_named_inputs
    from notebook_runner.execution.parameter_files import read_parameter_file
    from notebook_runner.execution.request import RunRequest
    from notebook_runner.execution.secrets import SHORTEST, read_secrets

    notebook: Path = options["notebook"]
    keys = [os.environ.get(name, "") for name in KEY_VARIABLES]
    params_file: Path | None = options["params_file"]
    return RunRequest(
        notebook=notebook,
        output_dir=options["output_dir"]
        or default_folder(notebook, overwrite=options["overwrite"]),
        parameter_texts=options["params"],
        parameter_values=read_parameter_file(params_file) if params_file else {},
        inputs=read_named_inputs(options["inputs"]),
        secrets=read_secrets(options["secrets"], os.environ),
        kernel=options["kernel"],
        timeout=options["timeout"],
        cell_timeout=options["cell_timeout"],
        report=options["report"],
        gpu=options["gpu"],
        overwrite=options["overwrite"],
        hidden=[*hidden, *(key for key in keys if len(key) >= SHORTEST)],
    )


@dataclass(frozen=True)
class _Destination:
    """The Galaxy that results are written to, checked before anything runs."""

    connection: Any
    key: str
    history_name: str
    tags: tuple[str, ...]

    @classmethod
    def check(cls, url: str | None, options: dict[str, Any]) -> _Destination | None:
        if url is None:
            return None
        from notebook_runner.galaxy.connection import connect, read_key

        key = read_key(options["api_key_file"])
        name = options["history_name"] or f"{options['notebook'].stem} (local run)"
        return cls(connect(url, key), key, name, options["tags"])

    def write(self, folder: Path) -> dict[str, Any]:
        from notebook_runner.cli.tables import print_history
        from notebook_runner.galaxy.write_back import write_run

        history = write_run(self.connection, folder, self.history_name, tags=self.tags)
        print_history(history)
        written: dict[str, Any] = history.as_dict()
        return written


def _summary(result: RunResult, written: dict[str, Any] | None) -> dict[str, Any]:
    record = result.record
    report = result.folder / REPORT
    return {
        "status": record["status"],
        "exit_code": record["exit_code"],
        "error": record["error"],
        "folder": str(result.folder),
        "notebook": str(result.folder / NOTEBOOK),
        "report": str(report) if report.exists() else None,
        "record": str(result.folder / RECORD),
        "metrics": record["metrics"],
        "outputs": [entry["path"] for entry in record["outputs"]],
        "outputs_left_out": record["outputs_left_out"],
        "duration_s": record["duration_s"],
        "galaxy": written,
    }


def _print_result(result: RunResult) -> None:
    record = result.record
    for name, value in record["metrics"].items():
        click.echo(_line(f"{name}: {value}"))
    for entry in record["outputs_left_out"]:
        text = f"Left out of the outputs: {entry['path']} ({entry['reason']})"
        click.echo(_line(text), err=True)
    if result.error is None:
        click.echo(f"{len(record['outputs'])} outputs, notebook and record in {result.folder}")


def _line(text: str) -> str:
    """Put a text that a notebook made into one line that a terminal only shows."""
    from notebook_runner.execution.failure import strip_ansi

    return " ".join(strip_ansi(text).split("\n"))


def _describe(notebook: Path, *, as_json: bool) -> None:
    from notebook_runner.cli.parameter_table import print_parameters

    print_parameters(notebook, as_json=as_json)
