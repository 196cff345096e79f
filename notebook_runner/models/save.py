"""``save_model``: a trained model as an ONNX file that is proved to compute the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

#: Folder below the outputs where models lie.
_FOLDER = "models"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def save_model(
    model: Any,
    name: str,
    sample_input: Any,
    *,
    opset: int | None = None,
    relative: float | None = None,
    absolute: float | None = None,
) -> Path:
    """Save a trained model as ``outputs/models/NAME.onnx``, once it is proved to be the same.

    The converted model is run under onnxruntime on the sample, on one row and
    on another number of rows, and each output is compared with what the model
    itself computes: labels exactly (but for ties between equal scores),
    numbers within the tolerances of ``notebook_runner/models/comparison.py``.
    The file is written only when all of it holds.

    Parameters
    ----------
    model
        A trained model of scikit-learn (pipelines too) or of Keras 3.
    name
        Letters, digits, dots, dashes and underscores.
    sample_input
        What the model takes, some dozens of rows of it (an array, a
        ``DataFrame``, a list of texts; for several inputs of Keras a list or a
        dict of arrays). Shapes and types of the ONNX model's inputs are those
        of the sample, with any number of rows. Double precision is kept where
        the converter and onnxruntime can, and else single precision taken.
    opset
        Highest version of ONNX's operator set to use; without it, what the
        converter prefers.
    relative, absolute
        Tolerances for numbers, instead of the usual ones: relative to each
        value, and relative to the largest magnitude in its column.

    Returns
    -------
    pathlib.Path
        The file. It tells framework, inputs, outputs and the largest error in
        its metadata; ``notebook_runner/models/onnx_file.py`` lists the keys.

    Raises
    ------
    ModelError
        When the name, the model or the sample cannot be used, when the model
        cannot be converted, or when the converted model computes something
        else; then no file is written.
    """
    from notebook_runner.models.registry import find_exporter

    name = check_name(name)
    exporter = find_exporter(model, sample_input)

    from notebook_runner.models.export import export_model

    content = export_model(
        exporter, name, type(model), opset=opset, relative=relative, absolute=absolute
    )

    from notebook_runner import outputs_dir
    from notebook_runner.record.files import write_atomically

    target = outputs_dir / _FOLDER / f"{name}.onnx"
    target.parent.mkdir(exist_ok=True)
    write_atomically(target, content)
    return target


def check_name(name: Any) -> str:
    """Accept what is a file name everywhere, with or without ``.onnx``, and return it without.

    Raises
    ------
    ModelError
        When it is none.
    """
    if not isinstance(name, str):
        raise ModelError(f"The name of a model is a string, not a {type(name).__name__}.")
    stem = name.removesuffix(".onnx")
    if not _NAME.fullmatch(stem) or ".." in stem:
        raise ModelError(
            f"{name!r:.120} cannot be the name of a model: it needs 1 to 100 of A-Z a-z 0-9 . _ -, "
            "begins with a letter or a digit, and holds no '..'."
        )
    return stem
