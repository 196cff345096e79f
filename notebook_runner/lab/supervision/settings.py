"""How one session is supervised."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebook_runner.errors import InputError, OutputError
from notebook_runner.lab.supervision.kinds import NOTEBOOKS
from notebook_runner.lab.supervision.limits import Limits
from notebook_runner.lab.supervision.store import DRAFTS
from notebook_runner.record.layout import OUTPUTS
from notebook_runner.record.outputs import MODELS_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

#: Named inputs are staged here, below the work folder; they are none of the user's work.
INPUTS = "inputs"


@dataclass
class Settings:
    """What the command line says.

    Attributes
    ----------
    command
        The lab: program and arguments.
    work
        The folder that the user works in.
    save
        The folder that Galaxy collects from: ``notebooks``, ``outputs`` and ``models`` in it.
    notice
        The file that tells the people in the lab something.
    limits
        When the session ends by itself.
    lab_url
        Where the lab's server answers, with its base URL; ``None`` when it is never asked.
    token
        The server's.
    grace_s
        How long the lab may take to end, in seconds.
    left_out
        Paths below ``work`` that are none of the user's work, with forward slashes.
    """

    command: list[str]
    work: Path
    save: Path
    notice: Path
    limits: Limits = field(default_factory=Limits)
    lab_url: str | None = None
    token: str = ""
    grace_s: float = 10.0
    left_out: list[str] = field(default_factory=list)

    def check(self) -> None:
        """See that the folders fit together, and leave the saved out of what is saved.

        Raises
        ------
        InputError
            There is no work folder.
        OutputError
            A copy would be a copy of copies.
        """
        self.work, self.save = self.work.absolute(), self.save.absolute()
        if not self.work.is_dir():
            raise InputError(f"There is no work folder {self.work}. Make it, or name another.")
        work, save = self.work.resolve(), self.save.resolve()
        inside = [save / name for name in (NOTEBOOKS, OUTPUTS, MODELS_FOLDER, DRAFTS)]
        if save == work or any(work.is_relative_to(folder) for folder in inside):
            raise OutputError(
                f"Saving to {self.save} would save copies of copies. "
                f"Choose a folder that is not the work folder {self.work}."
            )
        if save.is_relative_to(work / OUTPUTS):
            raise OutputError(f"Do not save into {OUTPUTS}/ itself: choose another folder.")
        self.left_out = [os.path.normpath(path) for path in [INPUTS, *self.left_out]]
        notice = self.notice.absolute()
        if notice.is_relative_to(self.work):
            self.left_out.append(notice.relative_to(self.work).as_posix())
        if save.is_relative_to(work):
            self.left_out.append(save.relative_to(work).as_posix())
