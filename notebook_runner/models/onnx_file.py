"""The ONNX file of a saved model: tidied, described and checked.

Its ``metadata_props`` hold, each key beginning with ``notebook_runner.``:

=================  ===========================================================
``format``         version of this list: ``1``
``version``        version of this package
``name``           name that the model was saved under
``framework``      ``scikit-learn``, ``Keras`` ...
``framework_version``  its version
``model``          class of the model, with its module
``opset``          version of ONNX's default operator set
``onnxruntime``    version that the proof was made with
``max_error``      largest absolute difference of any number from the original
``tolerance``      JSON: ``relative`` and ``absolute``, as in ``comparison.py``
``compared``       JSON: ``rows`` of the sample, ``batch_sizes`` tried
``inputs``         JSON list: ``name``, ``dtype``, ``shape`` (null: may vary),
                   and ``columns`` where a table was put into one input
``outputs``        JSON list: ``name``, ``kind`` (label, probability, value),
                   ``type``, ``max_error``, and for labels ``ties`` (labels
                   chosen otherwise between equal scores) and ``classes``
=================  ===========================================================
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper

from notebook_runner import __version__
from notebook_runner.errors import ModelError
from notebook_runner.models.proof import Proof, ProvedOutput, Shape, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_runner.models.exporter import Candidate, Expected, Exporter

PREFIX = "notebook_runner."


def tidy_model(model: onnx.ModelProto, name: str, outputs: list[str]) -> None:
    """Name the graph, its outputs and its batch; keep no output beyond the named ones.

    Parameters
    ----------
    model
        Changed in place.
    name
        The graph's new name.
    outputs
        New names of the first outputs; one that an input has gets an
        underscore. Further outputs are dropped: there is nothing to compare
        them with.

    Raises
    ------
    ModelError
        When the model has fewer outputs than that.
    """
    graph = model.graph
    if len(graph.output) < len(outputs):
        raise ModelError(
            f"The converted model has {len(graph.output)} outputs, and the original computes "
            f"{len(outputs)} ({', '.join(outputs)})."
        )
    graph.name = name
    # What converters note about shapes on the way is a guess in places, and not needed.
    del graph.value_info[:]
    del graph.output[len(outputs) :]
    for value, wanted in zip(graph.output, outputs, strict=True):
        if value.name != wanted:
            new = _free_name(graph, wanted)
            graph.node.append(helper.make_node("Identity", [value.name], [new]))
            value.name = new
    for value in graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if not dim.HasField("dim_value"):
                dim.dim_param = f"{value.name}_{axis}" if axis else "batch"
    _merge_opsets(model)


def finish_model(
    model: onnx.ModelProto,
    name: str,
    *,
    kind: type,
    exporter: Exporter,
    candidate: Candidate,
    expected: list[Expected],
    proof: Proof,
) -> bytes:
    """Write the shapes and the description into a proved model, and check the whole.

    Returns
    -------
    bytes
        The content of the file.

    Raises
    ------
    ModelError
        When onnx.checker or ONNX's shape inference objects.
    """
    for value, output in zip(model.graph.output, proof.outputs, strict=True):
        _set_shape(value, output.shapes, proof.batch_sizes)
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    inputs: list[dict[str, Any]] = [
        {"name": i.name, "dtype": i.dtype, "shape": list(i.shape)}
        | ({"columns": list(i.columns)} if i.columns else {})
        for i in candidate.inputs
    ]
    tolerance = {"relative": proof.tolerance.relative, "absolute": proof.tolerance.absolute}
    described = {
        "format": "1",
        "version": __version__,
        "name": name,
        "framework": exporter.framework,
        "framework_version": exporter.framework_version,
        "model": f"{kind.__module__}.{kind.__qualname__}",
        "opset": str(opset),
        "onnxruntime": proof.onnxruntime,
        "max_error": f"{proof.largest:.3g}",
        "tolerance": json.dumps(tolerance),
        "compared": json.dumps({"rows": proof.rows, "batch_sizes": list(proof.batch_sizes)}),
        "inputs": json.dumps(inputs),
        "outputs": json.dumps(
            [_describe(*pair) for pair in zip(proof.outputs, expected, strict=True)],
            default=str,
        ),
    }
    helper.set_model_props(model, {PREFIX + key: text for key, text in described.items()})
    try:
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())
    except Exception as error:
        raise ModelError(f"onnx.checker refuses the converted model: {shorten(error)}") from error


def _describe(output: ProvedOutput, expected: Expected) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": output.name,
        "kind": expected.kind,
        "type": output.type,
        "max_error": float(f"{output.largest:.3g}"),
    }
    if expected.kind == "label":
        classes = [np.asarray(ranking.classes).tolist() for ranking in expected.rankings]
        described["ties"] = output.ties
        described["classes"] = classes[0] if len(classes) == 1 else classes
    return described


def _set_shape(value: onnx.ValueInfoProto, seen: tuple[Shape, ...], sizes: tuple[int, ...]) -> None:
    """Declare the shape that the output had: some converters declare another."""
    if not seen or not value.type.HasField("tensor_type"):
        return
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    for lengths in zip(*seen, strict=True):
        dim = shape.dim.add()
        if lengths == sizes:
            dim.dim_param = "batch"
        elif len(set(lengths)) == 1:
            dim.dim_value = lengths[0]


def _free_name(graph: onnx.GraphProto, wanted: str) -> str:
    """Make a name free for an output: what has it within the graph is renamed, an input is not."""
    taken = {name for part in _with_inner(graph) for name in _names(part)}
    while wanted in taken and wanted in {v.name for v in (*graph.input, *graph.initializer)}:
        wanted += "_"
    if wanted in taken:
        other = wanted
        while other in taken:
            other += "_"
        for part in _with_inner(graph):
            for value in part.output:
                value.name = other if value.name == wanted else value.name
            for node in part.node:
                for names in (node.input, node.output):
                    names[:] = [other if name == wanted else name for name in names]
    return wanted


def _with_inner(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield the graph and the graphs within it, those of loops and branches."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
                for inner in (
                    *([attribute.g] if attribute.HasField("g") else []),
                    *attribute.graphs,
                ):
                    yield from _with_inner(inner)


def _names(graph: onnx.GraphProto) -> Iterator[str]:
    for value in (*graph.input, *graph.output, *graph.initializer):
        yield value.name
    for node in graph.node:
        yield from node.output


def _merge_opsets(model: onnx.ModelProto) -> None:
    """Name each operator set once; skl2onnx lists some of them twice."""
    versions: dict[str, int] = {}
    for opset in model.opset_import:
        versions[opset.domain] = max(versions.get(opset.domain, 0), opset.version)
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(d, v) for d, v in versions.items())
