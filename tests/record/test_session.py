"""What a notebook imports: ``inputs``, ``outputs_dir``, ``log_metric``."""

from __future__ import annotations

import json
import math
import multiprocessing
import subprocess
import sys
import threading
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

import notebook_runner
from notebook_runner.errors import NotebookRunnerError, OutputError
from notebook_runner.record import session
from notebook_runner.record.session import inputs, log_metric


@pytest.fixture
def by_hand(tmp_path, monkeypatch):
    """A folder in which somebody works without a run."""
    monkeypatch.delenv("NOTEBOOK_RUNNER_CONTEXT", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def headless(tmp_path, monkeypatch):
    """The folder of a run with two inputs; the current folder is another one."""
    folder = tmp_path / "run"
    elsewhere = tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    context = {
        "inputs": {
            "table": "/data/1.csv",
            "images": [{"path": "/data/2.png", "identifier": "a.png"}],
        },
        "outputs_dir": str(folder / "outputs"),
        "metrics_file": str(folder / "metrics.json"),
    }
    (folder / "context.json").write_text(json.dumps(context))
    monkeypatch.setenv("NOTEBOOK_RUNNER_CONTEXT", str(folder / "context.json"))
    monkeypatch.chdir(elsewhere)
    return folder


def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


# ---- inputs -----------------------------------------------------------------------


def test_a_single_input_is_the_path_of_its_file(headless):
    assert inputs["table"] == "/data/1.csv"


def test_several_files_under_one_name_are_a_list_with_identifiers(headless):
    assert inputs["images"] == [{"path": "/data/2.png", "identifier": "a.png"}]


def test_inputs_can_be_listed(headless):
    assert (list(inputs), len(inputs), "table" in inputs) == (["table", "images"], 2, True)


def test_inputs_show_what_they_hold(headless):
    assert repr(inputs).startswith("{'table': '/data/1.csv'")


def test_inputs_cannot_be_changed(headless):
    with pytest.raises(TypeError):
        inputs["table"] = "other"


def test_changing_what_inputs_returned_changes_no_input(headless):
    inputs["images"].clear()
    assert len(inputs["images"]) == 1


def test_a_missing_input_is_a_key_error(headless):
    with pytest.raises(KeyError):
        inputs["tabel"]


def test_a_missing_input_names_those_that_there_are(headless):
    with pytest.raises(KeyError) as raised:
        inputs["tabel"]
    assert str(raised.value) == "There is no input 'tabel'; the inputs are: 'table', 'images'."


def test_a_missing_input_can_be_asked_for_with_a_default(headless):
    assert inputs.get("tabel") is None


def test_by_hand_a_file_is_an_input_under_its_name_without_extension(by_hand):
    (by_hand / "inputs").mkdir()
    (by_hand / "inputs" / "table.csv").touch()
    assert dict(inputs) == {"table": str(by_hand / "inputs" / "table.csv")}


def test_by_hand_a_folder_is_a_list_in_the_order_of_names(by_hand):
    folder = by_hand / "inputs" / "images"
    (folder / "deeper").mkdir(parents=True)
    for name in ("b.png", "a.png", "deeper/c.png"):
        (folder / name).touch()
    assert [entry["identifier"] for entry in inputs["images"]] == ["a.png", "b.png", "deeper/c.png"]


def test_by_hand_the_path_of_a_files_entry_leads_to_it(by_hand):
    (by_hand / "inputs" / "images").mkdir(parents=True)
    (by_hand / "inputs" / "images" / "a.png").write_text("content")
    assert Path(inputs["images"][0]["path"]).read_text() == "content"


def test_by_hand_hidden_files_are_no_inputs(by_hand):
    (by_hand / "inputs" / "images" / ".ipynb_checkpoints").mkdir(parents=True)
    (by_hand / "inputs" / "images" / ".ipynb_checkpoints" / "a.png").touch()
    (by_hand / "inputs" / ".DS_Store").touch()
    assert dict(inputs) == {"images": []}


def test_by_hand_files_of_the_same_name_go_by_their_full_names(by_hand):
    (by_hand / "inputs").mkdir()
    (by_hand / "inputs" / "table.csv").touch()
    (by_hand / "inputs" / "table.tsv").touch()
    assert list(inputs) == ["table.csv", "table.tsv"]


def test_by_hand_without_a_folder_there_are_no_inputs(by_hand):
    assert dict(inputs) == {}


def test_by_hand_a_missing_input_says_where_inputs_are_looked_for(by_hand):
    with pytest.raises(KeyError) as raised:
        inputs["table"]
    assert "none at all. By hand, inputs are the files in inputs/" in str(raised.value)


def test_a_context_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_RUNNER_CONTEXT", str(tmp_path / "gone.json"))
    with pytest.raises(NotebookRunnerError, match=r"gone\.json.*Unset the variable"):
        inputs["table"]


# ---- outputs_dir ------------------------------------------------------------------


def test_outputs_go_where_the_run_says(headless):
    assert notebook_runner.outputs_dir == headless / "outputs"


def test_by_hand_outputs_go_below_the_current_folder(by_hand):
    assert notebook_runner.outputs_dir == by_hand / "outputs"


def test_the_folder_of_outputs_is_there_once_it_is_imported(by_hand):
    from notebook_runner import outputs_dir

    assert outputs_dir.is_dir()


def test_using_inputs_alone_makes_no_folder(by_hand):
    dict(inputs)
    assert list(by_hand.iterdir()) == []


def test_outputs_that_cannot_be_made_are_explained(by_hand):
    (by_hand / "outputs").write_text("a file in the way")
    with pytest.raises(OutputError, match=r"outputs, cannot be made: File exists"):
        _ = notebook_runner.outputs_dir


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'output_dir'"):
        _ = session.output_dir


# ---- log_metric: values -----------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (3, 3),
        (0.5, 0.5),
        (True, 1),
        (False, 0),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 4), 0.25),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
    ],
    ids=repr,
)
def test_a_number_is_recorded(by_hand, value, recorded):
    log_metric("m", value)
    assert metrics(by_hand) == {"m": recorded}


