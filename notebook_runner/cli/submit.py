"""``notebook-runner submit``: run a notebook as a job of a Galaxy server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from notebook_runner.cli.options import Seconds, notebook_options
from notebook_runner.cli.termination import error_of, terminable
from notebook_runner.errors import GalaxyError, NotebookRunnerError, OutputError, SecretError

if TYPE_CHECKING:
    from notebook_runner.cli.following import LogFollowing, TerminalFollowing
    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.galaxy.results import FinishedRun
    from notebook_runner.galaxy.submission import Submission, SubmittedRun


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option(
    "--galaxy",
    "galaxy_url",
    metavar="URL",
    envvar="GALAXY_URL",
    required=True,
    help="Address of the Galaxy (default: the variable GALAXY_URL).",
)
@notebook_options
@click.option("--secret", "secrets", multiple=True, hidden=True)
@click.option(
    "--history-name", metavar="NAME", help="Name of the new history (default: the notebook's)."
)
@click.option(
    "--wait/--no-wait",
    default=True,
    help="Whether to wait for the end of the job (default: yes).",
)
@click.option(
    "--wait-limit",
    type=Seconds(),
    metavar="SECONDS",
    help="Stop waiting after this time; the job goes on.",
)
@click.option(
    "--fetch",
    "fetch_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Download the results into DIR, laid out like the folder of a run.",
)
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    envvar="GALAXY_API_KEY_FILE",
    help="File with the Galaxy API key (default: the variable GALAXY_API_KEY, or the file that "
    "GALAXY_API_KEY_FILE names).",
)
@click.option(
    "--tool-id",
    default="run_notebook",
    show_default=True,
    metavar="ID",
    help="The tool that runs notebooks; whole ids of a Tool Shed work too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON on standard output.")
def submit(galaxy_url: str, fetch_dir: Path | None, **options: Any) -> None:
    """Run NOTEBOOK in Galaxy: a new history, the uploads, the job, the results.

    The API key comes from the variable GALAXY_API_KEY or from a file, never
    from the command line. What the job leaves stays in the history, also when
    a cell fails; each kind of failure ends with its own exit code (see
    docs/errors.md).
    """
    if options["secrets"]:
        raise SecretError(
            "A job cannot be given secrets: Galaxy keeps all that a job is given, for everybody "
            "to see who sees the history. Leave out --secret, or run here: notebook-runner run."
        )
    if fetch_dir is not None and not options["wait"]:
        raise click.UsageError("--fetch needs the end of the job: leave out --no-wait.")
    submission = _submission(options)
    from notebook_runner.cli.following import choose_following
    from notebook_runner.galaxy.connection import connect, read_key

    if fetch_dir is not None:
        from notebook_runner.galaxy.results import check_fetch_folder

        check_fetch_folder(fetch_dir)
    gi = connect(galaxy_url, read_key(options["api_key_file"]))
    following = choose_following()
    gi.on_trouble = following.note
    try:
        with terminable():
            _submit(gi, submission, fetch_dir, following, options)
    finally:
        following.close()


def _submission(options: dict[str, Any]) -> Submission:
    """Check what can be checked here, before anything is sent."""
    from notebook_runner.execution.inputs import read_named_inputs
    from notebook_runner.execution.notebook import read_notebook
    from notebook_runner.execution.parameter_files import read_parameter_file
    from notebook_runner.execution.parameters import convert_parameters, declared_parameters
    from notebook_runner.galaxy.submission import InputFiles, Submission

    notebook: Path = options["notebook"]
    params_file: Path | None = options["params_file"]
    node = read_notebook(notebook).node
    values = read_parameter_file(params_file) if params_file else {}
    convert_parameters(declared_parameters(node), options["params"], values)
    inputs = [
        InputFiles(named.name, tuple((e.identifier, e.path) for e in named.elements), named.is_list)
        for named in read_named_inputs(options["inputs"])
    ]
    return Submission(
        notebook=notebook,
        history_name=options["history_name"] or notebook.stem,
        inputs=inputs,
        parameters=options["params"],
        params_file=params_file,
        timeout=options["timeout"],
        cell_timeout=options["cell_timeout"],
        report=options["report"],
        gpu=options["gpu"],
        tool_id=options["tool_id"],
    )


def _submit(
    gi: Connection,
    submission: Submission,
    fetch_dir: Path | None,
    following: LogFollowing | TerminalFollowing,
    options: dict[str, Any],
) -> None:
    from notebook_runner.galaxy.results import finish
    from notebook_runner.galaxy.submission import submit as submit_to_galaxy
    from notebook_runner.galaxy.waiting import Patience

    patience = Patience(options["wait_limit"])
    gi.deadline = patience.deadline
    run = None
    try:
        run = submit_to_galaxy(gi, submission, patience=patience, progress=following)
        if not options["wait"]:
            following.close()
            _print_started(run, as_json=options["as_json"])
            return
        finished = finish(gi, run, patience=patience, progress=following)
    except KeyboardInterrupt as interrupt:
        raise error_of(interrupt)(_after_interrupt(run)) from None
    gi.deadline = None
    error: NotebookRunnerError | None = finished.error
    if fetch_dir is not None:
        error = _fetch(gi, finished, fetch_dir, following) or error
    following.close()
    _print_finished(finished, error, fetch_dir, as_json=options["as_json"])
    if error is not None:
        raise error


def _after_interrupt(run: SubmittedRun | None) -> str:
    if run is None:
        return (
            "Stopped before the job was started, so nothing runs. "
            "A history that was named above stays in Galaxy."
        )
    return (
        f"Stopped waiting; job {run.job_id} goes on in Galaxy: {run.history.url}\n"
        f"To stop the job, too, press Stop on its page, {run.job_url} "
        "(or delete its outputs in the history)."
    )


def _fetch(
    gi: Connection,
    finished: FinishedRun,
    folder: Path,
    following: LogFollowing | TerminalFollowing,
) -> NotebookRunnerError | None:
    """Download what there is; that the job failed is the greater error."""
    from notebook_runner.galaxy.results import fetch_results

    following.status("downloading the results")
    try:
        fetch_results(gi, finished, folder)
    except (GalaxyError, OutputError) as error:
        if finished.error is None:
            return error
        following.note(str(error))
    return finished.error


def _print_started(run: SubmittedRun, *, as_json: bool) -> None:
    if as_json:
        _print_json({"status": "submitted", **_described(run), "datasets": [], "error": None})
    else:
        click.echo(f"Job {run.job_id} is started, not finished: {run.history.url}")


def _print_finished(
    finished: FinishedRun,
    error: NotebookRunnerError | None,
    folder: Path | None,
    *,
    as_json: bool,
) -> None:
    from notebook_runner.cli.tables import print_history
    from notebook_runner.galaxy.results import fetched_results

    if folder is not None and not fetched_results(folder):
        folder = None

    if not as_json:
        print_history(finished.written, stderr=False)
        if folder is not None:
            click.echo(f"The results are in {folder}")
        return
    end = finished.end
    described = _described(finished.run)
    described["job"] |= {"state": end.state, "exit_code": end.exit_code}
    _print_json(
        {
            "status": "ok" if error is None else "failed",
            **described,
            "datasets": finished.written.as_dict()["datasets"],
            "fetched": None if folder is None else str(folder),
            "error": None if error is None else str(error),
        }
    )


def _described(run: SubmittedRun) -> dict[str, Any]:
    return {
        "history": run.history.as_dict(),
        "tool": {"id": run.tool.id, "version": run.tool.version},
        "job": {"id": run.job_id, "url": run.job_url, "state": None, "exit_code": None},
    }


def _print_json(summary: dict[str, Any]) -> None:
    click.echo(json.dumps(summary, indent=1))
