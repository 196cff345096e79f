"""What was asked for is there, imports, and computes."""

from __future__ import annotations

import json

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

#: Distributions that bring no module which a program in that environment imports, and why.
NOT_IMPORTED = {
    "server": {
        "bqplot": "its code runs in the kernels",
        "elyra-pipeline-editor-extension": "a front end",
        "ipympl": "its code runs in the kernels",
        "jupyter-bokeh": "its code runs in the kernels",
        "jupyterlab-widgets": "a front end",
    },
    "runner": {},
    "kernels": {"cuda-toolkit": "names other packages", "pip": "a command"},
}
IMPORT_ALL = """
import importlib, json, sys
from importlib.metadata import packages_distributions
wanted = {wanted!r}
modules = {{}}
for module, distributions in packages_distributions().items():
    for name in distributions:
        modules.setdefault(name.lower().replace("_", "-").replace(".", "-"), []).append(module)
problems = {{}}
for name in wanted:
    found = [m for m in modules.get(name, []) if m[0] != "_" and m.isidentifier() and m != "tests"]
    if not found:
        problems[name] = "brings no module"
    for module in found:
        try:
            importlib.import_module(module)
        except Exception as error:
            problems[name] = repr(error)
print(json.dumps(problems))
"""


def _requested(image, environment: str) -> list[str]:
    requests = list(image.spec.catalogue.environments[environment].requests)
    if environment == "kernels":
        requests += image.spec.definition.requests
    names = {canonicalize_name(Requirement(request).name) for request in requests}
    return sorted(names - set(NOT_IMPORTED[environment]))


@pytest.mark.parametrize("environment", ["server", "runner", "kernels"])
def test_every_requested_package_imports(image, python, environment):
    wanted = [*_requested(image, environment), "galaxy-notebook-runner"]
    assert python(IMPORT_ALL.format(wanted=wanted), environment) == {}


def test_python_and_pip_on_the_path_are_the_kernels(inside):
    code, output = inside.exec_run(
        ["python", "-c", "import sklearn, sys; print(sklearn.__file__, sys.version_info[:2])"]
    )
    assert code == 0
    assert output.startswith(b"/opt/kernels/lib/")
    code, output = inside.exec_run(["pip", "--version"])
    assert code == 0
    assert b"/opt/kernels/lib/" in output


def test_jupyter_and_notebook_runner_are_those_of_their_environments(inside):
    code, output = inside.exec_run(["jupyter", "--version"])
    assert code == 0
    assert b"jupyterlab       : 4." in output
    code, output = inside.exec_run(["readlink", "-f", "/opt/notebook/bin/notebook-runner"])
    assert output.strip() == b"/opt/runner/bin/notebook-runner"


def test_the_server_has_no_science_and_the_kernels_no_server(python):
    listed = """
import json
from importlib.metadata import distributions
print(json.dumps(sorted({d.metadata["Name"].lower() for d in distributions()})))
"""
    assert not {"scikit-learn", "tensorflow", "onnxruntime"} & set(python(listed, "server"))
    assert not {"jupyterlab", "papermill", "elyra-server"} & set(python(listed, "kernels"))
    assert not {"jupyterlab", "scikit-learn", "pandas"} & set(python(listed, "runner"))


def test_every_kernel_starts_and_runs_a_cell(image):
    program = """
import json
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel
said = {}
for name in KernelSpecManager().find_kernel_specs():
    manager, client = start_new_kernel(kernel_name=name, startup_timeout=60)
    texts = []
    reply = client.execute_interactive("print(6 * 7)", timeout=60,
        output_hook=lambda message: texts.append(message["content"].get("text", "")))
    said[name] = "".join(texts)
    said[name + " status"] = reply["content"]["status"]
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(json.dumps(said))
"""
    ended = image.run("/opt/runner/bin/python", "-c", program)
    assert ended.code == 0, ended.output
    said = json.loads(ended.output.splitlines()[-1])
    names = [name for name in said if not name.endswith(" status")]
    assert names == ["python3"]
    assert said["python3"] == "42\n"
    assert said["python3 status"] == "ok"
