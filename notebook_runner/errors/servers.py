"""What goes wrong with a Galaxy server, here or elsewhere."""

from __future__ import annotations

from notebook_runner.errors.base import NotebookRunnerError


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
