"""What is saved, look by look, without a process around it."""

from __future__ import annotations

import errno
import os
import shutil

import pytest

from notebook_runner.lab.supervision import saver
from notebook_runner.lab.supervision.pace import PATIENCE_S, Pace, pause_after
from notebook_runner.lab.supervision.store import DRAFTS, Store
from notebook_runner.lab.supervision.tree import Signature

GOOD = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def test_notebooks_outputs_and_models_go_to_their_folders(savers, notebook):
    savers.write("a.ipynb", notebook())
    savers.write("sub/b.ipynb", notebook())
    savers.write("outputs/table.csv", "1")
    savers.write("outputs/data.zarr/.zarray", "{}")
    savers.write("outputs/models/net.onnx", "net")
    savers.write("outputs/models/notes.txt", "notes")
    savers.look()
    assert savers.saved() == {
        "notebooks/a.ipynb",
        "notebooks/sub/b.ipynb",
        "outputs/table.csv",
        "outputs/data.zarr/.zarray",
        "models/net.onnx",
        "outputs/models/notes.txt",
    }


def test_what_is_none_of_the_users_work_is_not_saved(savers, notebook):
    savers.write("inputs/given.ipynb", notebook())
    savers.write(".ipynb_checkpoints/a-checkpoint.ipynb", notebook())
    savers.write(".hidden/b.ipynb", notebook())
    savers.write(".~c.ipynb", notebook())
    savers.write("outputs/.ipynb_checkpoints/t-checkpoint.csv", "1")
    savers.write("data.csv", "1")
    savers.look()
    assert savers.saved() == set()
    assert savers.codes() == []


def test_a_changed_file_is_saved_again(savers):
    savers.write("outputs/log", "one")
    savers.look()
    savers.write("outputs/log", "one two")
    savers.look(final=True)
    assert savers.read("outputs/log") == "one two"


def test_a_change_that_leaves_size_and_time_as_they_were_is_seen(savers):
    # Two writes within one tick of the clock: the first copy is looked at again.
    file = savers.write("outputs/log", "one")
    written = file.stat()
    savers.look()
    file.write_text("two")
    os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))
    savers.look(final=True)
    assert savers.read("outputs/log") == "two"


@pytest.mark.parametrize(
    "half",
    [GOOD[:-20], "", "[]", '{"cells": []}', '{"nbformat": 4}', "[" * 100_000],
    ids=["cut", "empty", "list", "no format", "no cells", "deep"],
)
def test_half_a_notebook_leaves_the_last_good_copy(savers, half, notebook):
    savers.write("a.ipynb", notebook("good"))
    savers.look()
    savers.write("a.ipynb", half)
    savers.look(final=True)
    assert savers.read("notebooks/a.ipynb") == notebook("good")
    assert savers.codes() == ["not_a_notebook"]
    savers.write("a.ipynb", notebook("good again"))
    savers.look(final=True)
    assert savers.read("notebooks/a.ipynb") == notebook("good again")
    assert savers.codes() == []


def test_a_notebook_of_format_3_is_one(savers):
    savers.write("old.ipynb", '{"nbformat": 3, "worksheets": []}')
    savers.look()
    assert savers.saved() == {"notebooks/old.ipynb"}


def test_a_deleted_notebook_is_kept_and_said_to_be_deleted(savers, notebook):
    file = savers.write("a.ipynb", notebook("work"))
    savers.look()
    file.unlink()
    savers.look()
    savers.look()
    assert savers.read("notebooks/a.ipynb") == notebook("work")
    assert savers.notebooks.as_json()[0]["deleted"] is not None


def test_a_renamed_notebook_is_renamed(savers, notebook):
    file = savers.write("Untitled.ipynb", notebook("work"))
    settle(file)
    savers.look()
    (savers.work / "sub").mkdir()
    file.rename(savers.work / "sub" / "analysis.ipynb")
    savers.look()
    assert savers.saved() == {"notebooks/sub/analysis.ipynb"}
    assert [entry["path"] for entry in savers.notebooks.as_json()] == ["sub/analysis.ipynb"]


def test_a_deleted_output_vanishes_after_a_second_look(savers):
    savers.write("outputs/kept", "1")
    file = savers.write("outputs/epochs/checkpoint", "1")
    savers.look()
    file.unlink()
    savers.look()
    assert "outputs/epochs/checkpoint" in savers.saved()
    savers.look()
    assert savers.saved() == {"outputs/kept"}
    assert not (savers.save / "outputs" / "epochs").exists()


def test_outputs_that_are_gone_altogether_are_kept(savers):
    savers.write("outputs/table.csv", "1")
    savers.look()
    shutil.rmtree(savers.work / "outputs")
    savers.look()
    savers.look()
    assert savers.saved() == {"outputs/table.csv"}
    assert savers.codes() == []


def test_a_file_in_the_place_of_a_folder_is_saved_in_the_end(savers):
    savers.write("outputs/thing/part", "1")
    savers.look()
    shutil.rmtree(savers.work / "outputs" / "thing")
    savers.write("outputs/thing", "whole")
    for _ in range(3):
        savers.look(final=True)
    assert savers.read("outputs/thing") == "whole"
    assert savers.codes() == []


def test_a_copy_that_somebody_removed_is_made_again(savers):
    settle(savers.write("outputs/table.csv", "1"))
    savers.look()
    (savers.save / "outputs" / "table.csv").unlink()
    savers.look(final=True)
    assert savers.read("outputs/table.csv") == "1"


