"""How close an ONNX model must come to the original, and how far it is off.

A value passes when its error is at most::

    relative * |expected| + absolute * scale of its column + 16 * eps * scale of the output

The scale is the largest finite magnitude expected; of probabilities it is 1.
The last term is round-off of sums over the whole output, where a column is
next to nothing (the last components of a PCA).

Sources of the numbers: the relative tolerance of single precision is that of
ONNX's backend tests (1e-3; torch.onnx.verification uses the same); the
absolute one of single precision and both of double precision are the defaults
of torch.testing.assert_close (1e-5; 1e-7 and 1e-7), taken relative to the
scale, because an output may be in any unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from notebook_runner.models.exporter import Expected, Ranking


@dataclass(frozen=True)
class Tolerance:
    """What an error may be: relative to the value, and relative to the output's scale."""

    relative: float
    absolute: float
    eps: float


TOLERANCES = {
    "float64": Tolerance(1e-7, 1e-7, 2.3e-16),
    "float32": Tolerance(1e-3, 1e-5, 1.2e-7),
}


@dataclass(frozen=True)
class Difference:
    """How one output differs on one batch.

    Attributes
    ----------
    largest
        Of values the largest absolute error, of labels the fraction of rows
        with another label (ties not counted).
    ties
        Rows with another label whose scores are equal within the tolerance.
    reason
        Why it is too much; empty when it is not.
    """

    largest: float
    ties: int = 0
    reason: str = ""


def compare_output(expected: Expected, computed: object, tolerance: Tolerance) -> Difference:
    """Compare one output of the ONNX model with what the framework computes."""
    if expected.kind == "label":
        return _compare_labels(expected, np.asarray(computed), tolerance)
    if isinstance(expected.values, list):
        parts = _split_targets(expected.values, computed)
        if parts is None:
            return _shape_difference(expected, computed)
        pairs = list(zip(expected.values, parts, strict=True))
    else:
        pairs = [(np.asarray(expected.values), np.asarray(computed))]
    worst = Difference(0.0)
    for wanted, given in pairs:
        fitted = _fit_shape(wanted, given)
        if fitted is None:
            return _shape_difference(expected, computed)
        found = _compare_values(fitted, given, tolerance, unit=expected.kind == "probability")
        if found.largest >= worst.largest or found.reason:
            worst = found
    return worst


def _compare_values(
    wanted: np.ndarray, given: np.ndarray, tolerance: Tolerance, *, unit: bool
) -> Difference:
    if wanted.dtype.kind in "OUST" or given.dtype.kind in "OUST":
        wrong = wanted.astype(str) != given.astype(str)
        reason = f"{wrong.sum()} of {wrong.size} texts differ" if wrong.any() else ""
        return Difference(float(wrong.mean()) if wrong.size else 0.0, reason=reason)
    wanted, given = wanted.astype(np.float64), given.astype(np.float64)
    if wanted.size == 0:
        return Difference(0.0)
    # NaN agrees with NaN and an infinity with itself; nothing else does with either.
    finite = np.isfinite(wanted)
    odd = ~finite & ~((wanted == given) | (np.isnan(wanted) & np.isnan(given)))
    odd |= finite & ~np.isfinite(given)
    if odd.any():
        at = tuple(int(i) for i in np.argwhere(odd)[0])
        return Difference(
            float("inf"),
            reason=f"it has {given[at]:.6g} where {wanted[at]:.6g} is expected, at {list(at)}",
        )
    magnitude = np.abs(np.where(finite, wanted, 0.0))
    error = np.abs(np.where(finite, given, 0.0) - np.where(finite, wanted, 0.0))
    whole = 1.0 if unit else magnitude.max()
    # The columns of a lone row are no measure of what is usual in them.
    by_column = not unit and wanted.ndim > 1 and wanted.shape[0] > 1
    column = magnitude.max(axis=tuple(range(wanted.ndim - 1))) if by_column else whole
    allowed = (
        tolerance.relative * magnitude + tolerance.absolute * column + 16 * tolerance.eps * whole
    )
    largest = float(error.max())
    excess = error - allowed
    if not (excess > 0).any():
        return Difference(largest)
    at = tuple(int(i) for i in np.unravel_index(int(excess.argmax()), excess.shape))
    limit = float(np.broadcast_to(allowed, error.shape)[at])
    return Difference(
        largest,
        reason=f"the largest difference is {largest:.3g}; at {list(at)} it is {error[at]:.3g} "
        f"({given[at]:.6g} for {wanted[at]:.6g}), where {limit:.3g} is allowed",
    )


