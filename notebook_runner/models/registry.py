"""Which framework a model belongs to, found without importing any framework."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import ModelError

if TYPE_CHECKING:
    from notebook_runner.models.exporter import Exporter

#: top-level package of a model's class: (what people call it, module with ``open_exporter``)
FRAMEWORKS: dict[str, tuple[str, str]] = {
    "sklearn": ("scikit-learn", "notebook_runner.models.scikit_learn"),
    "keras": ("Keras 3", "notebook_runner.models.keras"),
}


def find_exporter(model: Any, sample_input: Any) -> Exporter:
    """Open the exporter of the framework that ``model`` belongs to.

    The nearest base class of a known framework decides, so that a class of the
    notebook's own is recognised by what it derives from.

    Raises
    ------
    ModelError
        When the framework is not supported, its tools are not installed, or
        the sample does not fit.
    """
    if isinstance(model, type):
        raise ModelError(
            f"{model.__name__} is a class; save_model needs a trained model, an instance of it."
        )
    for base in type(model).__mro__:
        package = base.__module__.partition(".")[0]
        if package in FRAMEWORKS:
            framework, module = FRAMEWORKS[package]
            try:
                exporter: Exporter = import_module(module).open_exporter(model, sample_input)
            except ImportError as error:
                package = error.name or str(error)
                raise ModelError(
                    f"Saving a model of {framework} needs the package {package!r}, which this "
                    "kernel's environment does not have. Install it and try again."
                ) from error
            return exporter
    kind = type(model)
    raise ModelError(
        f"save_model knows models of {' and '.join(name for name, _ in FRAMEWORKS.values())}, not "
        f"{kind.__module__}.{kind.__qualname__}. Export it to ONNX with its framework's own "
        "exporter and put the file into outputs_dir / 'models'."
    )
