"""A sample for a Keras model: one array per input, in the model's order and of its types."""

from __future__ import annotations

import re
from typing import Any

import keras
import numpy as np

from notebook_runner.errors import ModelError
from notebook_runner.models.proof import shorten


class Sample:
    """What ``save_model`` was given as ``sample_input``, taken apart.

    Parameters
    ----------
    model
        A built model.
    given
        An array, or a list or a dict of arrays where there are several inputs.

    Attributes
    ----------
    arrays
        One per input, rows first.
    free
        Per input, the axes beyond the first along which the model declares any length.

    Raises
    ------
    ModelError
        When it does not fit the inputs of the model, or has no rows.
    """

    def __init__(self, model: Any, given: Any) -> None:
        self._tensors = list(getattr(model, "inputs", None) or [])
        if not self._tensors:
            # A model without declared inputs takes what it is given.
            self._structure = given
        else:
            sequential = isinstance(model, keras.Sequential)
            self._structure = self._tensors[0] if sequential else model.input
        self.arrays = self._take_apart(given)
        self.free = [
            tuple(axis for axis, n in enumerate(tensor.shape) if axis and n is None)
            for tensor in self._tensors
        ] or [()] * len(self.arrays)

    def pack(self, flat: list[Any]) -> Any:
        """Put one thing per input together as the model takes them."""
        return keras.tree.pack_sequence_as(self._structure, flat)

    def lengthen(self) -> list[np.ndarray]:
        """Put some rows of the sample twice behind each other along each free axis."""
        longer = []
        for array, free in zip(self.arrays, self.free, strict=True):
            rows = array[:8]
            for axis in free:
                rows = np.concatenate([rows, rows], axis=axis)
            longer.append(rows)
        return longer

    def input_names(self) -> list[str]:
        """Name the inputs as the model does, in letters that TensorFlow takes."""
        return self._name_inputs(len(self.arrays))

    def _name_inputs(self, count: int) -> list[str]:
        numbered = ["input"] if count == 1 else [f"input_{i}" for i in range(count)]
        names: list[str] = []
        for i, plain in enumerate(numbered):
            given = self._tensors[i].name if self._tensors else plain
            # Keras counts the inputs that nobody named, over all models of the session.
            name = plain if re.fullmatch(r"keras_tensor(_\d+)?", given) else given
            name = re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("_") or plain
            while name in names:
                name += "_"
            names.append(name)
        return names

    def _take_apart(self, given: Any) -> list[np.ndarray]:
        if self._tensors:
            leaves = _match(given, self._tensors, self._structure)
        else:
            leaves = keras.tree.flatten(given)
        names = self._name_inputs(len(leaves))
        tensors = self._tensors or [None] * len(leaves)
        arrays = [_as_array(*three) for three in zip(names, leaves, tensors, strict=True)]
        lengths = {len(array) for array in arrays}
        if lengths <= {0}:
            raise ModelError("sample_input has no rows. Give some dozens of rows of real input.")
        if len(lengths) > 1:
            raise ModelError(
                f"The inputs in sample_input differ in their numbers of rows: {sorted(lengths)}."
            )
        return arrays


def _match(sample: Any, tensors: list[Any], structure: Any) -> list[Any]:
    """Find what the sample has for each input of the model."""
    names = [tensor.name for tensor in tensors]
    if isinstance(sample, dict):
        keys = list(structure) if isinstance(structure, dict) else names
        missing = [key for key in keys if key not in sample]
        if missing:
            raise ModelError(
                f"sample_input lacks the input {missing[0]!r}; the model takes {', '.join(keys)}."
            )
        if isinstance(structure, dict):
            return list(keras.tree.flatten({key: sample[key] for key in keys}))
        return [sample[key] for key in keys]
    if len(tensors) == 1:
        alone = isinstance(sample, list | tuple) and len(sample) == 1
        inner = alone and np.ndim(sample[0]) == len(tensors[0].shape)
        return [sample[0] if inner else sample]
    leaves = list(sample) if isinstance(sample, list | tuple) else [sample]
    if len(leaves) != len(tensors):
        raise ModelError(
            f"sample_input is a {type(sample).__name__} with {len(leaves)} arrays, and the model "
            f"takes {len(tensors)}: a list or a dict of arrays for {', '.join(names)}."
        )
    return leaves


def _as_array(name: str, leaf: Any, tensor: Any) -> np.ndarray:
    """Turn one input of the sample into an array as the model declares it."""
    if tensor is not None and tensor.dtype == "string":
        raise ModelError(
            f"The input {name!r} of the model takes texts, which Keras does not export to ONNX. "
            "Save a model that begins behind the text layer."
        )
    try:
        array = np.asarray(leaf)
        if tensor is not None:
            array = array.astype(tensor.dtype)
        elif array.dtype == np.float64:
            array = array.astype(keras.config.floatx())  # as Keras itself does
    except Exception as error:
        raise ModelError(
            f"The sample for the input {name!r}, a {type(leaf).__name__}, is no array of numbers: "
            f"{shorten(error)}"
        ) from error
    if array.ndim == 0 or array.dtype.kind not in "biuf":
        raise ModelError(
            f"The sample for the input {name!r}, a {type(leaf).__name__}, is no array of numbers "
            "with a row per sample."
        )
    if tensor is None:
        return array
    wanted = tuple(tensor.shape)
    fits = len(wanted) == array.ndim and all(
        n in (None, m) for n, m in zip(wanted[1:], array.shape[1:], strict=True)
    )
    if not fits:
        raise ModelError(
            f"The sample for the input {name!r} has the shape {array.shape}; the model takes "
            f"{wanted}, where None stands for any number."
        )
    return array
