"""The proof that an ONNX model computes what the original computes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from notebook_runner.errors import ModelError
from notebook_runner.models.comparison import TOLERANCES, Tolerance, compare_output

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

    from notebook_runner.models.exporter import Batch, Candidate, Expected

Shape = tuple[int, ...]


class FailedProofError(ModelError):
    """The ONNX model does not compute the same; ``largest`` is the worst difference."""

    def __init__(self, message: str, largest: float) -> None:
        super().__init__(message)
        self.largest = largest


@dataclass(frozen=True)
class ProvedOutput:
    """One output and how far it was off at most.

    Attributes
    ----------
    largest
        Largest absolute error of values; of labels the fraction that is wrong, so 0.
    ties
        Rows whose label was decided between equal scores, and otherwise.
    shapes
        The shape on each batch; empty for a sequence of tensors.
    """

    name: str
    type: str
    largest: float
    ties: int
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Proof:
    """What was compared, how strictly, and with what result."""

    outputs: tuple[ProvedOutput, ...]
    tolerance: Tolerance
    batch_sizes: tuple[int, ...]
    onnxruntime: str

    @property
    def rows(self) -> int:
        """The number of rows of the sample that were compared."""
        return self.batch_sizes[0]

    @property
    def largest(self) -> float:
        """The largest absolute error of any value."""
        return max((o.largest for o in self.outputs), default=0.0)


def open_session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """Load a model into onnxruntime, on the CPU, without messages on the screen.

    Raises
    ------
    ModelError
        When onnxruntime cannot load it.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's exceptions have no common base
        unknown = re.search(r"No Op registered for (\w+)", str(error))
        reason = f"ONNX has no operator {unknown[1]!r}" if unknown else shorten(error)
        raise ModelError(
            f"onnxruntime {onnxruntime.__version__} cannot load the converted model: {reason}"
        ) from error


def prove(
    candidate: Candidate,
    batches: Mapping[str, Batch],
    expected: Mapping[str, list[Expected]],
    *,
    relative: float | None = None,
    absolute: float | None = None,
) -> Proof:
    """Run the model under onnxruntime on every batch and compare every output.

    Parameters
    ----------
    expected
        Per batch, what the original computes, in the order of the model's outputs.
    relative, absolute
        Tolerances instead of those of ``comparison.py``.

    Raises
    ------
    FailedProofError
        When an output differs by more than is allowed.
    ModelError
        When onnxruntime cannot load or run the model.
    """
    session = open_session(candidate.model)
    names = {i.name for i in session.get_inputs()}
    outputs = session.get_outputs()
    tolerance = _choose_tolerance(session, relative, absolute)
    largest = [0.0] * len(outputs)
    ties = [0] * len(outputs)
    shapes: list[list[Shape]] = [[] for _ in outputs]
    sizes: list[int] = []
    for title, batch in batches.items():
        feed = {name: array for name, array in candidate.feed(batch).items() if name in names}
        computed = _run(session, feed, title)
        sizes.append(len(next(iter(feed.values()))))
        for i, (wanted, given) in enumerate(zip(expected[title], computed, strict=True)):
            found = compare_output(wanted, given, tolerance)
            if found.reason:
                raise FailedProofError(
                    f"The converted model does not compute what the original does: on {title}, "
                    f"output {wanted.name!r}: {found.reason}.",
                    found.largest,
                )
            largest[i] = max(largest[i], found.largest)
            ties[i] += found.ties
            if not isinstance(given, list):
                shapes[i].append(np.shape(given))
    proved = (
        ProvedOutput(output.name, output.type, largest[i], ties[i], tuple(shapes[i]))
        for i, output in enumerate(outputs)
    )
    return Proof(tuple(proved), tolerance, tuple(sizes), onnxruntime.__version__)


def shorten(error: BaseException, limit: int = 300) -> str:
    """Give the first lines of another library's message, on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _run(
    session: onnxruntime.InferenceSession, feed: dict[str, np.ndarray], title: str
) -> list[Any]:
    try:
        return list(session.run(None, feed))
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise ModelError(
            f"onnxruntime {onnxruntime.__version__} cannot run the converted model on {title}: "
            f"{shorten(error)}"
        ) from error


def _choose_tolerance(
    session: onnxruntime.InferenceSession, relative: float | None, absolute: float | None
) -> Tolerance:
    """Take double precision's tolerance only where nothing visible is less precise."""
    types = [value.type for value in (*session.get_inputs(), *session.get_outputs())]
    double = any("double" in t for t in types) and not any("float" in t for t in types)
    usual = TOLERANCES["float64" if double else "float32"]
    return Tolerance(
        usual.relative if relative is None else relative,
        usual.absolute if absolute is None else absolute,
        usual.eps,
    )
