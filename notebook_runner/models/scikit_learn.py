"""Saving models of scikit-learn, with skl2onnx."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import skl2onnx
import sklearn
from skl2onnx._supported_operators import get_model_alias
from skl2onnx.common import data_types
from skl2onnx.common._registration import get_converter
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from notebook_runner.errors import ModelError
from notebook_runner.models.exporter import Batch, Candidate, Expected, UnsupportedModelError
from notebook_runner.models.proof import shorten
from notebook_runner.models.scikit_learn_outputs import compute_outputs
from notebook_runner.models.scikit_learn_repairs import converters, keep_one_score, repair_texts
from notebook_runner.models.scikit_learn_sample import Plan, Sample

if TYPE_CHECKING:
    import onnx

#: Version of the operators for classical models: trees with NaN need the third,
#: and the converters know none beyond it.
_ML_OPSET = 3
_TENSORS = {
    "bool": data_types.BooleanTensorType,
    "float32": data_types.FloatTensorType,
    "float64": data_types.DoubleTensorType,
    "int8": data_types.Int8TensorType,
    "int16": data_types.Int16TensorType,
    "int32": data_types.Int32TensorType,
    "int64": data_types.Int64TensorType,
    "str": data_types.StringTensorType,
    "uint8": data_types.UInt8TensorType,
    "uint16": data_types.UInt16TensorType,
    "uint32": data_types.UInt32TensorType,
    "uint64": data_types.UInt64TensorType,
}


class ScikitLearnExporter:
    """One fitted model of scikit-learn with its sample."""

    framework = "scikit-learn"
    framework_version: str = sklearn.__version__

    def __init__(self, model: Any, sample_input: Any) -> None:
        self._model = model
        self._sample = Sample(sample_input, by_column=_picks_columns(model))

    def batches(self) -> dict[str, Batch]:
        """Build the batches to compare on."""
        return self._sample.batches()

    def expect(self, batch: Batch) -> list[Expected]:
        """Predict, or transform, a batch with the original."""
        name = type(self._model).__name__
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return compute_outputs(self._model, batch)
        except NotFittedError as error:
            raise ModelError(f"{name} is not fitted yet. Fit it before saving it.") from error
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(
                f"{name} cannot compute with sample_input, of shape {batch.shape}: {shorten(error)}"
            ) from error

    def plans(self) -> list[Plan]:
        """List the ways to declare the inputs."""
        return self._sample.plans()

    def convert(self, plan: Plan, opset: int | None) -> Candidate:
        """Convert the model with skl2onnx."""
        name = type(self._model).__name__
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = self._convert(plan, opset or skl2onnx.get_latest_tested_opset_version())
        except (MissingConverter, MissingShapeCalculator) as error:
            found = re.search(r"<class '([^']+)'>", str(error))
            part = found[1].rpartition(".")[2] if found else name
            within = "" if part == name else f" (in {name})"
            raise UnsupportedModelError(
                f"skl2onnx {skl2onnx.__version__} has no converter for {part}{within}. Use another "
                "estimator, or register a converter with skl2onnx.update_registered_converter."
            ) from error
        except Exception as error:
            declared = ", ".join(sorted({part.dtype for part in plan}))
            raise ModelError(
                f"skl2onnx {skl2onnx.__version__} cannot convert {name} with inputs of type "
                f"{declared}: {shorten(error)}"
            ) from error
        # skl2onnx renames an input that is called as one of its outputs.
        names = [value.name for value in model.graph.input]
        if len(names) != len(plan):
            names = [part.name for part in plan]

        def feed(batch: Batch) -> dict[str, Any]:
            return {name: part.extract(batch) for name, part in zip(names, plan, strict=True)}

        repair_texts(model)
        batch = next(iter(self.batches().values()))
        scores = next((e for e in self.expect(batch) if e.name == "scores"), None)
        if scores is not None and np.ndim(scores.values) == 1:
            keep_one_score(model, feed(batch), np.asarray(scores.values))
        inputs = tuple(part.describe(name) for name, part in zip(names, plan, strict=True))
        return Candidate(model, inputs, feed)

    def _convert(self, plan: Plan, opset: int) -> onnx.ModelProto:
        def convert(target: int | dict[str, int]) -> onnx.ModelProto:
            return skl2onnx.convert_sklearn(
                self._model,
                initial_types=[(p.name, _TENSORS[p.dtype]([None, *p.shape])) for p in plan],
                options=_plain_probabilities(self._model),
                target_opset=target,
                custom_conversion_functions=converters(),
            )

        try:
            return convert({"": opset, "ai.onnx.ml": _ML_OPSET})
        except TypeError:  # some converters compare the target as a number
            return convert(opset)


def open_exporter(model: Any, sample_input: Any) -> ScikitLearnExporter:
    """Open the exporter for a fitted model.

    Raises
    ------
    ModelError
        When the sample is none for scikit-learn.
    """
    return ScikitLearnExporter(model, sample_input)


def _picks_columns(model: Any) -> bool:
    parts = model.get_params(deep=True).values() if hasattr(model, "get_params") else ()
    return any(isinstance(part, ColumnTransformer) for part in (model, *parts))


def _plain_probabilities(model: Any) -> dict[int, dict[str, bool]] | None:
    """Ask the last estimator's converter for an array of probabilities, not a list of dicts."""
    while True:
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(model, Pipeline) and model.steps:
            model = model.steps[-1][1]
        else:
            break
    try:
        options = get_converter(get_model_alias(type(model))).get_allowed_options()
    except (KeyError, ValueError, RuntimeError):
        return None
    return {id(model): {"zipmap": False}} if "zipmap" in (options or ()) else None
