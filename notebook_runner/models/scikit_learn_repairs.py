"""Where skl2onnx goes astray, and what puts it right; the proof tells whether it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import helper
from skl2onnx.common._registration import get_converter
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from notebook_runner.models.proof import open_session

if TYPE_CHECKING:
    import onnx

#: A locale that every Linux has, slim containers too; onnxruntime's own default is en_US.UTF-8.
_LOCALE = "C.UTF-8"
#: skl2onnx's words where scikit-learn's own pattern was not changed, and what they should be.
_ENGLISH_WORD = b"[a-zA-Z0-9_]+"
_WORD = r"[\p{L}\p{N}_]{2,}"


def converters() -> dict[type, Any]:
    """Return converters that go before those of skl2onnx."""
    boosters = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
    return dict.fromkeys(boosters, _convert_histogram_boosting)


def repair_texts(model: onnx.ModelProto) -> None:
    """Treat texts in any language as scikit-learn does by default.

    Lower case is asked for in a locale that is there, and words are what
    scikit-learn takes for words, two letters of any alphabet or more, where
    skl2onnx takes one or more of English.
    """
    for node in model.graph.node:
        if node.op_type == "StringNormalizer":
            _set_attribute(node, "locale", _LOCALE)
        elif node.op_type == "Tokenizer":
            given = {a.name: a for a in node.attribute}
            if "tokenexp" in given and given["tokenexp"].s == _ENGLISH_WORD:
                _set_attribute(node, "tokenexp", _WORD)


def keep_one_score(model: onnx.ModelProto, feed: dict[str, np.ndarray], scores: np.ndarray) -> None:
    """Make the decision between two classes one score per row, positive for the second class.

    Converters give it as one column or as two, in either order.

    Parameters
    ----------
    model
        Changed in place; its second output holds the scores.
    feed
        What the model is fed with.
    scores
        What scikit-learn computes from it, one score per row.

    Raises
    ------
    ModelError
        When onnxruntime cannot load the model.
    """
    output = model.graph.output[1]
    given = np.asarray(open_session(model).run([output.name], feed)[0])
    if given.ndim != 2 or given.shape[1] not in (1, 2):
        return
    column = int(np.abs(given - scores.reshape(-1, 1)).sum(axis=0).argmin())
    index = helper.make_tensor(
        "score_column", helper.np_dtype_to_tensor_dtype(np.dtype("i8")), [], [column]
    )
    model.graph.initializer.append(index)
    model.graph.node.append(
        helper.make_node("Gather", [output.name, index.name], ["score_of_second_class"], axis=1)
    )
    output.name = "score_of_second_class"
    del output.type.tensor_type.shape.dim[1:]


class _Container:
    """A container for nodes that repairs what is added to it.

    skl2onnx 1.20 writes Python bools into integer attributes, which protobuf
    since version 7 refuses; and it rounds thresholds to single precision to
    the nearest, so that a value in between goes the other way.
    """

    def __init__(self, container: Any, thresholds: np.ndarray) -> None:
        self._container = container
        self._thresholds = thresholds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, *args: Any, **attributes: Any) -> Any:
        """Add a node with its attributes repaired."""
        for key, value in attributes.items():
            if isinstance(value, list):
                attributes[key] = [int(v) if isinstance(v, bool) else v for v in value]
        values = attributes.get("nodes_values")
        if isinstance(values, np.ndarray) and values.shape == self._thresholds.shape:
            attributes["nodes_values"] = _round_down(self._thresholds, values.dtype)
        return self._container.add_node(*args, **attributes)


def _convert_histogram_boosting(scope: Any, operator: Any, container: Any) -> None:
    trees = [tree.nodes for step in operator.raw_operator._predictors for tree in step]  # noqa: SLF001
    nodes = np.concatenate(trees)
    thresholds = np.where(nodes["is_leaf"], 0.0, nodes["num_threshold"])
    get_converter(operator.type)(scope, operator, _Container(container, thresholds))


def _set_attribute(node: onnx.NodeProto, name: str, value: str) -> None:
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


def _round_down(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Round so that ``x <= value`` says the same for every ``x`` of that precision."""
    rounded = values.astype(dtype)
    below = np.nextafter(rounded, np.array(-np.inf, dtype))
    return np.where(rounded.astype(np.float64) > values, below, rounded)