def _compare_labels(expected: Expected, given: np.ndarray, tolerance: Tolerance) -> Difference:
    wanted = np.asarray(expected.values)
    fitted = _fit_shape(wanted, given)
    if fitted is None:
        return _shape_difference(expected, given)
    wrong = _plain(fitted) != _plain(given)
    if not wrong.any():
        return Difference(0.0)
    ties = _find_ties(fitted, given, wrong, expected.rankings, tolerance)
    wrong &= ~ties
    rows = int(wrong.reshape(len(wrong), -1).any(axis=1).sum())
    if rows == 0:
        return Difference(0.0, ties=int(ties.sum()))
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return Difference(
        rows / len(wrong),
        ties=int(ties.sum()),
        reason=f"{rows} of {len(wrong)} rows get another label; the first is row {at[0]}, "
        f"{given[at]!r} for {fitted[at]!r}",
    )


def _find_ties(
    wanted: np.ndarray,
    given: np.ndarray,
    wrong: np.ndarray,
    rankings: tuple[Ranking, ...],
    tolerance: Tolerance,
) -> np.ndarray:
    """Mark the wrong labels whose score equals that of the expected one."""
    ties = np.zeros(wrong.shape, bool)
    columns = wanted.reshape(len(wanted), -1).shape[1]
    if len(rankings) != columns:
        return ties
    flat = (a.reshape(len(wanted), columns) for a in (_plain(wanted), _plain(given), wrong, ties))
    wanted2, given2, wrong2, ties2 = flat
    for row, column in np.argwhere(wrong2):
        scores = np.asarray(rankings[column].scores)
        classes = list(_plain(np.asarray(rankings[column].classes)))
        pair = (wanted2[row, column], given2[row, column])
        if any(label not in classes for label in pair):
            continue
        first, second = (float(scores[row, classes.index(label)]) for label in pair)
        allowed = tolerance.relative * max(abs(first), abs(second)) + tolerance.absolute * float(
            np.abs(scores).max()
        )
        ties2[row, column] = abs(first - second) <= allowed
    return ties2.reshape(wrong.shape)


def _plain(labels: np.ndarray) -> np.ndarray:
    """Bring labels to what compares across frameworks: text, or numbers."""
    if labels.dtype.kind in "OUST":
        return labels.astype(str)
    return labels.astype(np.float64)


def _fit_shape(wanted: np.ndarray, given: np.ndarray) -> np.ndarray | None:
    """Lay what is expected out as the ONNX model does; ``None`` where the shapes differ."""
    if wanted.shape == given.shape:
        return wanted
    squeezed = (wanted.ndim, given.ndim) in ((1, 2), (2, 1))
    if squeezed and wanted.size == given.size and len(wanted) == len(given):
        return wanted.reshape(given.shape)
    return None


def _split_targets(wanted: list[np.ndarray], computed: object) -> list[np.ndarray] | None:
    """Take the outputs of several targets apart: a list, or one array with padding."""
    if isinstance(computed, list):
        return computed if len(computed) == len(wanted) else None
    stacked = np.asarray(computed)
    if stacked.ndim != 3 or len(stacked) != len(wanted):
        return None
    width = [part.shape[-1] for part in wanted]
    if max(width) != stacked.shape[-1]:
        return None
    if any(stacked[i, :, w:].any() for i, w in enumerate(width)):
        return None
    return [stacked[i, :, :w] for i, w in enumerate(width)]


def _shape_difference(expected: Expected, computed: object) -> Difference:
    def show(value: object) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(show(part) for part in value) + "]"
        return str(np.shape(np.asarray(value)))

    return Difference(
        float("inf"),
        reason=f"it has the shape {show(computed)}, and the original's is {show(expected.values)}",
    )
