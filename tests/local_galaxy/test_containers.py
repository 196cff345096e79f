"""Which files a job's container is shown, and what is said where no job can have a container."""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from notebook_runner.errors import EngineError, LocalGalaxyError, UnknownImageError
from notebook_runner.local_galaxy import containers
from notebook_runner.local_galaxy.configuration import render
from notebook_runner.local_galaxy.containers import check_containers
from notebook_runner.local_galaxy.credentials import CONTAINERS_EMAIL, load_credentials
from notebook_runner.local_galaxy.home import Home
from notebook_runner.local_galaxy.processes import MARKER
from notebook_runner.local_galaxy.tools import Toolbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_runner.local_galaxy.account import Account
    from notebook_runner.local_galaxy.instance import Instance

DIGEST = f"127.0.0.1:5000/galaxy-lab@sha256:{'a' * 64}"
IMAGE = "127.0.0.1:5000/galaxy-lab:0.1.0-cpu-py3.11"


@pytest.fixture(scope="module")
def rule() -> ModuleType:
    """The module that Galaxy's rule for destinations imports."""
    source = files("notebook_runner.local_galaxy") / "server_lib/notebook_runner_containers.py"
    spec = importlib.util.spec_from_file_location("notebook_runner_containers", str(source))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fake_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that puts a ``docker`` with this script first on the path."""

    def make(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "docker").write_text(f"#!/bin/sh\n{script}\n")
        for path in (folder, folder / "docker"):
            path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setattr(containers, "SYSTEM_PATH", f"{folder}:/usr/bin:/bin")

    return make


def dataset(path: Path | str, extra: Path | None = None) -> Any:
    """A dataset as Galaxy's model has it, as far as the rule looks at it."""
    return SimpleNamespace(
        get_file_name=lambda: str(path),
        extra_files_path_name=extra and extra.name,
        extra_files_path=str(extra),
    )


def job(*datasets: Any, library: tuple[Any, ...] = ()) -> Any:
    """A job with datasets of its user's histories, and of libraries, as inputs."""

    def associate(found: Any) -> Any:
        return SimpleNamespace(dataset=SimpleNamespace(dataset=found))

    return SimpleNamespace(
        input_datasets=[*map(associate, datasets), SimpleNamespace(dataset=None)],
        input_library_datasets=[associate(found) for found in library],
    )


def tool(*containers: tuple[str, str]) -> Any:
    """A tool with these containers: their type and their image."""
    found = [SimpleNamespace(type=kind, identifier=image) for kind, image in containers]
    return SimpleNamespace(containers=found)


def test_inputs_are_mounted_once_and_to_be_read_only(rule: ModuleType) -> None:
    entity = SimpleNamespace(params={"docker_enabled": True})
    rule.confine(entity, job(dataset("/data/b"), dataset("/data/a"), dataset("/data/b")), tool())

    volumes = entity.params["docker_volumes"].split(",")
    assert volumes == [*rule.JOB_FOLDERS, "/data/a:ro", "/data/b:ro"]
    assert entity.params["docker_enabled"] is True


def test_datasets_of_libraries_are_inputs(rule: ModuleType) -> None:
    assert rule.inputs_of(job(library=(dataset("/library/a"),))) == ["/library/a"]


def test_extra_files_are_mounted_where_there_are_any(rule: ModuleType, tmp_path: Path) -> None:
    there, missing = tmp_path / "a_files", tmp_path / "b_files"
    there.mkdir()

    found = rule.inputs_of(job(dataset("/data/a", there), dataset("/data/b", missing)))

    assert found == ["/data/a", "/data/b", str(there)]


@pytest.mark.parametrize("path", ["/a:b", "/a,b", "/$HOME/a", "/{1+1}", "/a\nb", '/"a"', "/`a`"])
def test_a_path_that_would_be_read_as_something_else_is_refused(
    rule: ModuleType, path: str
) -> None:
    with pytest.raises(ValueError, match="cannot be mounted"):
        rule.inputs_of(job(dataset(path)))


def test_what_is_mounted_is_neither_all_of_the_job_nor_of_galaxy(rule: ModuleType) -> None:
    shown = {folder.split(":")[0] for folder in rule.JOB_FOLDERS}

    assert "$job_directory" not in shown
    assert not {"$defaults", "$galaxy_root", "$default_file_path"} & shown


def test_a_digest_of_the_registry_is_told_to_the_container(
    rule: ModuleType, fake_docker: Callable[[str], None]
) -> None:
    other = f"elsewhere/galaxy-lab@sha256:{'b' * 64}"
    fake_docker(f"printf '%s\\n' '{other}' '{DIGEST}'")
    entity = SimpleNamespace(params=None)

    rule.confine(entity, job(), tool(("singularity", "x.sif"), ("docker", IMAGE)))

    assert entity.params["docker_env_NOTEBOOK_RUNNER_IMAGE_DIGEST"] == DIGEST


