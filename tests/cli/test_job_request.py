"""A job of the Galaxy tool becomes the run that a person would have asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from notebook_runner.cli.job_request import request_of_job
from notebook_runner.galaxy.job import GalaxyJob, JobElement, JobFile, JobInput


def request(*inputs: JobInput):
    job = GalaxyJob(notebook=JobFile(Path("n.dat"), "n.ipynb"), inputs=inputs)
    return request_of_job(job, Path("run"))


def element(identifier: str, ext: str = "csv") -> JobElement:
    return JobElement(Path(f"{identifier}.dat"), identifier, ext)


@pytest.mark.parametrize(
    ("identifier", "datatype", "ending"),
    [
        ("cells", "csv", "csv"),
        ("cells.csv", "csv", "csv"),
        ("cells.tsv", "tabular", "tsv"),
        ("photo.jpeg", "jpg", "jpeg"),
        ("reads.fastq.gz", "fastq.gz", "fastq.gz"),
        ("v1.2.txt", "txt", "txt"),
        ("table.csv", "tabular", "tabular"),
    ],
)
def test_a_dataset_keeps_the_usual_ending_of_its_name(identifier, datatype, ending):
    named = JobInput("t", "dataset", (element(identifier, datatype),))
    assert request(named).inputs[0].elements[0].extension == ending


def test_the_same_name_twice_makes_a_list():
    (named,) = request(
        JobInput("t", "dataset", (element("a"),)), JobInput("t", "dataset", (element("b"),))
    ).inputs
    assert named.is_list
    assert [e.identifier for e in named.elements] == ["a", "b"]


def test_one_dataset_is_no_list():
    assert not request(JobInput("t", "dataset", (element("a"),))).inputs[0].is_list


def test_a_collection_of_one_is_a_list():
    assert request(JobInput("t", "collection", (element("a"),))).inputs[0].is_list
