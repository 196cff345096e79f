"""CUDA in the gpu variants: complete on the disk, and in use where there is a GPU."""

from __future__ import annotations

import pytest

#: Given by the driver on the host, and by nothing in an image.
OF_THE_DRIVER = ("libcuda.so.1", "libnvidia-ml.so.1")
MISSING = """
import json, pathlib, subprocess
import onnxruntime
libraries = sorted(pathlib.Path(onnxruntime.__file__).parent.glob("capi/*providers_cuda*.so"))
missing = []
for library in libraries:
    said = subprocess.run(["ldd", library], capture_output=True, text=True).stdout
    missing += [line.split()[0] for line in said.splitlines() if "not found" in line]
print(json.dumps({"libraries": len(libraries), "missing": sorted(set(missing))}))
"""
USES_THE_GPU = {
    "cupy": "import cupy; x = cupy.arange(10.0); assert float((x * x).sum()) == 285.0",
    "numba": """
import numpy as np
from numba import cuda
@cuda.jit
def double(values):
    i = cuda.grid(1)
    if i < values.size:
        values[i] *= 2
x = cuda.to_device(np.arange(64.0))
double[1, 64](x)
assert (x.copy_to_host() == np.arange(64.0) * 2).all()
""",
    "onnxruntime": """
import numpy as np, onnx, onnxruntime
from onnx import TensorProto, helper
node = helper.make_node("MatMul", ["a", "b"], ["c"])
value = helper.make_tensor_value_info
graph = helper.make_graph([node], "g", [value("a", TensorProto.FLOAT, [2, 2]),
    value("b", TensorProto.FLOAT, [2, 2])], [value("c", TensorProto.FLOAT, [2, 2])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
session = onnxruntime.InferenceSession(model.SerializeToString(),
    providers=["CUDAExecutionProvider"])
assert session.get_providers()[0] == "CUDAExecutionProvider", session.get_providers()
one = np.eye(2, dtype="float32")
assert (session.run(None, {"a": one, "b": one})[0] == one).all()
""",
}
FRAMEWORK_USES_THE_GPU = {
    "tensorflow": "import tensorflow as t; assert t.config.list_physical_devices('GPU'); "
    "assert 'GPU' in (t.ones((2, 2)) @ t.ones((2, 2))).device",
    "torch": "import torch; x = torch.ones(2, 2, device='cuda'); assert (x @ x).sum().item() == 8",
    "jax": "import jax; assert jax.devices('gpu'); assert float((jax.numpy.ones(4)).sum()) == 4",
}


def test_what_onnxruntime_needs_of_cuda_is_all_there(image, python):
    found = python(MISSING)
    if image.spec.variant == "cpu":
        assert found == {"libraries": 0, "missing": []}
    else:
        assert found["libraries"] == 1
        assert set(found["missing"]) <= set(OF_THE_DRIVER)


@pytest.mark.gpu
@pytest.mark.parametrize("library", USES_THE_GPU)
def test_the_library_computes_on_the_gpu(image, on_a_gpu, library):
    ended = image.run("python", "-c", USES_THE_GPU[library], **on_a_gpu)
    assert ended.code == 0, ended.output


@pytest.mark.gpu
def test_the_framework_computes_on_the_gpu(image, on_a_gpu):
    if image.spec.image.framework is None:
        pytest.skip(f"{image.spec.name} has no framework")
    program = FRAMEWORK_USES_THE_GPU[image.spec.image.framework]
    ended = image.run("python", "-c", program, **on_a_gpu)
    assert ended.code == 0, ended.output
