"""One exception tree; every exception carries the exit code it ends a command with.

The exit codes are documented for users in ``docs/errors.md``. Codes 1 and 2
keep their usual meaning (unexpected failure, wrong usage of the command line).
"""

from __future__ import annotations

from notebook_runner.errors.base import (
    NotebookRunnerError,
)
from notebook_runner.errors.images import (
    BudgetError,
    BuildError,
    CatalogueError,
    DeclarationError,
    EngineError,
    ImageError,
    LockError,
    PolicyError,
    UnknownImageError,
)
from notebook_runner.errors.runs import (
    CellFailedError,
    CellTimeoutError,
    GpuError,
    InputError,
    InterruptedRunError,
    KernelDiedError,
    KernelError,
    ModelError,
    NotebookError,
    OutOfMemoryError,
    OutputError,
    ParameterError,
    RunTimeoutError,
    SecretError,
    TerminatedRunError,
)
from notebook_runner.errors.servers import (
    GalaxyError,
    GalaxyJobDeletedError,
    GalaxyJobError,
    GalaxyJobPausedError,
    GalaxyKeyError,
    GalaxyTimeoutError,
    GalaxyToolMissingError,
    GalaxyUnreachableError,
    GalaxyUploadError,
    InstallError,
    LocalGalaxyError,
    NotRunningError,
    PortInUseError,
    StartError,
)

__all__ = [
    "BudgetError",
    "BuildError",
    "CatalogueError",
    "CellFailedError",
    "CellTimeoutError",
    "DeclarationError",
    "EngineError",
    "GalaxyError",
    "GalaxyJobDeletedError",
    "GalaxyJobError",
    "GalaxyJobPausedError",
    "GalaxyKeyError",
    "GalaxyTimeoutError",
    "GalaxyToolMissingError",
    "GalaxyUnreachableError",
    "GalaxyUploadError",
    "GpuError",
    "ImageError",
    "InputError",
    "InstallError",
    "InterruptedRunError",
    "KernelDiedError",
    "KernelError",
    "LocalGalaxyError",
    "LockError",
    "ModelError",
    "NotRunningError",
    "NotebookError",
    "NotebookRunnerError",
    "OutOfMemoryError",
    "OutputError",
    "ParameterError",
    "PolicyError",
    "PortInUseError",
    "RunTimeoutError",
    "SecretError",
    "StartError",
    "TerminatedRunError",
    "UnknownImageError",
]
