"""From an exporter to the bytes of a proved ONNX file."""

from __future__ import annotations

from notebook_runner.errors import ModelError
from notebook_runner.models.exporter import Exporter, UnsupportedModelError
from notebook_runner.models.onnx_file import finish_model, tidy_model
from notebook_runner.models.proof import FailedProofError, prove


def export_model(
    exporter: Exporter,
    name: str,
    kind: type,
    *,
    opset: int | None = None,
    relative: float | None = None,
    absolute: float | None = None,
) -> bytes:
    """Convert a model, prove the conversion, and return the file's content.

    The exporter's plans are tried in turn; the first whose result is proved wins.

    Parameters
    ----------
    name
        Name of the graph.
    kind
        Class of the original.
    opset, relative, absolute
        As for ``save_model``.

    Raises
    ------
    ModelError
        When no plan succeeds: the failed proof that came closest, else the
        first failure.
    """
    batches = exporter.batches()
    expected = {title: exporter.expect(batch) for title, batch in batches.items()}
    outputs = next(iter(expected.values()))
    failures: list[ModelError] = []
    for plan in exporter.plans():
        try:
            candidate = exporter.convert(plan, opset)
            tidy_model(candidate.model, name, [output.name for output in outputs])
            proof = prove(candidate, batches, expected, relative=relative, absolute=absolute)
            return finish_model(
                candidate.model,
                name,
                kind=kind,
                exporter=exporter,
                candidate=candidate,
                expected=outputs,
                proof=proof,
            )
        except UnsupportedModelError:
            raise
        except ModelError as error:
            failures.append(error)
    differing = [error for error in failures if isinstance(error, FailedProofError)]
    raise min(differing, key=lambda error: error.largest) if differing else failures[0]
