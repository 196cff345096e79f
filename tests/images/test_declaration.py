"""Whatever is not as declared is found, with both values."""

from __future__ import annotations

import pytest

from notebook_runner.errors import DeclarationError, LockError
from notebook_runner.images.declaration import Difference, check_declaration, compare


@pytest.fixture
def differences(declared, make_manifest):
    """List what differs when an image is not quite what was declared."""

    def find(name="demo-gpu", **changes):
        return compare(declared(*name.split("-")), make_manifest(name, **changes))

    return find


@pytest.mark.parametrize("name", ["plain-cpu", "demo-cpu", "demo-gpu"])
def test_an_image_as_declared_has_no_differences(name, differences):
    assert differences(name) == []


def test_another_python_is_found_in_each_environment(differences):
    assert differences(python="3.12.1") == [
        Difference(f"Python in {name}", "3.11", "3.12.1")
        for name in ("server", "runner", "kernels")
    ]


def test_a_missing_environment_is_found(declared, make_manifest):
    whole = make_manifest()
    kernels_only = {"kernels": whole.environments["kernels"]}
    found = compare(
        declared("demo", "gpu"), whole.model_copy(update={"environments": kernels_only})
    )
    assert Difference("the environment server", "present", "absent") in found


def test_another_version_of_the_framework_is_found(differences):
    assert Difference("tensorflow", "2.21", "2.22.0") in differences(
        packages={"tensorflow": "2.22.0"}
    )


def test_another_cuda_runtime_is_found(differences):
    found = differences(cuda={"runtime": "12.8"})
    assert Difference("CUDA runtime", "12.9", "12.8") in found


def test_a_second_cuda_runtime_is_found(differences):
    both = {"a in kernels": "12.9.79", "b in kernels": "13.0.96"}
    assert differences(cuda={"runtimes": both}) == [
        Difference("CUDA runtime of b in kernels", "12.9", "13.0.96")
    ]


def test_a_library_for_another_cuda_is_found(differences):
    seen = {"tensorflow": "12.5", "onnxruntime": "13.0"}
    assert differences(cuda={"seen_by": seen}) == [
        Difference("CUDA that onnxruntime is built for", "12.*", "13.0")
    ]


def test_a_library_of_a_gpu_image_without_cuda_is_found(differences):
    seen = {"tensorflow": None, "onnxruntime": "12.9"}
    assert differences(cuda={"seen_by": seen}) == [
        Difference("CUDA that tensorflow is built for", "12.*", "none")
    ]


def test_a_library_that_does_not_import_is_found_once(differences):
    cuda = {"seen_by": {"onnxruntime": "12.9"}, "errors": {"tensorflow": "ImportError: libx.so"}}
    assert differences(cuda=cuda) == [
        Difference("import of tensorflow", "works", "ImportError: libx.so")
    ]


@pytest.mark.parametrize(
    "cuda",
    [
        {"runtimes": {"nvidia-cuda-runtime-cu12 in runner": "12.9.79"}},
        {"seen_by": {"tensorflow": "12.9"}},
        {"cudnn": "12.9"},
    ],
)
def test_any_cuda_in_a_cpu_image_is_found(cuda, differences):
    (difference,) = differences("demo-cpu", cuda=cuda)
    assert (difference.declared, difference.probed[:4]) == ("none", "12.9")


def test_a_requested_package_that_is_missing_is_found(differences):
    assert Difference("numpy requested in kernels", "any version", "absent") in differences(
        packages={"numpy": None}
    )


def test_a_version_that_was_not_requested_is_found(differences):
    found = differences(packages={"onnxruntime-gpu": "1.31.1"})
    assert Difference("onnxruntime-gpu requested in kernels", "<1.27", "1.31.1") in found


def test_another_version_than_the_locked_one_is_found(differences):
    assert differences(packages={"numpy": "2.4.1"}) == [
        Difference("numpy in kernels", "2.4.0", "2.4.1")
    ]


def test_a_version_may_be_written_in_another_way(differences):
    assert differences(packages={"numpy": "2.4"}) == []


def test_a_package_that_is_in_no_lock_is_found(differences):
    assert differences(packages={"intruder": "1.0"}) == [
        Difference("intruder in kernels", "absent (not in demo-gpu.txt)", "1.0")
    ]


def test_the_error_names_each_declared_value_beside_the_one_found(declared, make_manifest):
    lying = make_manifest(packages={"tensorflow": "2.22.0"}, cuda={"runtime": "13.0"})
    with pytest.raises(DeclarationError) as caught:
        check_declaration(declared("demo", "gpu"), lying)
    message = str(caught.value)
    assert "demo (gpu) is not what images.yml and the locks declare" in message
    assert "tensorflow: declared 2.21, found 2.22.0" in message
    assert "CUDA runtime: declared 12.9, found 13.0" in message


def test_a_missing_lock_is_named(declared, make_manifest):
    spec = declared("demo", "gpu")
    spec.lock.unlink()
    with pytest.raises(LockError, match=r"demo-gpu\.txt cannot be read \(No such file"):
        compare(spec, make_manifest())
