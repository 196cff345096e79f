"""The Galaxy tools as files, and what they did on a real Galaxy."""

from __future__ import annotations

import os
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bioblend.galaxy import GalaxyInstance

from notebook_runner.errors import NotebookRunnerError
from notebook_runner.local_galaxy.containers import as_containers_account, check_containers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notebook_runner.local_galaxy.handle import LocalGalaxy
    from notebook_runner.local_galaxy.instance import Instance

# Galaxy's packages use Cheetah, and Cheetah uses a module that Python is about to drop.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import galaxy.util.template  # noqa: F401

ROOT = Path(__file__).parents[2]
LIMIT_S = 180
ENDED = {"ok", "error", "deleted", "paused", "failed"}


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def containers(galaxy: LocalGalaxy, galaxy_instance: Instance) -> LocalGalaxy:
    """The local Galaxy, as the account whose notebooks run in containers."""
    try:
        check_containers(galaxy_instance)
    except NotebookRunnerError as error:
        pytest.skip(f"notebooks cannot run in containers here: {error}")
    return as_containers_account(galaxy, galaxy_instance)


@pytest.fixture(
    scope="module", params=["environment", pytest.param("container", marks=pytest.mark.docker)]
)
def planemo_environment(
    request: pytest.FixtureRequest, galaxy: LocalGalaxy, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """Environment in which planemo finds the local Galaxy; no key is in any argument.

    Once it is that of the account whose notebooks run in environments, once in containers.
    """
    user = galaxy if request.param == "environment" else request.getfixturevalue("containers")
    return {
        **os.environ,
        "PLANEMO_GALAXY_URL": galaxy.url,
        "PLANEMO_GALAXY_ADMIN_KEY": galaxy.api_key,
        "PLANEMO_GALAXY_USER_KEY": user.api_key,
        "PLANEMO_GLOBAL_WORKSPACE": str(tmp_path_factory.mktemp("planemo")),
    }


class Jobs:
    """Sends jobs of ``run_notebook`` into a history and reads what became of them."""

    def __init__(self, gi: GalaxyInstance, test_data: Path) -> None:
        self.gi = gi
        self.test_data = test_data
        self.history = gi.histories.create_history("tests of run_notebook")["id"]

    def upload(self, **names: str) -> dict[str, dict[str, str]]:
        """Upload files of the test data, by their stems, under names; return the datasets."""
        files = {stem: next(self.test_data.glob(f"{stem}.*")) for stem in names}
        found = self.paste(
            {names[stem]: (file.read_text(), file.suffix[1:]) for stem, file in files.items()}
        )
        return {stem: found[name] for stem, name in names.items()}

    def paste(self, contents: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
        """Make datasets of texts, each with its datatype, under names; return them."""
        elements = [
            {"src": "pasted", "paste_content": text, "ext": ext, "name": name}
            for name, (text, ext) in contents.items()
        ]
        payload = {
            "history_id": self.history,
            "targets": [{"destination": {"type": "hdas"}, "elements": elements}],
        }
        answer = self.gi.make_post_request(f"{self.gi.url}/tools/fetch", payload=payload)
        return {o["name"]: {"src": "hda", "id": o["id"]} for o in answer["outputs"]}

    def collect(self, **elements: dict[str, str]) -> dict[str, str]:
        """Make a list collection of uploaded datasets; return a reference to it."""
        description = {
            "collection_type": "list",
            "name": "flowers",
            "element_identifiers": [{"name": name, **ref} for name, ref in elements.items()],
        }
        made = self.gi.histories.create_dataset_collection(self.history, description)
        return {"src": "hdca", "id": made["id"]}

    def send(self, **inputs: Any) -> dict[str, Any]:
        """Send a job, and do not wait for it."""
        answer: dict[str, Any] = self.gi.tools.run_tool(
            self.history, "run_notebook", inputs, input_format="21.01"
        )
        return answer

    def wait(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Wait for the jobs of an answer to end, and for what they left to be collected."""
        end = time.monotonic() + LIMIT_S
        for job in answer["jobs"]:
            while self.gi.jobs.get_state(job["id"]) not in ENDED:
                assert time.monotonic() < end, f"job {job['id']} has not ended"
                time.sleep(0.3)
        for collection in answer["output_collections"] + answer["implicit_collections"]:
            while not self.collection(collection["id"])["populated"]:
                assert time.monotonic() < end, f"{collection['name']} is not populated"
                time.sleep(0.3)
        return answer

    def job(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return all that Galaxy knows of the first job of an answer."""
        job: dict[str, Any] = self.gi.jobs.show_job(answer["jobs"][0]["id"], full_details=True)
        return job

    def dataset(self, answer: dict[str, Any], output: str) -> dict[str, Any]:
        """Return an output dataset by the name that the tool gives it."""
        (found,) = [o["id"] for o in answer["outputs"] if o["output_name"] == output]
        dataset: dict[str, Any] = self.gi.datasets.show_dataset(found)
        return dataset

    def collection(self, identifier: str) -> dict[str, Any]:
        """Return a collection with its elements."""
        found: dict[str, Any] = self.gi.dataset_collections.show_dataset_collection(identifier)
        return found

    def elements(self, answer: dict[str, Any], output: str) -> dict[str, Any]:
        """Return the elements of an output collection by their identifiers."""
        (found,) = [c["id"] for c in answer["output_collections"] if c["output_name"] == output]
        return {
            element["element_identifier"]: element["object"]
            for element in self.collection(found)["elements"]
        }

    def read(self, dataset: dict[str, Any]) -> str:
        """Return the content of a dataset, in whatever state it is."""
        url = f"{self.gi.base_url}/api/datasets/{dataset['id']}/display?raw=true"
        return bytes(self.gi.make_get_request(url).content).decode()


@contextmanager
def open_jobs(galaxy: LocalGalaxy) -> Iterator[Jobs]:
    """Make a history for jobs of a Galaxy's user, and delete it at the end."""
    gi = GalaxyInstance(galaxy.url, galaxy.api_key)
    jobs = Jobs(gi, ROOT / "tools/run_notebook/test-data")
    yield jobs
    gi.histories.delete_history(jobs.history, purge=True)


@pytest.fixture(scope="module")
def jobs(galaxy: LocalGalaxy) -> Iterator[Jobs]:
    """A history for the jobs of a module."""
    with open_jobs(galaxy) as jobs:
        yield jobs


@pytest.fixture(scope="module")
def container_jobs(containers: LocalGalaxy) -> Iterator[Jobs]:
    """A history of the account whose notebooks run in containers."""
    with open_jobs(containers) as jobs:
        yield jobs
