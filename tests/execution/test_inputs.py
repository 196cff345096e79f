"""Named inputs reach the notebook, by GALAXY_INPUTS and by the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from notebook_runner.errors import InputError
from notebook_runner.execution.inputs import (
    InputElement,
    NamedInput,
    fill_in_hashes,
    read_named_inputs,
    stage,
)

SHOW = "import json\njson.dump(GALAXY_INPUTS, open('outputs/seen.json', 'w'))"


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    for name in ("b.csv", "a.csv", "sub/c.csv", ".hidden"):
        (folder / name).write_text(name)
    return folder


def seen(finished):
    assert finished.returncode == 0, finished.stderr
    return json.loads((finished.folder / "outputs" / "seen.json").read_text())


def test_one_file_is_a_path(make_notebook, run, files):
    finished = run(make_notebook(SHOW), "-i", f"table={files / 'a.csv'}")
    assert seen(finished) == {"table": str(files / "a.csv")}
    element = finished.record["inputs"][0]["elements"][0]
    assert element["size"] == 5
    assert len(element["sha256"]) == 64


def test_the_same_name_twice_is_a_list(make_notebook, run, files):
    both = ["-i", f"t={files / 'b.csv'}", "-i", f"t={files / 'a.csv'}"]
    assert seen(run(make_notebook(SHOW), *both)) == {
        "t": [
            {"path": str(files / "b.csv"), "identifier": "b.csv"},
            {"path": str(files / "a.csv"), "identifier": "a.csv"},
        ]
    }


def test_a_folder_is_a_list_with_paths_below_it_as_identifiers(files):
    (named,) = read_named_inputs([("t", files)])
    assert [e.identifier for e in named.elements] == ["a.csv", "b.csv", "sub/c.csv"]
    assert named.is_list


def test_a_folder_of_one_file_is_still_a_list(files):
    (named,) = read_named_inputs([("t", files / "sub")])
    assert named.as_value() == [{"path": str(files / "sub" / "c.csv"), "identifier": "c.csv"}]


def test_equal_identifiers_are_told_apart(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "s.csv").write_text("")
    (named,) = read_named_inputs([("t", tmp_path / "x" / "s.csv"), ("t", tmp_path / "y" / "s.csv")])
    assert [e.identifier for e in named.elements] == ["s.csv", "s.csv (2)"]


def test_the_package_gives_the_same_inputs(make_notebook, run, files):
    source = (
        "import json\nfrom notebook_runner import inputs, outputs_dir\n"
        "(outputs_dir / 'seen.json').write_text(json.dumps(dict(inputs)))"
    )
    finished = run(make_notebook(source), "-i", f"table={files / 'a.csv'}")
    assert seen(finished) == {"table": str(files / "a.csv")}


def test_a_notebook_that_asks_for_inputs_gets_an_empty_dict(make_notebook, run):
    assert seen(run(make_notebook(SHOW))) == {}


def test_a_module_beside_the_notebook_can_be_imported(make_notebook, run):
    notebook = make_notebook("import beside\nprint(beside.ANSWER)")
    (notebook.parent / "beside.py").write_text("ANSWER = 42")
    finished = run(notebook)
    assert finished.returncode == 0, finished.stderr
    assert "42" in finished.text


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("t=absent.csv", "there is no file"),
        ("t=empty", "holds no file"),
        ("not-a-name=a.csv", "is not valid"),
        ("t=/dev/null", "not a regular file"),
    ],
)
def test_an_impossible_input_ends_with_5(make_notebook, run, tmp_path, argument, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.csv").write_text("")
    finished = run(make_notebook("1"), "-i", argument)
    assert finished.returncode == 5
    assert message in finished.stderr
    assert not finished.folder.exists()


def test_an_input_that_is_not_name_and_path_is_wrong_usage(make_notebook, run):
    finished = run(make_notebook("1"), "-i", "table")
    assert finished.returncode == 2
    assert "NAME=PATH" in finished.stderr


def test_a_dataset_without_ending_is_staged_with_one(tmp_path):
    dataset = tmp_path / "dataset_1.dat"
    dataset.write_text("x")
    given = NamedInput("t", (InputElement(dataset, "outer/../in ner", "csv"),), is_list=False)
    (staged,) = stage([given], tmp_path / "staged")
    path = Path(staged.as_value())
    assert path.suffix == ".csv"
    assert path.parent == tmp_path / "staged" / "t"
    assert path.read_text() == "x"


def test_files_of_one_name_are_staged_apart(tmp_path):
    elements = []
    for n in range(2):
        (tmp_path / f"{n}.dat").write_text(str(n))
        elements.append(InputElement(tmp_path / f"{n}.dat", "same", "csv"))
    (staged,) = stage([NamedInput("t", tuple(elements), is_list=True)], tmp_path / "staged")
    assert [Path(e["path"]).read_text() for e in staged.as_value()] == ["0", "1"]


def test_an_input_that_vanished_is_recorded_without_hash(tmp_path):
    record = NamedInput("t", (InputElement(tmp_path / "gone", "gone"),), is_list=False).as_record()
    fill_in_hashes([record])
    assert record["elements"][0]["sha256"] is None


def test_names_must_be_variable_names():
    with pytest.raises(InputError, match="letters, digits and underscores"):
        read_named_inputs([("1st", Path("x"))])
