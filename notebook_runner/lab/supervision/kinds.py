"""What is saved of a session: notebooks, and the files below ``outputs/``."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import category

from notebook_runner.record.layout import OUTPUTS
from notebook_runner.record.outputs import is_model

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

NOTEBOOKS = "notebooks"
#: Longer than a program takes between two writes of one file.
SETTLE_S = 1.0
_CHECKPOINTS = ".ipynb_checkpoints"
#: What Jupyter sets aside while it writes a file of that name.
_JUPYTERS_OWN = ".~"


@dataclass(frozen=True)
class Kind:
    """One kind of file, and what is done with it.

    Attributes
    ----------
    start
        The folder below the work folder where such files are; ``""`` is the work folder.
    takes_folder, takes_file
        Which folders are looked into, and which files are taken, by their paths.
    target
        Where a file goes in the store.
    is_whole
        Tells of the content of an open file whether it may be shown; ``None``: any may.
    settle_s
        How long a file has to be left alone before it is copied, in seconds.
    mirrors
        Whether a file that a user deletes vanishes from the store too.
    vital
        Whether it may use the last room on the disk, and is made to survive a power cut.
    """

    start: str
    takes_folder: Callable[[str], bool]
    takes_file: Callable[[str], bool]
    target: Callable[[str], str]
    is_whole: Callable[[int], bool] | None
    settle_s: float
    mirrors: bool
    vital: bool


def notebooks(left_out: Collection[str]) -> Kind:
    """Return the notebooks of the work folder.

    Parameters
    ----------
    left_out
        Paths of files and folders below the work folder that are none of the user's work.
        Hidden folders and ``outputs/`` are left out too: notebooks there are outputs.
    """
    paths = {*left_out, OUTPUTS}

    def takes(path: str) -> bool:
        return path not in paths and not _name(path).startswith(".")

    return Kind(
        start="",
        takes_folder=takes,
        takes_file=lambda path: path.endswith(".ipynb") and takes(path),
        target=lambda path: f"{NOTEBOOKS}/{_printable(path)}",
        is_whole=_is_notebook,
        settle_s=0.0,
        mirrors=False,
        vital=True,
    )


def outputs() -> Kind:
    """Return the files below ``outputs/``, those of its models with a folder of their own.

    Hidden files are taken: formats that are folders have some.
    """
    return Kind(
        start=OUTPUTS,
        takes_folder=lambda path: _name(path) != _CHECKPOINTS,
        takes_file=lambda path: not _name(path).startswith(_JUPYTERS_OWN),
        target=_output_target,
        is_whole=None,
        settle_s=SETTLE_S,
        mirrors=True,
        vital=False,
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _output_target(path: str) -> str:
    path = _printable(path)
    relative = path.removeprefix(f"{OUTPUTS}/")
    return relative if is_model(relative) else path


def _printable(path: str) -> str:
    """Write bytes that are no text, and control characters, as ``%0A``: Galaxy shows names."""
    return "".join(
        "".join(f"%{byte:02X}" for byte in os.fsencode(character))
        if category(character) in ("Cc", "Cs", "Zl", "Zp")
        else character
        for character in path
    )


def _is_notebook(file: int) -> bool:
    """Tell whether an open file is a whole notebook (of format 3, which has worksheets, too)."""
    with os.fdopen(os.dup(file), "rb") as stream:
        stream.seek(0)
        try:
            content = json.load(stream)
        except (ValueError, RecursionError):
            return False
    return (
        isinstance(content, dict)
        and isinstance(content.get("nbformat"), int)
        and isinstance(content.get("cells", content.get("worksheets")), list)
    )
