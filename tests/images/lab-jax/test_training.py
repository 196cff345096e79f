"""A small network is trained with JAX, Flax and Optax."""

from __future__ import annotations

import json

TRAIN = """
import jax, jax.numpy as jnp, optax
from flax import nnx
from notebook_runner import log_metric
x = jax.random.normal(jax.random.key(0), (512, 4))
y = (x.sum(axis=1, keepdims=True) > 0).astype("float32")
class Network(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(4, 16, rngs=rngs)
        self.second = nnx.Linear(16, 1, rngs=rngs)
    def __call__(self, x):
        return self.second(nnx.relu(self.first(x)))
model = Network(nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adam(0.01), wrt=nnx.Param)
@nnx.jit
def step(model, optimizer):
    def loss(model):
        return optax.sigmoid_binary_cross_entropy(model(x), y).mean()
    value, gradients = nnx.value_and_grad(loss)(model)
    optimizer.update(model, gradients)
    return value
for _ in range(200):
    step(model, optimizer)
log_metric("accuracy", float(((model(x) > 0) == (y > 0)).mean()))
"""


def test_jax_trains(run_cells):
    result, ended = run_cells(TRAIN)
    assert ended.code == 0, ended.output
    metrics = json.loads((result / "metrics.json").read_text())
    assert metrics["accuracy"] > 0.9
