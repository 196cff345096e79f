"""Why a run ended the way it did: status, error and exit code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbformat.v4 import new_output

from notebook_runner.errors import (
    CellFailedError,
    CellTimeoutError,
    InterruptedRunError,
    KernelDiedError,
    ModelError,
    NotebookRunnerError,
    OutOfMemoryError,
    RunTimeoutError,
    TerminatedRunError,
)
from notebook_runner.execution.watchdog import StopReason

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from notebook_runner.execution.engine import Execution

#: Colours (CSI), titles and links (OSC), and single control characters.
_TERMINAL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|"
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)

#: What ``save_model`` raises in a cell.
_MODEL_ERRORS = frozenset({"ModelError", "FailedProofError", "UnsupportedModelError"})


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Attributes
    ----------
    status
        One of the run record's.
    error
        ``None`` when all went well.
    details
        The run record's ``error`` entry.
    """

    status: str
    error: NotebookRunnerError | None = None
    details: dict[str, Any] | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        return 0 if self.error is None else self.error.exit_code


def judge(
    node: NotebookNode, execution: Execution, *, timeout: float | None, cell_timeout: float | None
) -> Ending:
    """Say how the execution of ``node`` ended.

    Parameters
    ----------
    timeout, cell_timeout
        The limits in seconds, for the message.
    """
    index = next((c["index"] for c in execution.cells if c["status"] == "failed"), None)
    if index is None:
        # Stopped between two cells, or before the first.
        index = next((c["index"] for c in execution.cells if c["status"] == "running"), None)
    number = next((c["number"] for c in execution.cells if c["index"] == index), None)
    done = [c["number"] for c in execution.cells if c["status"] == "ok"]
    where = f"after cell {done[-1]}" if done else "before its first cell"
    if number is not None:
        where = f"in cell {number}"
    output = _error_output(node, index) or _error_of_reply(execution)
    status, error = _name(execution, where, output, timeout, cell_timeout)
    return ending(status, error, index=index, number=number, output=output)


def ending(
    status: str,
    error: NotebookRunnerError | None,
    *,
    index: int | None = None,
    number: int | None = None,
    output: NotebookNode | None = None,
) -> Ending:
    """Put together status, error and the details for the run record."""
    if error is None:
        return Ending(status)
    details = {
        "type": type(error).__name__,
        "message": str(error),
        "cell_index": index,
        "cell_number": number,
        "ename": None if output is None else str(output.get("ename", "")),
        "evalue": None if output is None else strip_ansi(str(output.get("evalue", ""))),
        "traceback": None if output is None else _traceback(output),
    }
    return Ending(status, error, details)


def strip_ansi(text: str) -> str:
    """Take out of a text what a terminal would obey instead of show."""
    return _TERMINAL.sub("", text)


def _name(
    execution: Execution,
    where: str,
    output: NotebookNode | None,
    timeout: float | None,
    cell_timeout: float | None,
) -> tuple[str, NotebookRunnerError | None]:
    match execution.watchdog.reason:
        case StopReason.RUN_TIMEOUT:
            message = f"The time limit of the run ({timeout:g} s) passed {where}."
            return "timeout", RunTimeoutError(f"{message} Raise it with --timeout.")
        case StopReason.CELL_TIMEOUT:
            message = f"The time limit of a cell ({cell_timeout:g} s) passed {where}."
            return "timeout", CellTimeoutError(f"{message} Raise it with --cell-timeout.")
        case StopReason.INTERRUPTED:
            return "interrupted", InterruptedRunError(f"The run was interrupted {where}.")
        case StopReason.TERMINATED:
            return "interrupted", TerminatedRunError(f"The run was terminated {where} (SIGTERM).")
    if execution.died is not None:
        cause, out_of_memory = execution.kernel.cause_of_death()
        if out_of_memory:
            message = f"The kernel ran out of memory {where}: {cause}."
            return "out_of_memory", OutOfMemoryError(
                f"{message} Give the job more memory, or load less data at a time."
            )
        return "died", KernelDiedError(f"The kernel died {where}: {cause}.")
    if execution.failed is None:
        return "ok", None
    if execution.fault is not None:
        reason = strip_ansi(str(execution.fault)).strip().splitlines() or [""]
        what = f"{type(execution.fault).__name__}: {reason[0]}"
        return "failed", CellFailedError(
            f"Cell{where.removeprefix('in cell')} could not be run or its output kept: {what}"
        )
    ename = "an error" if output is None else output.get("ename", "an error")
    evalue = "" if output is None else strip_ansi(str(output.get("evalue", "")))
    summary = evalue.strip().splitlines()[0] if evalue.strip() else ""
    hint = " (out of memory)" if ename == "MemoryError" else ""
    message = f"Cell{where.removeprefix('in cell')} failed: {ename}{hint}"
    kind = ModelError if ename in _MODEL_ERRORS else CellFailedError
    return "failed", kind(f"{message}: {summary}" if summary else message)


def _error_output(node: NotebookNode, index: int | None) -> NotebookNode | None:
    if index is None or index >= len(node.cells):
        return None
    errors = [o for o in node.cells[index].get("outputs", []) if o.output_type == "error"]
    return errors[-1] if errors else None


def _error_of_reply(execution: Execution) -> NotebookNode | None:
    """Return the error of a cell whose kernel answered with one and showed none."""
    if execution.reply is None:
        return None
    answered: NotebookNode = new_output(
        "error", ename=execution.reply.ename, evalue=execution.reply.evalue, traceback=[]
    )
    return answered


def _traceback(output: NotebookNode) -> str:
    return strip_ansi("\n".join(output.get("traceback", [])))
