"""Images and containers are probed from inside, and nothing of that is left behind."""

from __future__ import annotations

import pytest

from notebook_runner.errors import DeclarationError, ImageError, UnknownImageError
from notebook_runner.images.declaration import check_declaration
from notebook_runner.images.engine import find_container, find_image, find_reference
from notebook_runner.images.engine_inventory import find_built
from notebook_runner.images.probe import probe
from notebook_runner.images.runners import ContainerRunner, ImageRunner, sum_layers
from notebook_runner.images.size import list_layers


@pytest.fixture(scope="module")
def manifest(engine, tiny):
    return probe(ImageRunner(engine, tiny))


@pytest.fixture
def sleeping(engine, tiny):
    """A running container of the image."""
    container = engine.containers.run(
        tiny, entrypoint=["sleep", "600"], detach=True, network_mode="none"
    )
    yield container
    container.remove(force=True)


def test_an_image_is_probed_whatever_it_would_start(manifest, tiny):
    assert manifest.probed == tiny
    assert (manifest.os.id, manifest.os.version) == ("debian", "12")
    assert manifest.problems == []


def test_each_environment_is_told_apart(manifest):
    assert {name: found.executable for name, found in manifest.environments.items()} == {
        name: f"/opt/{name}/bin/python" for name in ("server", "runner", "kernels")
    }
    assert manifest.kernels.packages == {"galaxy-notebook-runner": "0.1.0", "numpy": "2.4.0"}
    assert manifest.kernels.sizes["numpy"] == len("Name: numpy\nVersion: 2.4.0\n")


def test_the_identity_and_the_settings_of_a_gpu_are_read(manifest):
    assert manifest.identity == {"name": "tiny", "tag": "1"}
    assert manifest.variables == {"NVIDIA_VISIBLE_DEVICES": "all"}


def test_the_size_is_that_of_the_layers(engine, manifest, tiny):
    image = find_reference(engine, tiny)
    assert manifest.size == sum(layer.size for layer in list_layers(image)) > 0


def test_a_probe_leaves_no_container_behind(engine, tiny):
    before = {container.id for container in engine.containers.list(all=True)}
    probe(ImageRunner(engine, tiny))
    ours = [
        container
        for container in engine.containers.list(all=True, filters={"ancestor": tiny})
        if container.id not in before
    ]
    assert ours == []


def test_a_probe_has_no_network(engine, tiny):
    listed = ImageRunner(engine, tiny).run(["cat", "/proc/net/dev"]).output
    assert [line.split(":")[0].strip() for line in listed.splitlines()[2:]] == ["lo"]


def test_output_errors_and_exit_code_are_told_apart(engine, tiny):
    ended = ImageRunner(engine, tiny).run(["sh", "-c", "echo out; echo err >&2; exit 5"])
    assert (ended.code, ended.output, ended.errors) == (5, "out\n", "err\n")


def test_a_running_container_is_probed_as_its_image_is(engine, manifest, sleeping):
    found = find_container(engine, sleeping.name)
    running = probe(ContainerRunner(engine, found))
    assert running.probed == sleeping.name
    assert running.model_copy(update={"probed": manifest.probed}) == manifest


def test_a_command_beside_a_running_container_ends_as_it_does(engine, sleeping):
    ended = ContainerRunner(engine, sleeping).run(["sh", "-c", "echo out; echo err >&2; exit 5"])
    assert (ended.code, ended.output, ended.errors) == (5, "out\n", "err\n")


def test_a_container_that_has_ended_cannot_be_asked(engine, sleeping):
    sleeping.kill()
    sleeping.wait()
    with pytest.raises(UnknownImageError, match=r"does not run \(it is exited\)"):
        find_container(engine, sleeping.name)


def test_an_image_without_python_is_told(engine, base):
    runner = ImageRunner(engine, base, python="python-of-nobody")
    with pytest.raises(ImageError, match="python-of-nobody does not run there") as refused:
        probe(runner)
    assert "\n" not in str(refused.value)


def test_a_container_without_python_is_told(engine, sleeping):
    runner = ContainerRunner(engine, sleeping, python="python-of-nobody")
    with pytest.raises(ImageError, match="python-of-nobody does not run there") as refused:
        probe(runner)
    assert "\n" not in str(refused.value)


def test_an_image_that_is_not_here_is_told(engine):
    with pytest.raises(UnknownImageError, match="docker pull nobody/nothing:1"):
        probe(ImageRunner(engine, "nobody/nothing:1"))


def test_a_true_declaration_of_a_real_image_holds(declared, manifest):
    check_declaration(declared("plain", "cpu"), manifest)


def test_a_lying_declaration_of_a_real_image_is_caught(declared, manifest):
    with pytest.raises(DeclarationError) as caught:
        check_declaration(declared("demo", "gpu"), manifest)
    message = str(caught.value)
    assert "CUDA runtime: declared 12.9, found absent" in message
    assert "tensorflow: declared 2.21, found absent" in message
    assert "onnxruntime-gpu in kernels: declared 1.26.0, found absent" in message


def test_an_image_is_found_as_long_as_the_locks_are_the_same(engine, label_tiny, declared):
    spec = declared("plain", "cpu")
    built = label_tiny(spec)
    assert find_image(engine, spec).id == built.id
    spec.lock.write_text("numpy==2.5.0\n")
    with pytest.raises(UnknownImageError, match="from other lock files than those of today"):
        find_image(engine, spec)


def test_the_inventory_tells_whether_a_build_is_of_today(engine, label_tiny, declared):
    spec = declared("plain", "cpu")
    assert find_built(engine, spec) is None
    built = label_tiny(spec)
    found = find_built(engine, spec)
    assert (found.size, found.is_current) == (sum_layers(built), True)
    spec.lock.write_text("numpy==2.5.0\n")
    assert find_built(engine, spec).is_current is False