def test_names_that_are_no_text_are_written_out(savers):
    (savers.work / "outputs").mkdir()
    for name in (b"bad\xff", b"two\nlines", "Ü ü'\"$(x);*.csv".encode()):
        (savers.work / "outputs" / os.fsdecode(name)).write_text("1")
    savers.look()
    assert savers.saved() == {
        "outputs/bad%FF",
        "outputs/two%0Alines",
        "outputs/Ü ü'\"$(x);*.csv",
    }


def test_two_files_that_would_have_one_name_are_not_mixed_up(savers):
    savers.write("outputs/a%0A", "literal")
    savers.look()
    savers.write("outputs/a\n", "newline")
    savers.look()
    assert savers.read("outputs/a%0A") == "literal"
    assert savers.codes() == ["left_out"]


# ---- nothing outside --------------------------------------------------------------


def test_links_are_named_and_not_followed(savers, tmp_path, notebook):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.ipynb").write_text(notebook("secret"))
    savers.write("outputs/real", "1")
    (savers.work / "outputs" / "link").symlink_to(secret / "key.ipynb")
    (savers.work / "outputs" / "folder").symlink_to(secret)
    (savers.work / "key.ipynb").symlink_to(secret / "key.ipynb")
    (savers.work / "sub").symlink_to(secret)
    os.mkfifo(savers.work / "outputs" / "pipe")
    savers.look(final=True)
    assert savers.saved() == {"outputs/real"}
    shown = {problem.path: problem.message for problem in savers.problems.lasting()}
    assert set(shown) == {"outputs/link", "outputs/folder", "outputs/pipe", "key.ipynb"}
    assert "symbolic link" in shown["outputs/link"]


def test_outputs_replaced_by_a_link_is_not_followed(savers, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    (savers.work / "outputs").symlink_to(secret)
    savers.look(final=True)
    assert savers.saved() == set()
    assert savers.codes() == ["left_out"]


def test_a_link_in_the_place_of_a_collected_folder_is_not_written_through(
    savers, tmp_path, notebook
):
    outside = tmp_path / "outside"
    outside.mkdir()
    (savers.save / "notebooks").symlink_to(outside)
    savers.write("a.ipynb", notebook())
    savers.look()
    assert list(outside.iterdir()) == []
    assert savers.codes() == ["not_saved"]
    (savers.save / "notebooks").unlink()
    savers.look(final=True)
    assert savers.saved() == {"notebooks/a.ipynb"}
    assert savers.codes() == []


def test_a_link_that_takes_the_place_of_a_file_between_look_and_copy_is_not_followed(
    savers, tmp_path, monkeypatch
):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    file = savers.write("outputs/table.csv", "1")
    scan = saver.scan

    def scan_then_replace(*given, **options):
        found = scan(*given, **options)
        file.unlink(missing_ok=True)
        file.symlink_to(secret)
        return found

    monkeypatch.setattr(saver, "scan", scan_then_replace)
    savers.outputs.look(final=True)
    assert savers.saved() == set()


# ---- large files, and such as are written to all the time ----------------------------


def test_a_file_is_copied_when_it_is_left_alone_or_after_a_while():
    time = 0.0
    pace = Pace(1.0, lambda: time)
    growing = [Signature(1, 1, step, step) for step in range(3)]
    assert not pace.is_due("f", growing[0])
    time = 0.9
    assert not pace.is_due("f", growing[0])
    time = 1.0
    assert not pace.is_due("f", growing[1])
    time = 2.0
    assert pace.is_due("f", growing[1])
    assert not pace.is_restless("f")
    time = PATIENCE_S
    assert pace.is_due("f", growing[2])
    assert pace.is_restless("f")
    pace.is_saved("f")
    assert not pace.is_due("f", growing[0])


def test_what_takes_long_to_copy_is_copied_seldom():
    time = 0.0
    pace = Pace(0.0, lambda: time)
    small = Signature(1, 1, 1, 1)
    assert pace.is_due("f", small)
    pace.took("f", 20)
    time = 179
    assert not pace.is_due("f", small)
    time = 180
    assert pace.is_due("f", small)
    assert pause_after(20, least=1, share=0.1, most=30) == 30


def test_a_file_that_never_stands_still_is_saved_as_it_is_and_said_to_be_so(savers, monkeypatch):
    file = savers.write("outputs/log", "start ")
    copy = saver.copy_file

    def copy_while_it_grows(source, target):
        os.lseek(source, 0, os.SEEK_SET)
        with file.open("a") as log:
            copied = copy(source, target)
            log.write("more ")
            log.flush()
        return copied._replace(settled=False)

    monkeypatch.setattr(saver, "copy_file", copy_while_it_grows)
    savers.outputs.look()
    assert savers.saved() == set()
    savers.outputs.look(final=True)
    assert savers.read("outputs/log") == "start " + "more " * 3
    assert [entry["settled"] for entry in savers.outputs.as_json()] == [False]
    monkeypatch.undo()
    savers.outputs.look(final=True)
    assert savers.read("outputs/log") == file.read_text()
    assert [entry["settled"] for entry in savers.outputs.as_json()] == [True]


# ---- a store that cannot be written -------------------------------------------------


def test_drafts_of_an_earlier_session_are_removed(savers):
    (savers.save / DRAFTS / "draft-0").write_text("half")
    Store(savers.save)
    assert list((savers.save / DRAFTS).iterdir()) == []


def test_an_unreadable_file_is_named_until_it_can_be_read(savers, monkeypatch):
    savers.write("outputs/closed", "1")

    def refuse(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patched:
        patched.setattr(savers.outputs._source, "open_file", refuse)
        savers.look()
    assert savers.codes() == ["unreadable"]
    savers.look(final=True)
    assert savers.saved() == {"outputs/closed"}
    assert savers.codes() == []


def settle(file) -> None:
    """Let a file look as if it had not been written to just now."""
    os.utime(file, (1_600_000_000, 1_600_000_000))