@pytest.mark.parametrize(
    ("dtype", "recorded"),
    [
        ("float64", 2.0),
        ("float32", 2.0),
        ("float16", 2.0),
        ("longdouble", 2.0),
        ("int64", 2),
        ("uint8", 2),
        ("bool", 1),
    ],
)
def test_a_scalar_of_numpy_is_recorded(by_hand, dtype, recorded):
    import numpy as np

    log_metric("m", np.dtype(dtype).type(2))
    assert metrics(by_hand) == {"m": recorded}


def test_an_array_of_no_dimensions_is_recorded(by_hand):
    import numpy as np

    log_metric("m", np.array(2.5))
    assert metrics(by_hand) == {"m": 2.5}


def test_nan_of_numpy_is_null(by_hand):
    import numpy as np

    log_metric("m", np.float32("nan"))
    assert metrics(by_hand) == {"m": None}


def test_a_whole_number_stays_one(by_hand):
    log_metric("m", 2**60 + 1)
    assert metrics(by_hand)["m"] == 2**60 + 1


def test_a_bool_is_recorded_as_a_number(by_hand):
    log_metric("m", True)
    assert (by_hand / "metrics.json").read_text() == '{\n "m": 1\n}\n'


@pytest.mark.parametrize(
    "value", ["0.5", b"1", None, [0.5], {"a": 1}, 1j, object, {1}], ids=lambda v: repr(v)[:20]
)
def test_what_is_not_one_number_is_refused(by_hand, value):
    with pytest.raises(TypeError, match=r"log_metric\('m', \.\.\.\) takes one real number"):
        log_metric("m", value)


def test_an_array_is_refused_even_if_it_holds_one_number(by_hand):
    import numpy as np

    with pytest.raises(TypeError, match="not a ndarray"):
        log_metric("m", np.array([1.0]))


def test_a_refused_value_leaves_no_file(by_hand):
    with pytest.raises(TypeError):
        log_metric("m", "0.5")
    assert list(by_hand.iterdir()) == []


# ---- log_metric: names and file ---------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", "  ", "a\tb", "a\nb", "a\x00", "a\u2028b", "\ud800", "a\x85"], ids=ascii
)
def test_a_name_that_would_break_a_table_is_refused(by_hand, name):
    with pytest.raises(ValueError, match="name of a metric"):
        log_metric(name, 1)


@pytest.mark.parametrize("name", [None, 3, b"accuracy"], ids=repr)
def test_a_name_that_is_no_string_is_refused(by_hand, name):
    with pytest.raises(TypeError, match="is a string"):
        log_metric(name, 1)


@pytest.mark.parametrize("name", ["top-5 accuracy", "Genauigkeit für β", '"$`\\', "🙂"])
def test_any_line_of_text_is_a_name(by_hand, name):
    log_metric(name, 1)
    assert metrics(by_hand) == {name: 1}


def test_several_metrics_are_kept_in_the_order_of_their_first_record(by_hand):
    for name, value in (("b", 1), ("a", 2), ("b", 3)):
        log_metric(name, value)
    assert list(metrics(by_hand).items()) == [("b", 3), ("a", 2)]


def test_metrics_of_a_run_go_where_it_says(headless):
    log_metric("m", 1)
    assert metrics(headless) == {"m": 1}


def test_the_context_is_read_anew_each_time(headless, monkeypatch):
    log_metric("m", 1)
    monkeypatch.delenv("NOTEBOOK_RUNNER_CONTEXT")
    log_metric("n", 2)
    assert metrics(headless.parent / "elsewhere") == {"n": 2}


def test_a_reader_never_sees_half_a_file(by_hand):
    """The file is replaced, so one who has it open goes on reading the old one."""
    log_metric("m", 1)
    with (by_hand / "metrics.json").open() as before:
        log_metric("m", 2)
        assert json.load(before) == {"m": 1}


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_file_that_is_not_of_metrics_is_left_alone(by_hand, content):
    (by_hand / "metrics.json").write_text(content)
    with pytest.raises(OutputError, match="Move it away"):
        log_metric("m", 1)
    assert (by_hand / "metrics.json").read_text() == content


def test_a_folder_that_is_gone_is_explained(headless):
    context = json.loads((headless / "context.json").read_text())
    context["metrics_file"] = str(headless / "gone" / "metrics.json")
    (headless / "context.json").write_text(json.dumps(context))
    with pytest.raises(OutputError, match="No such file or directory"):
        log_metric("m", 1)


def _log_many(worker):
    for i in range(25):
        log_metric(f"{worker}-{i}", i)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_processes_lose_no_metric(by_hand):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_log_many, args=(w,)) for w in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(metrics(by_hand)) == 100


def test_threads_lose_no_metric(by_hand):
    threads = [threading.Thread(target=_log_many, args=(t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(metrics(by_hand)) == 100


# ---- cost -------------------------------------------------------------------------


def test_importing_the_names_of_a_notebook_loads_only_the_standard_library():
    source = (
        "import sys; before = set(sys.modules)\n"
        "from notebook_runner import inputs, log_metric, save_model\n"
        "print(*{m.partition('.')[0] for m in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert loaded - sys.stdlib_module_names == {"notebook_runner"}
