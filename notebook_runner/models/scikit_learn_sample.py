"""A sample for a scikit-learn model, and the ONNX inputs that it can be declared as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from notebook_runner.errors import ModelError
from notebook_runner.models.exporter import Batch, InputDescription
from notebook_runner.models.rows import build_batches

#: Name of the input where a table is one input.
MATRIX = "X"
_WANTED = (
    "A model of scikit-learn takes a numpy array, a pandas DataFrame, a sparse matrix or a list of "
    "texts, one row per sample."
)


@dataclass(frozen=True)
class Part:
    """One ONNX input: a column of a table, or the whole of it.

    Attributes
    ----------
    dtype
        Element type as declared; ``str`` for text.
    shape
        Dimensions but for the first, which is the batch.
    columns
        Labels of the columns of the ``DataFrame`` that it is made of.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    columns: tuple[Any, ...] = ()

    def extract(self, batch: Batch) -> np.ndarray:
        """Cut this input out of a batch."""
        if self.columns:
            batch = batch[list(self.columns)]
        elif hasattr(batch, "toarray"):
            batch = batch.toarray()
        if self.dtype == "str":
            return np.asarray(batch, dtype=object).reshape(-1, *self.shape)
        with np.errstate(over="ignore"):
            if hasattr(batch, "to_numpy"):
                # pandas' own numbers have their own word for a missing one.
                return np.asarray(batch.to_numpy(dtype=self.dtype)).reshape(-1, *self.shape)
            return np.asarray(batch).astype(self.dtype).reshape(-1, *self.shape)

    def describe(self, name: str) -> InputDescription:
        """Describe it for the metadata, under the name that it has in the ONNX model."""
        columns = tuple(str(label) for label in self.columns)
        return InputDescription(
            name, self.dtype, (None, *self.shape), () if columns == (name,) else columns
        )


#: One way to declare the inputs.
Plan = tuple[Part, ...]


class Sample:
    """What ``save_model`` was given as ``sample_input``.

    Parameters
    ----------
    given
        The sample.
    by_column
        Whether the model picks columns of a ``DataFrame`` by name, so that
        each should be an input of its own.

    Raises
    ------
    ModelError
        When it has no rows, or is nothing that scikit-learn takes.
    """

    def __init__(self, given: Any, *, by_column: bool) -> None:
        self._rows = _as_rows(given)
        if not self._rows.shape[0]:
            raise ModelError("sample_input has no rows. Give some dozens of rows of real input.")
        if hasattr(self._rows, "columns"):
            self._layouts = _layouts_of_frame(self._rows, by_column=by_column)
        else:
            self._layouts = [(_part_of_array(self._rows),)]

    def batches(self) -> dict[str, Batch]:
        """Build what to compare on."""
        values = self._layouts[0]
        width = sum(int(np.prod(part.shape)) for part in values)
        return build_batches(self._rows.shape[0], 8 * width, self._take)

    def plans(self) -> list[Plan]:
        """List the ways to declare the inputs: types as they are, then wider, then single."""
        types = (("", ""), ("int64", ""), ("float64",) * 2, ("int64", "float32"), ("float32",) * 2)
        plans = [
            tuple(_retype(part, whole, floating) for part in layout)
            for layout in self._layouts
            for whole, floating in types
        ]
        return list(dict.fromkeys(plans))

    def _take(self, indices: np.ndarray) -> Batch:
        return self._rows.iloc[indices] if hasattr(self._rows, "iloc") else self._rows[indices]


def _retype(part: Part, whole: str, floating: str) -> Part:
    """Declare whole numbers (and bools) and floating ones otherwise; texts stay."""
    if part.dtype == "str":
        return part
    wanted = floating if part.dtype.startswith("float") else whole
    return replace(part, dtype=wanted or part.dtype)


def _as_rows(given: Any) -> Any:
    """Bring a sample to something with a shape whose rows can be picked."""
    if hasattr(given, "iloc"):
        return given
    if hasattr(given, "toarray") and hasattr(given, "tocsr"):
        return given.tocsr()
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        try:
            given = _text_array(given) if _is_text(given) else np.asarray(given)
        except ValueError as error:
            raise ModelError(f"sample_input is a ragged list ({error}). {_WANTED}") from error
    if isinstance(given, np.ndarray) and given.ndim:
        return given
    raise ModelError(f"sample_input is a {type(given).__name__}. {_WANTED}")


def _is_text(values: Sequence[Any]) -> bool:
    return bool(len(values)) and all(isinstance(value, str) for value in values)


def _text_array(values: Sequence[str]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _part_of_array(array: Any) -> Part:
    shape = tuple(int(n) for n in array.shape[1:])
    dtype = np.dtype(array.dtype) if isinstance(array.dtype, np.dtype) else np.dtype(object)
    if dtype.kind in "OUST":
        values = np.asarray(array, dtype=object).ravel()
        if not _is_text(list(values)):
            raise ModelError(
                "sample_input holds objects that are not all texts (missing values, or texts and "
                "numbers mixed). Use a DataFrame for columns of several types, and fill what is "
                "missing."
            )
        return Part(MATRIX, "str", shape)
    return Part(MATRIX, _number_type(dtype, "sample_input"), shape)


def _layouts_of_frame(frame: Any, *, by_column: bool) -> list[Plan]:
    labels = list(frame.columns)
    names = [str(label) for label in labels]
    if len(set(names)) != len(names) or not all(names):
        raise ModelError(
            f"The columns of sample_input need names of their own, not {names!r:.200}."
        )
    each = tuple(
        Part(name, _column_type(frame[label], name), (1,), (label,))
        for label, name in zip(labels, names, strict=True)
    )
    if any(part.dtype == "str" for part in each):
        return [each]
    common = np.result_type(*(part.dtype for part in each)).name
    together = (Part(MATRIX, common, (len(labels),), tuple(labels)),)
    return [each, together] if by_column else [together, each]


def _column_type(column: Any, name: str) -> str:
    """Name the element type that a column of a ``DataFrame`` has in ONNX."""
    dtype = column.dtype
    if hasattr(dtype, "categories"):
        dtype = dtype.categories.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        missing = hasattr(column.dtype, "categories") and bool(column.isna().any())
        return "float64" if missing else _number_type(dtype, f"The column {name!r}")
    kind = getattr(dtype, "kind", "O")
    if kind in "biuf":
        return "float64" if column.isna().any() else str(np.dtype(dtype.numpy_dtype))
    if kind in "OU":
        if column.isna().any():
            raise ModelError(
                f"The column {name!r} has missing texts, and texts of ONNX cannot be missing. "
                "Fill them (column.fillna('')) before fitting and in the sample."
            )
        if _is_text(list(column)):
            return "str"
    raise ModelError(
        f"The column {name!r} of sample_input is of type {column.dtype}; ONNX takes numbers and "
        "texts. Turn it into one of these before the model."
    )


def _number_type(dtype: np.dtype, what: str) -> str:
    if dtype.kind in "biu" or dtype.name in ("float32", "float64"):
        return dtype.name
    if dtype.name == "float16":
        return "float32"
    raise ModelError(f"{what} is of type {dtype}; ONNX takes numbers and texts.")
