"""What a scikit-learn model computes, output by output."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.base import is_classifier, is_clusterer, is_outlier_detector

from notebook_runner.errors import ModelError
from notebook_runner.models.exporter import Batch, Expected, Ranking


def compute_outputs(model: Any, batch: Batch) -> list[Expected]:
    """Compute the outputs in the order in which skl2onnx has them.

    Classifiers (and mixtures) have ``label`` and ``probabilities`` or, without
    those, ``scores``; outlier detectors ``label`` and ``scores``; clusterers
    ``label`` and ``distances``; others ``prediction`` or ``transformed``.

    Raises
    ------
    ModelError
        When the model can neither predict nor transform.
    """
    if is_outlier_detector(model) and hasattr(model, "predict"):
        scores = np.asarray(model.decision_function(batch))
        ranking = Ranking(_two_sided(scores), np.array([-1, 1]))
        label = Expected("label", "label", model.predict(batch), (ranking,))
        return [label, Expected("scores", "value", scores)]
    if hasattr(model, "predict_proba"):
        return _labels_with(model, batch, "probabilities", model.predict_proba(batch))
    if is_classifier(model) and hasattr(model, "decision_function"):
        return _labels_with(model, batch, "scores", model.decision_function(batch))
    if is_classifier(model):
        return [Expected("label", "label", model.predict(batch))]
    if is_clusterer(model) and hasattr(model, "predict"):
        label = model.predict(batch)
        if not hasattr(model, "transform"):
            return [Expected("label", "label", label)]
        distances = np.asarray(model.transform(batch))
        ranking = Ranking(-distances, np.arange(distances.shape[1]))
        return [
            Expected("label", "label", label, (ranking,)),
            Expected("distances", "value", distances),
        ]
    if hasattr(model, "predict"):
        return [Expected("prediction", "value", np.asarray(model.predict(batch)))]
    if hasattr(model, "transform"):
        result = model.transform(batch)
        dense = result.toarray() if hasattr(result, "toarray") else result
        return [Expected("transformed", "value", np.asarray(dense))]
    raise ModelError(
        f"{type(model).__name__} has neither predict nor transform for new rows, so there is "
        "nothing that an ONNX model could compute."
    )


def _labels_with(model: Any, batch: Batch, name: str, scores: Any) -> list[Expected]:
    """Put labels together with the scores that they were chosen by."""
    kind: Literal["probability", "value"] = "probability" if name == "probabilities" else "value"
    label = Expected("label", "label", model.predict(batch), _rankings(model, scores))
    values = [np.asarray(s) for s in scores] if isinstance(scores, list) else np.asarray(scores)
    return [label, Expected(name, kind, values)]


def _rankings(model: Any, scores: Any) -> tuple[Ranking, ...]:
    classes = getattr(model, "classes_", None)
    if isinstance(scores, list):
        if classes is None or len(classes) != len(scores):
            return ()
        pairs = zip(scores, classes, strict=True)
        return tuple(Ranking(np.asarray(s), np.asarray(c)) for s, c in pairs)
    scores = np.asarray(scores)
    if scores.ndim == 1:
        scores = _two_sided(scores)
    if classes is None:
        # A mixture numbers its components.
        classes = np.arange(scores.shape[1])
    elif isinstance(classes, list) or scores.shape[1] != len(classes):
        return ()
    return (Ranking(scores, np.asarray(classes)),)


def _two_sided(scores: np.ndarray) -> np.ndarray:
    """Turn the one score of a decision between two into a score for each."""
    return np.stack([np.zeros(len(scores)), np.ravel(scores)], axis=1)
