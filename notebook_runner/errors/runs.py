"""What goes wrong before, in and after the run of a notebook."""

from __future__ import annotations

from notebook_runner.errors.base import NotebookRunnerError


class NotebookError(NotebookRunnerError):
    """The notebook is missing, unreadable or not a notebook."""

    exit_code = 3


class ParameterError(NotebookRunnerError):
    """A parameter is unknown, has the wrong type or cannot be passed to the kernel."""

    exit_code = 4


class InputError(NotebookRunnerError):
    """A named input is missing, unreadable or badly named."""

    exit_code = 5


class SecretError(NotebookRunnerError):
    """A secret cannot be read or is too short to be hidden safely."""

    exit_code = 6


class OutputError(NotebookRunnerError):
    """The output folder cannot be used, or writing into it failed."""

    exit_code = 7


class KernelError(NotebookRunnerError):
    """The kernel is unknown or does not start."""

    exit_code = 8


class GpuError(NotebookRunnerError):
    """A GPU was asked for and none can be used."""

    exit_code = 9


class CellFailedError(NotebookRunnerError):
    """A cell raised an exception."""

    exit_code = 10


class KernelDiedError(NotebookRunnerError):
    """The kernel ended while a cell was running."""

    exit_code = 11


class OutOfMemoryError(NotebookRunnerError):
    """The kernel was killed for want of memory."""

    exit_code = 12


class RunTimeoutError(NotebookRunnerError):
    """The time limit of the whole run has passed."""

    exit_code = 13


class CellTimeoutError(NotebookRunnerError):
    """The time limit of one cell has passed."""

    exit_code = 14


class InterruptedRunError(NotebookRunnerError):
    """Ctrl-C (SIGINT) ended the run."""

    exit_code = 130


class TerminatedRunError(NotebookRunnerError):
    """SIGTERM ended the run."""

    exit_code = 143


class ModelError(NotebookRunnerError):
    """A model cannot be exported, or the export does not compute the same."""

    exit_code = 15
