"""What a notebook itself uses: its inputs, its folder of outputs, its metrics.

A run hands its context to the kernel as a JSON file named by the environment
variable ``NOTEBOOK_RUNNER_CONTEXT``. Without that variable, as by hand in
JupyterLab, the current folder takes its place: ``inputs/`` is read,
``outputs/`` and ``metrics.json`` are written. The context is read whenever it
is needed, so the same notebook works in both places unchanged.

Only the standard library is imported here, because every kernel pays for it.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from notebook_runner.errors import InputError, NotebookRunnerError, OutputError

CONTEXT_VARIABLE = "NOTEBOOK_RUNNER_CONTEXT"

#: Where things lie when there is no context, relative to the current folder.
_INPUTS_FOLDER = "inputs"
_OUTPUTS_FOLDER = "outputs"
_METRICS_FILE = "metrics.json"

InputValue = str | list[dict[str, str]]

#: A pathlib.Path, absolute; the folder is made when the name is looked up.
outputs_dir: Path


class MissingInputError(InputError, KeyError):
    """An input of that name was not given; a ``KeyError`` that can be read."""

    def __str__(self) -> str:
        return str(self.args[0])


class Inputs(Mapping[str, InputValue]):
    """The named inputs of the notebook, read-only.

    A single dataset is the path of its file (``str``); several are a list of
    ``{"path": ..., "identifier": ...}``.
    """

    def __getitem__(self, name: str) -> InputValue:
        available = _read_inputs()
        if name in available:
            return available[name]
        there = ", ".join(repr(known) for known in available) or "none at all"
        hint = "" if _context() else f" By hand, inputs are the files in {Path(_INPUTS_FOLDER)}/."
        raise MissingInputError(f"There is no input {name!r}; the inputs are: {there}.{hint}")

    def __iter__(self) -> Iterator[str]:
        return iter(_read_inputs())

    def __len__(self) -> int:
        return len(_read_inputs())

    def __repr__(self) -> str:
        return repr(_read_inputs())

    def _ipython_key_completions_(self) -> list[str]:
        """Complete names between the brackets, in JupyterLab."""
        return list(self)


inputs = Inputs()


def log_metric(name: str, value: Any) -> None:
    """Record a named number of this run in ``metrics.json``; the last value of a name stays.

    Threads and forked processes may call it at once; none loses a metric.

    Parameters
    ----------
    name
        A line of text that is not blank.
    value
        An int, a float, a bool (recorded as 1 or 0), or a scalar or an array
        of no dimensions of numpy or a framework. NaN and infinity are recorded
        as null, for which JSON has no number.

    Raises
    ------
    TypeError
        When the name is not a string or the value not one real number.
    ValueError
        When the name is blank or holds control characters.
    OutputError
        When the metrics cannot be written, or what stands in their file is
        not a JSON object.
    """
    _check_metric_name(name)
    number = _as_json_number(name, value)
    from notebook_runner.record.files import write_json_atomically

    target = _metrics_file()
    with _locked(target):
        metrics = _read_metrics(target)
        metrics[name] = number
        write_json_atomically(target, metrics)


def __getattr__(name: str) -> Path:
    """Make the folder of the outputs when ``outputs_dir`` is asked for."""
    if name != "outputs_dir":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    context = _context()
    folder = Path(context["outputs_dir"] if context else _OUTPUTS_FOLDER).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder for outputs, {folder}, cannot be made: {error.strerror}."
        ) from error
    return folder


def _context() -> dict[str, Any] | None:
    """Read what the run handed over; ``None`` when no run did."""
    file = os.environ.get(CONTEXT_VARIABLE)
    if not file:
        return None
    try:
        context = json.loads(Path(file).read_text(encoding="utf-8"))
        if not isinstance(context["inputs"], dict):
            raise TypeError("its inputs are not an object")
        return {
            "inputs": context["inputs"],
            "outputs_dir": Path(context["outputs_dir"]),
            "metrics_file": Path(context["metrics_file"]),
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotebookRunnerError(
            f"The file {file}, named by {CONTEXT_VARIABLE}, is not the context of a run ({error}). "
            "Unset the variable to work on the current folder."
        ) from error


def _read_inputs() -> dict[str, InputValue]:
    context = _context()
    if context is not None:
        return dict(context["inputs"])
    return _inputs_below(Path(_INPUTS_FOLDER).absolute())


def _inputs_below(folder: Path) -> dict[str, InputValue]:
    """Take files as inputs under their names without extension, folders as lists of files.

    Where that gives several the same name, each goes by its full name.
    """
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    short = {entry: entry.name if entry.is_dir() else entry.stem for entry in entries}
    uses = Counter(short.values())
    found: dict[str, InputValue] = {}
    for entry in entries:
        name = short[entry] if uses[short[entry]] == 1 else entry.name
        if entry.is_dir():
            found[name] = [
                {"path": str(entry / identifier), "identifier": identifier.as_posix()}
                for identifier in sorted(file.relative_to(entry) for file in entry.rglob("*"))
                if not any(part.startswith(".") for part in identifier.parts)
                and (entry / identifier).is_file()
            ]
        else:
            found[name] = str(entry)
    return found


def _check_metric_name(name: Any) -> None:
    from unicodedata import category

    if not isinstance(name, str):
        raise TypeError(
            f"The name of a metric is a string, not a {type(name).__name__}: {name!r:.60}."
        )
    if not name.strip():
        raise ValueError("The name of a metric is empty; give it a name such as 'accuracy'.")
    # Control characters, line separators and lone surrogates break tables of metrics.
    if any(category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise ValueError(
            f"The name of a metric must be one line without control characters, not {name!r:.80}."
        )


def _as_json_number(name: str, value: Any) -> int | float | None:
    plain = value
    shape = getattr(value, "shape", ())
    if hasattr(value, "shape") and shape == ():
        # A scalar of numpy, or an array of no dimensions; TensorFlow's have numpy() only.
        plain = value.item() if hasattr(value, "item") else value.numpy().item()
    if isinstance(plain, int):
        return int(plain)
    try:
        if shape != () or isinstance(plain, str | bytes):
            raise TypeError
        number = float(plain)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(
            f"log_metric({name!r}, ...) takes one real number (int, float, bool, numpy scalar), "
            f"not a {type(value).__name__}: {value!r:.60}."
        ) from None
    return number if abs(number) < float("inf") else None


def _metrics_file() -> Path:
    context = _context()
    return Path(context["metrics_file"] if context else _METRICS_FILE).absolute()


def _read_metrics(target: Path) -> dict[str, Any]:
    try:
        metrics = json.loads(target.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{target} is not a file of metrics ({error}). Move it away and log again."
        ) from error
    if not isinstance(metrics, dict):
        raise OutputError(f"{target} is not a JSON object of metrics. Move it away and log again.")
    return metrics


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Hold the lock of the metrics, among threads and processes alike."""
    import fcntl

    # The lock has a file of its own: the metrics' file is replaced each time.
    lock = target.with_name(f".{target.name}.lock")
    try:
        handle = lock.open("a")
    except OSError as error:
        raise OutputError(f"Cannot write beside {target}: {error.strerror}.") from error
    with handle:
        with suppress(OSError):  # some network file systems know no locks; one process needs none
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