def test_the_digest_is_that_of_the_image_that_another_rule_has_chosen(
    rule: ModuleType, fake_docker: Callable[[str], None]
) -> None:
    fake_docker(f'test "$5" = {IMAGE} && echo "{DIGEST}"')
    entity = SimpleNamespace(params={"docker_container_id_override": IMAGE})

    rule.confine(entity, job(), tool(("docker", "the-tool-s-own:1")))

    assert entity.params["docker_env_NOTEBOOK_RUNNER_IMAGE_DIGEST"] == DIGEST


@pytest.mark.parametrize("script", ["", "echo; echo", "echo 'no such image' >&2; exit 1", "echo x"])
def test_an_image_that_was_built_here_has_no_digest(
    rule: ModuleType, fake_docker: Callable[[str], None], script: str
) -> None:
    fake_docker(script)
    entity = SimpleNamespace(params={})

    rule.confine(entity, job(), tool(("docker", IMAGE)))

    assert list(entity.params) == ["docker_volumes"]


# ---- what is configured -----------------------------------------------------------


@pytest.fixture
def destinations(home: Home, tmp_path: Path) -> Any:
    """The rules for destinations, as they are handed to the dispatcher."""
    (home.environment("galaxy") / "lib/python3.11/site-packages/galaxy/tools").mkdir(parents=True)
    rendered = render(home, Toolbox(tmp_path, ()), load_credentials(home), 4711).galaxy
    execution = rendered["galaxy"]["job_config"]["execution"]
    (found,) = execution["environments"][execution["default"]]["tpv_configs"]
    return found


def test_one_account_s_notebooks_go_to_containers(destinations: Any) -> None:
    (rule,) = destinations["tools"]["run_notebook"]["rules"]

    assert CONTAINERS_EMAIL in rule["if"]
    assert rule["scheduling"] == destinations["destinations"]["containers"]["scheduling"]


def test_a_container_is_marked_as_this_galaxy_s(destinations: Any, home: Home) -> None:
    params = destinations["destinations"]["containers"]["params"]

    assert params[f"docker_env_{MARKER}"] == str(home.path)


def test_admins_are_told_the_same_destination(destinations: Any, galaxy_instance: Instance) -> None:
    page = (galaxy_instance.checkout.path / "docs" / "admin.md").read_text()
    (example,) = [
        block.partition("```")[0]
        for block in page.split("```yaml\n")[1:]
        if "notebook_runner_containers" in block.partition("```")[0]
    ]
    told = yaml.safe_load(example)["destinations"]["containers"]
    ours = destinations["destinations"]["containers"]
    of_this_server = {f"docker_env_{MARKER}", "live_tool_output_reporting", "local_slots"}

    assert told["params"] == {
        name: value for name, value in ours["params"].items() if name not in of_this_server
    }
    assert {**told, "params": None} == {**ours, "params": None}


# ---- what is said where no job can have a container --------------------------------


@pytest.fixture
def instance(caller: Account, tmp_path: Path) -> Any:
    """An instance, as far as it is looked at."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "macros.xml").write_text(
        '<macros><token name="@LAB_IMAGE@">galaxy-lab:none</token></macros>'
    )
    home = Home(Path("/srv/galaxy"))
    return SimpleNamespace(account=caller, home=home, checkout=SimpleNamespace(tools=tools))


def test_a_machine_without_docker_is_told_how_to_get_one(
    instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "SYSTEM_PATH", "/nonexistent")

    with pytest.raises(EngineError, match="make docker-engine"):
        check_containers(instance)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("Got permission denied while trying to connect", "group docker"),
        ("Cannot connect to the Docker daemon at unix:///x.", "Cannot connect"),
        ("", "exit code 1"),
    ],
)
def test_an_engine_that_cannot_be_used_is_named(
    instance: Any, fake_docker: Callable[[str], None], said: str, named: str
) -> None:
    fake_docker(f"echo '{said}' >&2; exit 1")

    with pytest.raises(EngineError, match=named):
        check_containers(instance)


def test_a_missing_image_is_named_with_what_builds_it(
    instance: Any, fake_docker: Callable[[str], None]
) -> None:
    fake_docker('test "$1" = version')

    with pytest.raises(UnknownImageError, match=r"galaxy-lab:none.*image build lab"):
        check_containers(instance)


def test_an_engine_and_the_image_are_all_that_is_needed(
    instance: Any, fake_docker: Callable[[str], None]
) -> None:
    fake_docker("exit 0")

    assert check_containers(instance) is None


def test_a_folder_that_no_container_can_be_given_is_refused(instance: Any) -> None:
    instance.home = Home(Path("/srv/a:b"))

    with pytest.raises(LocalGalaxyError, match="--home"):
        check_containers(instance)
