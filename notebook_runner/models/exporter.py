"""What a framework must offer for its models to be saved: one small interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from notebook_runner.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import onnx

#: What one call of a model is fed with, in the framework's own form.
Batch = Any


@dataclass(frozen=True)
class Ranking:
    """What a label was chosen by, to tell a tie from a wrong label.

    Attributes
    ----------
    scores
        Rows times classes; the class with the highest score is the label.
    classes
        The label of each column of ``scores``.
    """

    scores: np.ndarray
    classes: np.ndarray


@dataclass(frozen=True)
class Expected:
    """One output as the framework itself computes it.

    Attributes
    ----------
    name
        Name of the output in the ONNX model.
    kind
        ``label`` is compared exactly but for ties, ``probability`` on the
        scale of 1, ``value`` on the scale of the output itself.
    values
        Rows come first. A list of arrays where the model has several targets.
    rankings
        For labels: what they were chosen by, one per target. Without it no
        label counts as a tie.
    """

    name: str
    kind: Literal["label", "probability", "value"]
    values: np.ndarray | list[np.ndarray]
    rankings: tuple[Ranking, ...] = ()


@dataclass(frozen=True)
class InputDescription:
    """One input of the ONNX model.

    Attributes
    ----------
    name
        Its name in the ONNX model.
    dtype
        Its element type, by numpy's name; ``str`` for text.
    shape
        Its dimensions; the first is the batch and ``None``, as is every other
        that may vary.
    columns
        The columns of the table, where they were put side by side in one input.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """One conversion of the model, still to be proved.

    Attributes
    ----------
    model
        The ONNX model; its outputs are those that the exporter expects, in
        that order, and possibly more, which are dropped.
    inputs
        Its inputs.
    feed
        Turns a batch into what the ONNX model is fed with.
    """

    model: onnx.ModelProto
    inputs: tuple[InputDescription, ...]
    feed: Callable[[Batch], dict[str, np.ndarray]]


class UnsupportedModelError(ModelError):
    """The converter does not know this model: another plan would do no better."""


class Exporter(Protocol):
    """Converts one model of one framework, and computes with the original.

    Every method raises ``ModelError`` for what cannot be done.
    """

    framework: str
    framework_version: str

    def batches(self) -> dict[str, Batch]:
        """Name and build what to compare on: the sample first, then other numbers of rows."""
        ...

    def expect(self, batch: Batch) -> list[Expected]:
        """Compute a batch with the original model."""
        ...

    def plans(self) -> Sequence[Any]:
        """List the ways to declare the inputs, the most faithful first."""
        ...

    def convert(self, plan: Any, opset: int | None) -> Candidate:
        """Convert the model with its inputs declared as in one of the plans."""
        ...
