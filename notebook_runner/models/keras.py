"""Saving models of Keras 3, with Keras's own export to ONNX."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import onnx

from notebook_runner.errors import ModelError
from notebook_runner.models.exporter import Batch, Candidate, Expected, InputDescription
from notebook_runner.models.keras_sample import Sample
from notebook_runner.models.proof import shorten
from notebook_runner.models.rows import build_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Rows that the original computes at once.
_CHUNK = 128
#: One way to declare the inputs: their shapes, None where a length may vary.
Plan = tuple[tuple[int | None, ...], ...]


class KerasExporter:
    """One built model of Keras with its sample; a batch is a list of arrays, one per input."""

    framework = "Keras"
    framework_version: str = keras.__version__

    def __init__(self, model: Any, sample_input: Any) -> None:
        self._model = model
        self._sample = Sample(model, sample_input)
        self._free = self._sample.free
        if any(self._free) and not self._takes(self._sample.lengthen()):
            self._free = [()] * len(self._free)

    def batches(self) -> dict[str, Batch]:
        """Build the batches, and one of longer rows where the model declares free lengths."""
        arrays = self._sample.arrays
        width = sum(array[:1].nbytes for array in arrays)
        batches = build_batches(len(arrays[0]), width, lambda rows: [a[rows] for a in arrays])
        if any(self._free):
            batches["rows of twice the length"] = self._sample.lengthen()
        return batches

    def expect(self, batch: Batch) -> list[Expected]:
        """Compute a batch with the original, on the CPU.

        A GPU may round products to ten bits (TF32), and the ONNX model is run
        on the CPU.
        """
        try:
            with keras.device("cpu:0"), _without_cudnn(self._model):
                chunks = (
                    self._sample.pack([array[i : i + _CHUNK] for array in batch])
                    for i in range(0, len(batch[0]), _CHUNK)
                )
                parts = [self._model(chunk, training=False) for chunk in chunks]
            flat = [[keras.ops.convert_to_numpy(o) for o in keras.tree.flatten(p)] for p in parts]
        except Exception as error:
            shapes = ", ".join(str(array.shape) for array in batch)
            raise ModelError(
                f"The Keras model {self._model.name!r} cannot compute with sample_input, of shape "
                f"{shapes}: {shorten(error)}"
            ) from error
        names = self._output_names(parts[0], len(flat[0]))
        rows = min(len(batch[0]), _CHUNK)
        for name, first in zip(names, flat[0], strict=True):
            if first.shape[:1] != (rows,):
                raise ModelError(
                    f"The output {name!r} of the Keras model {self._model.name!r} has the shape "
                    f"{first.shape} for {rows} rows; a row for each is needed."
                )
        values = [np.concatenate(same) for same in zip(*flat, strict=True)]
        return [
            Expected(name, "label" if value.dtype.kind in "biu" else "value", value)
            for name, value in zip(names, values, strict=True)
        ]

    def plans(self) -> list[Plan]:
        """Declare lengths as free where the model does and computes so, else as in the sample."""
        arrays = self._sample.arrays
        return [
            tuple(
                (None, *(None if axis in free else n for axis, n in enumerate(a.shape) if axis))
                for a, free in zip(arrays, self._free, strict=True)
            )
        ]

    def convert(self, plan: Plan, opset: int | None) -> Candidate:
        """Convert the model by ``model.export``; tf2onnx by itself does not know Keras 3."""
        names = self._sample.input_names()
        arrays = self._sample.arrays
        specs = [
            keras.InputSpec(shape=shape, dtype=str(array.dtype), name=name)
            for shape, array, name in zip(plan, arrays, names, strict=True)
        ]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.onnx"
            try:
                with _quietly(), _without_cudnn(self._model):
                    inference = _Inference(self._model)
                    inference(self._sample.pack([array[:1] for array in arrays]))
                    inference.export(
                        str(file),
                        format="onnx",
                        verbose=False,
                        input_signature=[self._sample.pack(specs)],
                        opset_version=opset,
                    )
                model = onnx.load(file)
            except Exception as error:
                raise ModelError(
                    f"Keras {keras.__version__} cannot export the model {self._model.name!r} to "
                    f"ONNX: {shorten(error)}"
                ) from error
        given = [value.name for value in model.graph.input]
        if not set(given) <= set(names):
            raise ModelError(f"The converted model has the inputs {given}, not {names}.")
        inputs = tuple(
            InputDescription(name, str(array.dtype), shape)
            for name, array, shape in zip(names, arrays, plan, strict=True)
        )
        return Candidate(model, inputs, lambda batch: dict(zip(names, batch, strict=True)))

    def _takes(self, batch: Batch) -> bool:
        try:
            self.expect(batch)
        except ModelError:
            return False
        return True

    def _output_names(self, result: Any, count: int) -> list[str]:
        if isinstance(result, dict) and len(result) == count:
            return sorted(map(str, result))
        names = list(getattr(self._model, "output_names", None) or [])
        if len(set(names)) == count:
            return names
        return ["output"] if count == 1 else [f"output_{i}" for i in range(count)]


class _Inference(keras.Model):  # type: ignore[misc]
    """A model that computes as after training: layers that add noise would do so by default."""

    def __init__(self, model: Any) -> None:
        super().__init__(name="inference")
        self.model = model

    def call(self, given: Any) -> Any:
        return self.model(given, training=False)


def open_exporter(model: Any, sample_input: Any) -> KerasExporter:
    """Open the exporter for a built model.

    Raises
    ------
    ModelError
        When it is no model of Keras 3, has no weights yet, or the sample does
        not fit its inputs.
    """
    if int(keras.__version__.split(".")[0]) < 3:
        raise ModelError(f"save_model needs Keras 3, and this is Keras {keras.__version__}.")
    if not isinstance(model, keras.Model):
        raise ModelError(f"{type(model).__name__} is no keras.Model. Save the model it belongs to.")
    if not model.built:
        raise ModelError(
            f"The Keras model {model.name!r} has no weights yet: it was never fitted nor called. "
            "Fit it before saving it."
        )
    return KerasExporter(model, sample_input)


@contextmanager
def _without_cudnn(model: Any) -> Iterator[None]:
    """Keep recurrent layers off cuDNN: its operators have no counterpart in ONNX."""
    layers = [layer for layer in model._flatten_layers() if hasattr(layer, "use_cudnn")]  # noqa: SLF001
    before = [layer.use_cudnn for layer in layers]
    try:
        for layer in layers:
            layer.use_cudnn = False
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            layer.use_cudnn = value


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence the converters' log lines, those of their C++ parts too."""
    loggers = [logging.getLogger(name) for name in ("tensorflow", "tf2onnx")]
    levels = [logger.level for logger in loggers]
    saved = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nothing, warnings.catch_warnings():
            os.dup2(nothing.fileno(), 2)
            warnings.simplefilter("ignore")
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
