"""Which datatype a file gets by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notebook_runner.galaxy.datatypes import DATATYPES, UNKNOWN, datatype_of

if TYPE_CHECKING:
    from notebook_runner.galaxy.connection import Connection


@pytest.mark.parametrize(
    ("name", "datatype"),
    [
        ("table.csv", "csv"),
        ("table.tsv", "tabular"),
        ("TABLE.CSV", "csv"),
        ("a/b.c/model.onnx", "onnx"),
        ("photo.jpeg", "jpg"),
        ("nb.ipynb", "ipynb"),
        ("array.npz", "npz"),
        ("weights.hdf5", "h5"),
        ("notes.md", "markdown"),
        ("settings.yml", "yaml"),
        ("reads.fastq.gz", "fastq.gz"),
        ("reads.fq.gz", "fastq.gz"),
        ("sources.tar.gz", "tar.gz"),
        ("sources.tgz", "tar.gz"),
        ("table.csv.gz", "gz"),
        ("table.tsv.gz", "tabular.gz"),
        ("v1.2.csv", "csv"),
        ("calls.vcf.gz", "vcf_bgzip"),
    ],
)
def test_a_usual_ending_gives_its_datatype(name: str, datatype: str) -> None:
    assert datatype_of(name) == datatype


@pytest.mark.parametrize("name", ["README", "csv", "weights.pkl", "", "folder.csv/file", "a."])
def test_a_name_that_says_nothing_gives_data(name: str) -> None:
    assert datatype_of(name) == UNKNOWN


@pytest.mark.galaxy
def test_galaxy_has_every_datatype(gi: Connection) -> None:
    asked = {"extension_only": "true", "upload_only": "false"}
    known = set(gi.make_get_request(f"{gi.url}/datatypes", params=asked).json())
    assert {*DATATYPES.values(), UNKNOWN} - known == set()
