"""One exception tree; every exception carries the exit code it ends a command with.

The exit codes are documented for users in ``docs/errors.md``. Codes 1 and 2
keep their usual meaning (unexpected failure, wrong usage of the command line).
"""

from __future__ import annotations

from typing import ClassVar


class NotebookRunnerError(Exception):
    """Base of every error that is explained to the user without a traceback.

    The message names what was wrong, what was expected and what to do next,
    in one or two lines.
    """

    exit_code: ClassVar[int] = 1


# ---- before anything is started -------------------------------------------------


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


# ---- while the notebook runs ----------------------------------------------------


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


# ---- models ---------------------------------------------------------------------


class ModelError(NotebookRunnerError):
    """A model cannot be exported, or the export does not compute the same."""

    exit_code = 15


# ---- a Galaxy server ------------------------------------------------------------


class GalaxyError(NotebookRunnerError):
    """Galaxy answered with something that cannot be gone on from."""

    exit_code = 20


class GalaxyUnreachableError(GalaxyError):
    """No Galaxy answers at the URL."""

    exit_code = 21


class GalaxyKeyError(GalaxyError):
    """The API key is missing or refused."""

    exit_code = 22


class GalaxyToolMissingError(GalaxyError):
    """The server does not have the tool."""

    exit_code = 23


class GalaxyUploadError(GalaxyError):
    """A file did not become a dataset in state ``ok``."""

    exit_code = 24


class GalaxyJobError(GalaxyError):
    """The job ended in state ``error``."""

    exit_code = 25


class GalaxyJobPausedError(GalaxyError):
    """The job is paused and does not go on by itself."""

    exit_code = 26


class GalaxyJobDeletedError(GalaxyError):
    """The job was deleted or stopped by somebody."""

    exit_code = 27


class GalaxyTimeoutError(GalaxyError):
    """Galaxy did not finish within the time allowed for waiting."""

    exit_code = 28


# ---- the local Galaxy -----------------------------------------------------------


class LocalGalaxyError(NotebookRunnerError):
    """The local Galaxy cannot do what was asked."""

    exit_code = 30


class InstallError(LocalGalaxyError):
    """An environment of the local Galaxy could not be installed."""

    exit_code = 31


class PortInUseError(LocalGalaxyError):
    """The port asked for is taken."""

    exit_code = 32


class StartError(LocalGalaxyError):
    """The server was started and does not answer."""

    exit_code = 33


class NotRunningError(LocalGalaxyError):
    """The local Galaxy is not running."""

    exit_code = 34


# ---- container images -----------------------------------------------------------


class ImageError(NotebookRunnerError):
    """A container image cannot do what was asked, or one of its tests failed."""

    exit_code = 40


class CatalogueError(ImageError):
    """``containers/images.yml`` is missing or says something impossible."""

    exit_code = 41


class UnknownImageError(ImageError):
    """There is no such image, or not in that variant, or it is not built."""

    exit_code = 42


class EngineError(ImageError):
    """There is no container engine, it does not answer, or it may not be used."""

    exit_code = 43


class BuildError(ImageError):
    """An image cannot be built: a step failed, the base is unreachable, the disk is full."""

    exit_code = 44


class DeclarationError(ImageError):
    """What is declared of an image and what was found in it differ."""

    exit_code = 45


class BudgetError(ImageError):
    """An image is larger than its budget."""

    exit_code = 46


class PolicyError(ImageError):
    """Two images differ in a way that the policy forbids."""

    exit_code = 47


class LockError(ImageError):
    """A lock file cannot be resolved, or is not the one of what is requested."""

    exit_code = 48
