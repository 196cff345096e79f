"""The images under test, running: what is tested from inside is asked inside."""

from __future__ import annotations

import io
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from notebook_runner.errors import EngineError, UnknownImageError
from notebook_runner.images import labels
from notebook_runner.images.catalogue import ImageSpec, select
from notebook_runner.images.engine import connect, find_image, find_reference
from notebook_runner.images.lock import lock_hash
from notebook_runner.images.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image

#: Which images are tested: `notebook-runner image test` says so, CI tests these two.
UNDER_TEST = os.environ.get("IMAGES_UNDER_TEST", "lab:cpu lab-tensorflow:cpu").split()
#: Seconds that one command in a container may take.
LIMIT_S = 300


def specs() -> list[ImageSpec]:
    """List what is under test."""
    return [select(*named.split(":")) for named in UNDER_TEST]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests in the folder of an image on it, and on all that stand on it."""
    if "image" in metafunc.fixturenames:
        folder = Path(metafunc.module.__file__).parent.name
        needs_gpu = metafunc.definition.get_closest_marker("gpu") is not None
        chosen = [
            spec
            for spec in specs()
            if folder in spec.lineage() and (spec.variant == "gpu" or not needs_gpu)
        ]
        names = [f"{spec.name}-{spec.variant}" for spec in chosen]
        metafunc.parametrize("image", chosen, ids=names, indirect=True, scope="session")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the folders of images that are not under test."""
    is_image = (collection_path.parent == Path(__file__).parent) and collection_path.is_dir()
    tested = {name for spec in specs() for name in spec.lineage()}
    return True if is_image and collection_path.name not in tested else None


@dataclass(frozen=True)
class Ended:
    """How a command in a container ended, and what it said."""

    code: int
    output: str


