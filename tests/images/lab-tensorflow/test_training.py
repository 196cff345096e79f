"""A small network is trained with Keras, and its ONNX model computes the same."""

from __future__ import annotations

import json

TRAIN = """
import numpy as np, keras
from notebook_runner import log_metric, save_model
keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(512, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("float32")
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(16, activation="relu"),
                          keras.layers.Dense(1, activation="sigmoid")])
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=10, verbose=0)
log_metric("accuracy", model.evaluate(x, y, verbose=0)[1])
save_model(model, "signs", sample_input=x[:8])
"""
RUN_AGAIN = """
import numpy as np, onnxruntime
from notebook_runner import log_metric, outputs_dir
session = onnxruntime.InferenceSession(str(outputs_dir / "models" / "signs.onnx"))
answer = session.run(None, {session.get_inputs()[0].name: x[:8]})[0]
log_metric("difference", float(np.abs(answer - model.predict(x[:8], verbose=0)).max()))
"""


def test_keras_trains_and_its_model_runs_as_onnx(run_cells):
    result, ended = run_cells(TRAIN, RUN_AGAIN)
    assert ended.code == 0, ended.output
    metrics = json.loads((result / "metrics.json").read_text())
    assert metrics["accuracy"] > 0.9
    assert metrics["difference"] < 1e-4


def test_tf2onnx_converts_a_function(run_cells):
    _, ended = run_cells(
        "import numpy as np, tensorflow as tf, tf2onnx, onnxruntime\n"
        "f = tf.function(lambda x: tf.nn.relu(x) * 2)\n"
        "spec = [tf.TensorSpec((None, 3), tf.float32, name='x')]\n"
        "model, _ = tf2onnx.convert.from_function(f, input_signature=spec)\n"
        "session = onnxruntime.InferenceSession(model.SerializeToString())\n"
        "x = np.array([[-1, 0, 2]], 'float32')\n"
        "assert np.allclose(session.run(None, {'x': x})[0], [[0, 0, 4]])"
    )
    assert ended.code == 0, ended.output
