"""The base of every error."""

from __future__ import annotations

from typing import ClassVar


class NotebookRunnerError(Exception):
    """Base of every error that is explained to the user without a traceback.

    The message names what was wrong, what was expected and what to do next,
    in one or two lines.
    """

    exit_code: ClassVar[int] = 1
