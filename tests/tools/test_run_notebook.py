"""What planemo's tests of a tool cannot show of ``run_notebook``: failed jobs, mapping, pictures.

All jobs are sent to Galaxy at once and looked at when they are done.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from bioblend import ConnectionError as BioblendError

from notebook_runner.errors import CellFailedError, GpuError
from notebook_runner.record.gpu import list_gpus

pytestmark = [pytest.mark.galaxy, pytest.mark.slow]

AWKWARD_NAME = 'd\'été & "co" <x>.ipynb'
AWKWARD_VALUE = " two\nlines\tand 'quotes' \"\" \\ ${x} `id` \u2028 漢 🙂 end "


@pytest.fixture(scope="module")
def sent(jobs: Any) -> dict[str, dict[str, Any]]:
    """The answers to all jobs of this module, none of them waited for."""
    data = jobs.upload(
        describe_inputs="describe_inputs.ipynb",
        echo_parameters=AWKWARD_NAME,
        failing_cell="failing_cell.ipynb",
        train_iris="train_iris.ipynb",
        iris="iris.csv",
        setosa="setosa.csv",
        virginica="virginica.csv",
    )
    echo = data["echo_parameters"]
    flowers = jobs.collect(setosa=data["setosa"], virginica=data["virginica"])
    table = {"kind": "dataset", "dataset": data["iris"]}
    each = {"kind": "dataset", "dataset": {"batch": True, "values": [flowers]}}
    return {
        "failing": jobs.send(notebook=data["failing_cell"]),
        "training": jobs.send(
            notebook=data["train_iris"], inputs=[{"name": "table", "source": table}]
        ),
        "awkward": jobs.send(notebook=echo, parameters=[{"name": "text", "value": AWKWARD_VALUE}]),
        "mapped": jobs.send(
            notebook=data["describe_inputs"], inputs=[{"name": "flowers", "source": each}]
        ),
        "gpu": jobs.send(notebook=echo, gpu=True),
        "nothing kept": jobs.send(notebook=echo, keep=[]),
    }


@pytest.fixture(scope="module")
def failing(jobs: Any, sent: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The answer to the job whose second cell fails."""
    return jobs.wait(sent["failing"])


def test_a_failed_cell_fails_the_job_with_its_own_exit_code(
    jobs: Any, failing: dict[str, Any]
) -> None:
    job = jobs.job(failing)

    assert (job["state"], job["exit_code"]) == ("error", CellFailedError.exit_code)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("executed_notebook", "the table has no column 'species'"),
        ("html_report", "the table has no column"),
        ("record", '"failed"'),
        ("metrics", "steps_done"),
    ],
)
def test_the_outputs_of_a_failed_job_keep_their_content(
    jobs: Any, failing: dict[str, Any], output: str, text: str
) -> None:
    dataset = jobs.dataset(failing, output)

    assert dataset["state"] == "error"
    assert text in jobs.read(dataset)


def test_the_files_of_a_failed_job_are_collected(jobs: Any, failing: dict[str, Any]) -> None:
    files = jobs.elements(failing, "files")

    assert list(files) == ["before.txt"]
    assert jobs.read(files["before.txt"]) == "written before the failure\n"


def test_the_pictures_of_the_report_are_served_beside_it(
    jobs: Any, sent: dict[str, dict[str, Any]]
) -> None:
    report = jobs.dataset(jobs.wait(sent["training"]), "html_report")
    url = f"{jobs.gi.base_url}/api/histories/{jobs.history}/contents/{report['id']}/extra_files"
    extra = [file["path"] for file in jobs.gi.make_get_request(url).json()]
    (picture,) = [path for path in extra if path.endswith(".png")]

    shown = jobs.gi.make_get_request(
        f"{jobs.gi.base_url}/datasets/{report['id']}/display/{picture}"
    )

    assert f'src="{picture}"' in jobs.read(report)
    assert shown.content.startswith(b"\x89PNG")


def test_line_breaks_and_blanks_of_a_value_arrive(
    jobs: Any, sent: dict[str, dict[str, Any]]
) -> None:
    files = jobs.elements(jobs.wait(sent["awkward"]), "files")

    assert json.loads(jobs.read(files["arrived.json"]))["text"] == AWKWARD_VALUE


def test_outputs_are_named_after_the_notebook_as_it_is_called(
    jobs: Any, sent: dict[str, dict[str, Any]]
) -> None:
    answer = jobs.wait(sent["awkward"])

    assert jobs.dataset(answer, "metrics")["name"] == f"{AWKWARD_NAME}: metrics"
    assert json.loads(jobs.read(jobs.dataset(answer, "record")))["notebook"]["name"] == AWKWARD_NAME


def test_a_collection_given_as_one_dataset_runs_the_notebook_for_each_element(
    jobs: Any, sent: dict[str, dict[str, Any]]
) -> None:
    answer = jobs.wait(sent["mapped"])
    (files,) = [c["id"] for c in answer["implicit_collections"] if c["output_name"] == "files"]

    arrived = {
        run["element_identifier"]: json.loads(jobs.read(run["object"]["elements"][0]["object"]))
        for run in jobs.collection(files)["elements"]
    }

    assert arrived == {
        "setosa": {"flowers": "5.1,3.5,1.4,0.2,setosa"},
        "virginica": {"flowers": "6.3,3.3,6.0,2.5,virginica"},
    }


def test_the_collections_of_a_mapped_run_can_be_told_apart(
    sent: dict[str, dict[str, Any]],
) -> None:
    names = [collection["name"] for collection in sent["mapped"]["implicit_collections"]]

    assert len(names) == 6
    assert len(set(names)) == 6


@pytest.mark.skipif(list_gpus() is not None, reason="this machine has a GPU")
def test_asking_for_a_gpu_where_there_is_none_fails_before_the_notebook_starts(
    jobs: Any, sent: dict[str, dict[str, Any]]
) -> None:
    job = jobs.job(jobs.wait(sent["gpu"]))

    assert job["exit_code"] == GpuError.exit_code
    assert "GPU" in job["stderr"]


def test_a_job_may_keep_nothing(jobs: Any, sent: dict[str, dict[str, Any]]) -> None:
    answer = jobs.wait(sent["nothing kept"])

    assert answer["outputs"] + answer["output_collections"] == []
    assert jobs.job(answer)["state"] == "ok"


def test_a_name_that_no_input_can_have_is_refused_before_there_is_a_job(
    jobs: Any, sent: dict[str, dict[str, Any]]
) -> None:
    (notebook,) = [i for i in jobs.job(sent["mapped"])["inputs"].values() if i["src"] == "hda"][:1]
    source = {"kind": "dataset", "dataset": {"src": "hda", "id": notebook["id"]}}

    with pytest.raises(BioblendError, match="letters, digits and underscores"):
        jobs.send(
            notebook={"src": "hda", "id": notebook["id"]},
            inputs=[{"name": "my table", "source": source}],
        )
