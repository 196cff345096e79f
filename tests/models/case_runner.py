"""Run the cases of one file in a kernel's environment; write down what each left.

Runs outside pytest, by the kernel's Python.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime

if TYPE_CHECKING:
    from collections.abc import Callable

CASES: dict[str, Callable[[], Any]] = {}
#: numpy's types for those of onnxruntime
TYPES = {
    "tensor(bool)": "?",
    "tensor(double)": "f8",
    "tensor(float)": "f4",
    "tensor(int32)": "i4",
    "tensor(int64)": "i8",
    "tensor(string)": "O",
    "tensor(uint8)": "u1",
}


def case(function: Callable[[], Any]) -> Callable[[], Any]:
    """Register a function as a case under its own name."""
    CASES[function.__name__] = function
    return function


def main() -> None:
    """Run every case in a folder of its own; the first argument is the file for the results."""
    results = {}
    target = Path(sys.argv[1]).absolute()
    for name, function in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            results[name] = _run(function, Path(folder))
        os.chdir(target.parent)
    target.write_text(json.dumps(results, indent=1))


def _run(function: Callable[[], Any], folder: Path) -> dict[str, Any]:
    result, error = None, None
    np.random.seed(0)
    noise = folder / "stderr"
    saved = os.dup(2)
    with noise.open("wb") as file:
        os.dup2(file.fileno(), 2)
        try:
            result = function()
        except Exception as raised:  # noqa: BLE001 (a case that breaks must not end the others)
            kinds = [kind.__name__ for kind in type(raised).__mro__]
            error = {"kinds": kinds, "text": str(raised)}
        finally:
            os.dup2(saved, 2)
            os.close(saved)
    outputs = folder / "outputs"
    return {
        "stderr": noise.read_text(errors="replace"),
        "result": result,
        "error": error,
        "files": sorted(p.relative_to(outputs).as_posix() for p in outputs.rglob("*")),
        "model": _describe(outputs / "models" / "model.onnx"),
    }


def _describe(file: Path) -> dict[str, Any] | None:
    if not file.is_file():
        return None
    model = onnx.load(file)
    return {
        "graph": model.graph.name,
        "inputs": [_value(v) for v in model.graph.input],
        "outputs": [_value(v) for v in model.graph.output],
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
    }


def _value(value: onnx.ValueInfoProto) -> list[Any]:
    tensor = value.type.tensor_type
    name = onnx.TensorProto.DataType.Name(tensor.elem_type)
    return [value.name, name, [d.dim_value or d.dim_param for d in tensor.shape.dim]]


def compute(file: Path, feed: dict[str, Any]) -> dict[str, Any]:
    """Compute with a saved model, as somebody would who got the file."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    typed = {i.name: np.asarray(feed[i.name]).astype(TYPES[i.type]) for i in session.get_inputs()}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, typed), strict=True))


def largest_difference(computed: Any, expected: Any) -> float:
    """Return the largest absolute difference; NaN agrees with NaN."""
    computed, expected = np.asarray(computed, float), np.asarray(expected, float)
    return float(np.nanmax(np.abs(computed.reshape(expected.shape) - expected)))