@dataclass(frozen=True)
class BuiltImage:
    """An image of ours that is there."""

    engine: DockerClient
    spec: ImageSpec
    attributes: dict[str, Any]

    @property
    def reference(self) -> str:
        return str(self.attributes["RepoTags"][0])

    @property
    def labels(self) -> dict[str, str]:
        return self.attributes["Config"]["Labels"]

    def start(self, *command: str, **options: Any) -> Container:
        """Start a container; without a network unless asked."""
        settings = {"network_mode": "none", **options}
        if "ports" in settings:
            del settings["network_mode"]
        return self.engine.containers.run(
            self.attributes["Id"], list(command), detach=True, **settings
        )

    def run(self, *command: str, **options: Any) -> Ended:
        """Run a command in a container of its own."""
        container = self.start(*command, **options)
        try:
            code = container.wait(timeout=LIMIT_S)["StatusCode"]
            return Ended(code, container.logs().decode(errors="replace"))
        finally:
            container.remove(force=True)


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    """The container engine of this machine."""
    try:
        client = connect()
    except EngineError as error:
        pytest.skip(f"there is no container engine: {error}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest, engine: DockerClient) -> BuiltImage:
    """The image under test, as it was built from the locks of today."""
    spec: ImageSpec = request.param
    try:
        found = find_image(engine, spec)
    except UnknownImageError as error:
        pytest.skip(f"{spec.name} ({spec.variant}) cannot be tested: {error}")
    return BuiltImage(engine, spec, found.attrs)


@pytest.fixture(scope="session")
def inside(image: BuiltImage) -> Iterator[Container]:
    """A container of the image that does nothing: commands are run in it."""
    container = image.start("sleep", "3600")
    yield container
    container.remove(force=True)


@pytest.fixture
def python(inside: Container):
    """Run a program in an environment of the image and return what it prints as JSON."""

    def run(program: str, environment: str = "kernels") -> Any:
        code, (out, err) = inside.exec_run(
            [f"/opt/{environment}/bin/python", "-c", program], demux=True
        )
        assert code == 0, (err or b"").decode()
        return json.loads(out)

    return run


@dataclass(frozen=True)
class Lab:
    """A JupyterLab in a container, with the address that a browser on this machine uses."""

    container: Container
    address: str
    token: str

    def get(self, path: str, *, token: bool = True) -> tuple[int, str]:
        """Ask for a page and return its status and text."""
        return self._ask(path, "GET", None, token)

    def put(self, path: str, content: Any) -> tuple[int, str]:
        """Save through Jupyter's contents API."""
        return self._ask(f"api/contents/{path}", "PUT", json.dumps(content).encode(), True)

    def _ask(self, path: str, method: str, body: bytes | None, token: bool) -> tuple[int, str]:
        headers = {"Authorization": f"token {self.token}"} if token else {}
        request = urllib.request.Request(
            f"{self.address}/{path}", body, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")

    def log(self) -> str:
        return self.container.logs().decode(errors="replace")


def _open_lab(image: BuiltImage, *arguments: str, **options: Any) -> Lab:
    """Start a lab as its own command does, and wait until it answers."""
    token = "0123456789abcdef-in-a-test"
    environment = {"JUPYTER_TOKEN": token, **options.pop("environment", {})}
    command = ["lab", *arguments] if arguments else []
    container = image.start(
        *command, environment=environment, ports={"8888/tcp": ("127.0.0.1", None)}, **options
    )
    until = time.monotonic() + 60
    while time.monotonic() < until:
        container.reload()
        assert container.status in {"created", "running"}, container.logs().decode()
        published = container.ports.get("8888/tcp")
        if published:
            lab = Lab(container, f"http://127.0.0.1:{published[0]['HostPort']}", token)
            try:
                # Below another base URL it is a 404: it answers.
                lab.get("api")
            except OSError:
                pass
            else:
                return lab
        time.sleep(0.1)
    log = container.logs().decode(errors="replace")
    container.remove(force=True)
    pytest.fail(f"JupyterLab did not answer within a minute:\n{log}")


@pytest.fixture(scope="session")
def on_a_gpu(engine: DockerClient) -> dict[str, Any]:
    """Options for a container that gets all GPUs, where there are any."""
    import shutil

    from docker.types import DeviceRequest

    if shutil.which("nvidia-smi") is None:
        pytest.skip("there is no GPU here (no nvidia-smi)")
    return {"device_requests": [DeviceRequest(count=-1, capabilities=[["gpu"]])]}


@pytest.fixture
def run_cells(image: BuiltImage, tmp_path: Path):
    """Run a notebook of these cells in the image; return its folder and how it ended."""
    import nbformat

    def run(*cells: str, **options: Any) -> tuple[Path, Ended]:
        tmp_path.chmod(0o777)
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(notebook, tmp_path / "notebook.ipynb")
        ended = image.run(
            *("notebook-runner", "run", "notebook.ipynb", "-o", "result", "--kernel", "python3"),
            **{"volumes": [f"{tmp_path}:/work"], "user": "12345:0", **options},
        )
        return tmp_path / "result", ended

    return run


@pytest.fixture(scope="session")
def lab(image: BuiltImage) -> Iterator[Lab]:
    """A lab that all tests of an image share."""
    running = _open_lab(image)
    yield running
    running.container.remove(force=True)


@pytest.fixture
def open_lab() -> Iterator[Callable[..., Lab]]:
    """Open labs of one's own: ``open_lab(image, *options of JupyterLab, **options of Docker)``."""
    opened: list[Lab] = []

    def start(image: BuiltImage, *arguments: str, **options: Any) -> Lab:
        opened.append(_open_lab(image, *arguments, **options))
        return opened[-1]

    yield start
    for lab in opened:
        lab.container.remove(force=True)


# ---- a small catalogue, and manifests of what it declares -------------------------

_CATALOGUE = """
prefix: registry.example.org/galaxy-
base: {image: "notebook-base:bookworm", python: "3.11"}
environments:
  server: {lock: server.txt, requests: ["jupyterlab>=4.6,<5"]}
  runner: {lock: runner.txt}
  kernels: {lock: kernels.txt, requests: [NumPy]}
images:
  plain:
    title: Plain
    variants:
      cpu: {lock: kernels.txt, budget_gb: 1}
  demo:
    title: Demo
    parent: plain
    framework: tensorflow
    variants:
      cpu:
        {lock: demo-cpu.txt, requests: [tensorflow-cpu], framework_version: "2.21", budget_gb: 2}
      gpu:
        lock: demo-gpu.txt
        requests: ["tensorflow[and-cuda]", "onnxruntime-gpu<1.27"]
        framework_version: "2.21"
        cuda: "12.9"
        budget_gb: 5
"""
_LOCKS = {
    "server.txt": ["jupyterlab==4.6.6"],
    "runner.txt": ["papermill==2.7.0"],
    "kernels.txt": ["numpy==2.4.0"],
    "demo-cpu.txt": ["numpy==2.4.0", "tensorflow-cpu==2.21.0"],
    "demo-gpu.txt": [
        "numpy==2.4.0",
        "nvidia-cuda-runtime-cu12==12.9.79",
        "onnxruntime-gpu==1.26.0",
        "tensorflow==2.21.0",
    ],
}
_KERNELS = {
    "plain-cpu": {"numpy": "2.4.0"},
    "demo-cpu": {"numpy": "2.4.0", "tensorflow-cpu": "2.21.0"},
    "demo-gpu": {
        "numpy": "2.4.0",
        "nvidia-cuda-runtime-cu12": "12.9.79",
        "onnxruntime-gpu": "1.26.0",
        "tensorflow": "2.21.0",
    },
}


@pytest.fixture
def declared(tmp_path: Path) -> Callable[[str, str], ImageSpec]:
    """Choose an image, in a variant, of a small catalogue: plain or demo."""
    (tmp_path / "images.yml").write_text(_CATALOGUE)
    for name, pins in _LOCKS.items():
        lines = (f"{pin} \\\n    --hash=sha256:{'0' * 64}\n    # via -r in\n" for pin in pins)
        (tmp_path / name).write_text("".join(lines))
    return lambda name, variant: select(name, variant, tmp_path / "images.yml")


@pytest.fixture
def make_manifest() -> Callable[..., Manifest]:
    """Make the manifest of one of these images as it was declared, but for what is given.

    ``make_manifest("demo-gpu", packages={"numpy": None}, cuda={"runtime": "13.0"})``:
    a package that is ``None`` is left out; anything else replaces a field.
    """

    def make(
        name: str = "demo-gpu",
        *,
        packages: dict[str, str | None] | None = None,
        cuda: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Manifest:
        kernels = {**_KERNELS[name], "galaxy-notebook-runner": "0.1.0", **(packages or {})}
        found = {
            "server": {"jupyterlab": "4.6.6", "galaxy-notebook-runner": "0.1.0"},
            "runner": {"papermill": "2.7.0", "galaxy-notebook-runner": "0.1.0"},
            "kernels": {package: version for package, version in kernels.items() if version},
        }
        python = fields.get("python", "3.11.2")
        with_cuda = {
            "runtime": "12.9",
            "runtimes": {"nvidia-cuda-runtime-cu12 in kernels": "12.9.79"},
            "seen_by": {"tensorflow": "12.5", "onnxruntime": "12.9", "torch": None},
        }
        manifest = {
            "probed": f"registry.example.org/galaxy-{name}",
            "os": {
                "id": "debian",
                "version": "12",
                "name": "Debian GNU/Linux 12 (bookworm)",
                "architecture": "x86_64",
            },
            "python": python,
            "environments": {
                environment: {
                    "python": python,
                    "executable": f"/opt/{environment}/bin/python",
                    "packages": listed,
                    "sizes": dict.fromkeys(listed, 1_000_000),
                }
                for environment, listed in found.items()
            },
            "cuda": {**(with_cuda if name.endswith("gpu") else {}), **(cuda or {})},
            "size": 900_000_000,
            **fields,
        }
        return Manifest.model_validate(manifest)

    return make


# ---- a small image that is built here ---------------------------------------------


@pytest.fixture(scope="session")
def base(engine: DockerClient) -> str:
    """The plain image that ours stand on."""
    name = specs()[0].catalogue.base.image
    try:
        find_reference(engine, name)
    except UnknownImageError:
        pytest.skip(f"the base image {name} is not here; `make base-image` makes it")
    return name


@pytest.fixture(scope="session")
def tiny(engine: DockerClient, base: str) -> Iterator[str]:
    """A small image with three environments, as the small catalogue declares plain (cpu)."""
    tag = f"notebook-runner-test:{uuid.uuid4().hex[:8]}"
    dockerfile = Path(__file__).with_name("tiny.Dockerfile").read_bytes()
    engine.images.build(
        fileobj=io.BytesIO(dockerfile),
        buildargs={"BASE": base},
        tag=tag,
        network_mode="host",
        rm=True,
    )
    yield tag
    engine.images.remove(tag)


@pytest.fixture
def label_tiny(engine: DockerClient, tiny: str) -> Iterator[Callable[[ImageSpec], Image]]:
    """Make the small image one that was built of a spec, as far as the engine knows."""
    built: list[Image] = []

    def label(spec: ImageSpec) -> Image:
        marks = {
            labels.IMAGE: spec.name,
            labels.VARIANT: spec.variant,
            labels.LOCK_HASH: lock_hash(spec),
        }
        dockerfile = io.BytesIO(f"FROM {tiny}\n".encode())
        tag = f"{spec.repository}:{uuid.uuid4().hex[:8]}"
        image, _ = engine.images.build(fileobj=dockerfile, tag=tag, rm=True, labels=marks)
        built.append(image)
        return image

    yield label
    for image in built:
        engine.images.remove(image.id)
