"""``python -m notebook_runner.lab.supervision [OPTIONS] -- COMMAND``.

Exit codes: 0 when the lab was shut down from inside or a limit ended it, 7 when then something
could not be saved, 143 and 130 after SIGTERM (or SIGHUP) and SIGINT, 126 and 127 when the lab
cannot be started, else the lab's own (128 and the signal's number when a signal ended it).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import NotebookRunnerError, SecretError
from notebook_runner.lab.supervision.limits import Limits
from notebook_runner.lab.supervision.notices import NOTICE
from notebook_runner.lab.supervision.problems import tell
from notebook_runner.lab.supervision.session import Session
from notebook_runner.lab.supervision.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Supervise one session; return the code to exit with."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.idle_limit is not None and given.lab_url is None:
        parser.error("--idle-limit needs --lab-url: the lab is asked whether it is used")
    try:
        settings = _settings(given)
        settings.check()
        return Session(settings).run()
    except NotebookRunnerError as error:
        tell(f"Error: {error}")
        return error.exit_code


def _settings(given: argparse.Namespace) -> Settings:
    return Settings(
        command=given.command,
        work=given.work,
        save=given.save,
        notice=given.notice or given.work / NOTICE,
        limits=Limits(given.idle_limit, given.time_limit, given.gpu_idle_notice),
        lab_url=given.lab_url,
        token=_token(given.token_file, given.token_env),
        grace_s=given.grace,
        left_out=given.leave_out,
    )


def _token(file: Path | None, variable: str) -> str:
    if file is None:
        return os.environ.get(variable, "")
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SecretError(f"Cannot read the lab's token from {file}: {error}.") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m notebook_runner.lab.supervision",
        description="Run a lab, save its notebooks and outputs all the time, and keep a record.",
    )
    add = parser.add_argument
    add("--work", type=Path, required=True, help="the folder that the user works in")
    add("--save", type=Path, required=True, help="the folder that Galaxy collects from")
    add("--lab-url", help="where the lab answers, with its base URL")
    add("--token-env", default="JUPYTER_TOKEN", help="variable with the lab's token")
    add("--token-file", type=Path, help="file with the lab's token, instead of the variable")
    add("--idle-limit", type=_seconds, help="end after so many seconds without use")
    add("--time-limit", type=_seconds, help="end after so many seconds")
    add("--gpu-idle-notice", type=_seconds, help="tell of a GPU that idles for so many seconds")
    add("--grace", type=_seconds, default=10.0, help="seconds that the lab may take to end")
    add("--notice", type=Path, help=f"file to tell people things by (WORK/{NOTICE})")
    add(
        *("--leave-out", "-x"),
        action="append",
        default=[],
        help="file or folder below the work folder whose notebooks are not saved; repeatable",
    )
    add("command", nargs="+", help="the lab: program and arguments, after --")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


if __name__ == "__main__":
    sys.exit(main())
