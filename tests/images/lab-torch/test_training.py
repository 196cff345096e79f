"""A small network is trained with PyTorch, and its ONNX model computes the same."""

from __future__ import annotations

import json

TRAIN = """
import numpy as np, torch
from notebook_runner import log_metric
torch.manual_seed(0)
x = torch.randn(512, 4)
y = (x.sum(dim=1, keepdim=True) > 0).float()
model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(200):
    optimizer.zero_grad()
    torch.nn.functional.binary_cross_entropy_with_logits(model(x), y).backward()
    optimizer.step()
log_metric("accuracy", ((model(x) > 0) == (y > 0)).float().mean().item())
"""
EXPORT = """
import onnxruntime
from notebook_runner import outputs_dir
path = outputs_dir / "signs.onnx"
torch.onnx.export(model.eval(), (x[:8],), path, dynamo=True)
session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
answer = session.run(None, {session.get_inputs()[0].name: x[:8].numpy()})[0]
log_metric("difference", float(np.abs(answer - model(x[:8]).detach().numpy()).max()))
"""


def test_torch_trains_and_its_model_runs_as_onnx(run_cells):
    result, ended = run_cells(TRAIN, EXPORT)
    assert ended.code == 0, ended.output
    metrics = json.loads((result / "metrics.json").read_text())
    assert metrics["accuracy"] > 0.9
    assert metrics["difference"] < 1e-4
