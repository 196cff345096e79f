"""Run notebooks headlessly in Galaxy, and what a notebook itself needs for that.

A notebook uses four names, which work the same in a headless run and by hand
in JupyterLab::

    from notebook_runner import inputs, outputs_dir, log_metric, save_model

They are loaded when they are first used; importing the package loads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from notebook_runner.models import save_model
    from notebook_runner.record.session import inputs, log_metric, outputs_dir

__all__ = ["__version__", "inputs", "log_metric", "outputs_dir", "save_model"]

_SOURCES = {
    "inputs": "notebook_runner.record.session",
    "outputs_dir": "notebook_runner.record.session",
    "log_metric": "notebook_runner.record.session",
    "save_model": "notebook_runner.models",
}


def __getattr__(name: str) -> Any:
    """Load one of the notebook's names when it is first asked for."""
    if name not in _SOURCES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_SOURCES[name]), name)


def __dir__() -> list[str]:
    """List the public names, for completion in an editor."""
    return sorted(__all__)
