"""What goes wrong with container images."""

from __future__ import annotations

from notebook_runner.errors.base import NotebookRunnerError


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
