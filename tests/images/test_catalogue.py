"""What ``images.yml`` may not say, and how that is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from notebook_runner.errors import CatalogueError, UnknownImageError
from notebook_runner.images import labels
from notebook_runner.images.catalogue import every_spec, find_containers, read_catalogue, select
from notebook_runner.images.declared_values import valid_reference

CONTAINERS = find_containers()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(CONTAINERS / "images.yml", tmp_path))


def expect_error(path: Path, edit, *said: str) -> None:
    content = yaml.safe_load(path.read_text())
    edit(content)
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(CatalogueError) as raised:
        read_catalogue(path)
    message = str(raised.value)
    assert str(path) in message
    assert [part for part in said if part not in message] == [], message
    assert "\n" not in message
    assert raised.value.exit_code == 41


def test_there_are_four_images_in_two_variants():
    names = {"lab", "lab-tensorflow", "lab-torch", "lab-jax"}
    found = {(spec.name, spec.variant) for spec in every_spec()}
    assert found == {(name, variant) for name in names for variant in ("cpu", "gpu")}


def test_every_image_stands_on_the_lab():
    assert {spec.lineage()[-1] for spec in every_spec()} == {"lab"}
    assert select("lab-torch", "gpu").lineage() == ["lab-torch", "lab"]


def test_every_variant_has_a_lock_of_its_own():
    locks = [spec.lock for spec in every_spec()]
    assert len(set(locks)) == len(locks)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CatalogueError, match=r"images\.yml cannot be read"):
        read_catalogue(tmp_path / "images.yml")


def test_bad_yaml_is_said_with_its_line(path):
    path.write_text(path.read_text() + "pins: [unclosed\n")
    with pytest.raises(CatalogueError, match=r"cannot be read: [^\n]*line \d+[^\n]*$"):
        read_catalogue(path)


def test_text_that_is_no_mapping_is_refused(path):
    path.write_text("just a sentence\n")
    with pytest.raises(CatalogueError, match="the file"):
        read_catalogue(path)


def test_an_unknown_key_is_named_with_its_place(path):
    def misspell(content):
        variant = content["images"]["lab"]["variants"]["cpu"]
        variant["budget_gib"] = variant.pop("budget_gb")

    expect_error(path, misspell, "images.lab.variants.cpu.")


def test_an_unknown_variant_is_refused(path):
    def add(content):
        variants = content["images"]["lab"]["variants"]
        variants["tpu"] = variants["cpu"]

    expect_error(path, add, "images.lab.variants.tpu")


def test_a_cpu_variant_declares_no_cuda(path):
    expect_error(
        path,
        lambda c: c["images"]["lab"]["variants"]["cpu"].update(cuda="13.2"),
        "images.lab",
        "variant cpu",
        "cuda",
    )


def test_a_gpu_variant_declares_its_cuda(path):
    expect_error(
        path,
        lambda c: c["images"]["lab"]["variants"]["gpu"].pop("cuda"),
        "variant gpu",
        "cuda",
    )


def test_a_cuda_version_is_major_and_minor(path):
    expect_error(
        path,
        lambda c: c["images"]["lab"]["variants"]["gpu"].update(cuda="13"),
        "images.lab.variants.gpu.cuda",
    )


def test_a_framework_declares_its_version(path):
    expect_error(
        path,
        lambda c: c["images"]["lab-jax"]["variants"]["cpu"].pop("framework_version"),
        "variant cpu",
        "framework_version",
    )


def test_an_unknown_framework_is_refused_with_the_known_ones(path):
    expect_error(
        path,
        lambda c: c["images"]["lab-jax"].update(framework="mxnet"),
        "'mxnet'",
        "tensorflow, torch, jax",
    )


@pytest.mark.parametrize(
    "budget", [0, -1, 1e-12, "large", float("inf"), float("nan"), 10**400], ids=lambda b: str(b)[:5]
)
def test_a_budget_is_a_positive_number(path, budget):
    expect_error(
        path,
        lambda c: c["images"]["lab"]["variants"]["cpu"].update(budget_gb=budget),
        "images.lab.variants.cpu.budget_gb",
    )


def test_an_unknown_parent_is_refused(path):
    expect_error(
        path,
        lambda c: c["images"]["lab-jax"].update(parent="laboratory"),
        "image lab-jax",
        "'laboratory'",
    )


def test_a_parent_of_a_parent_must_be_there_too(path):
    def hide(content):
        content["images"] = {
            "lab-jax": content["images"]["lab-jax"],
            "lab": {**content["images"]["lab"], "parent": "base"},
        }

    expect_error(path, hide, "image lab:", "'base'")


def test_no_image_is_its_own_ancestor(path):
    def turn_round(content):
        content["images"]["lab"]["parent"] = "lab-torch"

    expect_error(path, turn_round, "is its own ancestor")


def test_all_three_environments_are_there(path):
    expect_error(path, lambda c: c["environments"].pop("runner"), "environment runner is missing")


def test_a_pin_says_why_and_until_when(path):
    expect_error(path, lambda c: c["pins"][0].pop("reason"), "pins.0.reason")
    shutil.copy(CONTAINERS / "images.yml", path)
    expect_error(path, lambda c: c["pins"][0].pop("review_after"), "pins.0.review_after")
    shutil.copy(CONTAINERS / "images.yml", path)
    expect_error(path, lambda c: c["left_out"][0].update(reason="so"), "left_out.0.reason")


def test_a_pin_names_a_lock_that_there_is(path):
    expect_error(
        path, lambda c: c["pins"][0].update(environments=["lab-tpu"]), "'lab-tpu'", "lab-gpu"
    )


def test_an_unknown_image_is_refused_with_those_there_are():
    with pytest.raises(UnknownImageError, match=r"'lap'.*lab-tensorflow") as raised:
        select("lap", "cpu")
    assert raised.value.exit_code == 42


def test_an_unknown_variant_of_an_image_is_refused_with_those_it_has():
    with pytest.raises(UnknownImageError, match=r"'tpu'.*cpu, gpu"):
        select("lab", "tpu")


# ---- what gets into a Dockerfile, a name or a path ---------------------------------


def in_lab_cpu(**values):
    """Change what is declared of lab on a CPU."""
    return lambda content: content["images"]["lab"]["variants"]["cpu"].update(values)


@pytest.mark.parametrize("name", ["", "A B", "1A", "A-B", "A=1\nRUN true #", "Ä"])
def test_a_variable_has_a_name_that_shells_know(path, name):
    expect_error(path, in_lab_cpu(environment={name: "1"}), "variants.cpu.environment")
    shutil.copy(CONTAINERS / "images.yml", path)
    expect_error(
        path,
        lambda c: c["variants"]["cpu"]["environment"].update({name: "1"}),
        "variants.cpu.environment",
    )


@pytest.mark.parametrize("name", ["", "Upper", "a b", "a=b", "a\nRUN true", "a_b"])
def test_a_label_has_a_name_in_small_letters(path, name):
    expect_error(path, in_lab_cpu(labels={name: "1"}), "variants.cpu.labels")


@pytest.mark.parametrize("name", [labels.CONTENT_ID, labels.TITLE, labels.REVISION])
def test_a_label_of_our_own_is_refused(path, name):
    expect_error(path, in_lab_cpu(labels={name: "1"}), "variants.cpu.labels", name, "itself")


def test_other_labels_and_variables_are_taken(path):
    content = yaml.safe_load(path.read_text())
    in_lab_cpu(labels={"org.example.site-1": "a b"}, environment={"_Name1": "$HOME"})(content)
    path.write_text(yaml.safe_dump(content))
    assert select("lab", "cpu", path).environment["_Name1"] == "$HOME"


@pytest.mark.parametrize("text", ["a\nRUN true", "a\x1b[2J", "a\u2028b", "a\x85b"])
@pytest.mark.parametrize(
    "edit",
    [
        lambda c, text: in_lab_cpu(labels={"a": text})(c),
        lambda c, text: in_lab_cpu(environment={"A": text})(c),
        lambda c, text: c["images"]["lab"].update(title=text),
        lambda c, text: c.update(prefix=text),
        lambda c, text: c["base"].update(image=text),
        lambda c, text: c["pins"][0].update(package=text),
    ],
    ids=["label", "variable", "title", "prefix", "base", "pin"],
)
def test_a_value_is_one_line(path, edit, text):
    expect_error(path, lambda content: edit(content, text), ": ")


@pytest.mark.parametrize(
    "prefix",
    ["", "galaxy-", "registry.example.org:5000/galaxy-", "registry.example.org/team/", "g__"],
)
def test_a_prefix_may_name_a_registry(path, prefix):
    path.write_text(path.read_text().replace("prefix: galaxy-", f'prefix: "{prefix}"'))
    assert select("lab", "cpu", path).repository == f"{prefix}lab"


@pytest.mark.parametrize(
    "prefix",
    ["Galaxy-", "a b", "/", "-galaxy", "registry.example.org:5000", "a//", "a:1/b:2/", "x" * 300],
    ids=lambda prefix: prefix[:9],
)
def test_another_prefix_is_refused(path, prefix):
    expect_error(path, lambda c: c.update(prefix=prefix), "prefix: ")


@pytest.mark.parametrize("name", ["Lab", "lab/", "lab cpu", "lab:1", ""])
def test_an_image_has_a_name_in_small_letters(path, name):
    expect_error(
        path, lambda c: c["images"].update({name: c["images"]["lab-jax"]}), f"images.{name}"
    )


@pytest.mark.parametrize(
    ("reference", "valid"),
    [
        ("debian", True),
        ("debian:bookworm-slim", True),
        ("registry.example.org:5000/a/b:1.0", True),
        (f"debian:12@sha256:{'0' * 64}", True),
        ("sha256:" + "0" * 64, True),
        ("", False),
        ("debian bookworm", False),
        ("debian\nRUN true", False),
        ("debian\n", False),
        ("Debian", False),
        ("--help", False),
        ("debian:", False),
        ("$BASE", False),
        ("a" * 300, False),
        ("a-" * 127 + "!", False),
    ],
)
def test_the_base_is_named_as_images_are(path, reference, valid):
    assert valid_reference(reference) is valid
    if not valid:
        expect_error(path, lambda c: c["base"].update(image=reference), "base.image: ")


@pytest.mark.parametrize(
    "lock", ["/etc/passwd", "../locks.txt", "locks/../../a.txt", "locks/lab.yml", "", "a\0.txt"]
)
def test_a_lock_stays_beside_the_catalogue(path, lock):
    expect_error(path, in_lab_cpu(lock=lock), "images.lab.variants.cpu.lock: ")


def test_a_lock_leads_nowhere_else_by_a_link(path, tmp_path):
    (tmp_path / "away.txt").symlink_to("/etc/passwd")
    expect_error(path, in_lab_cpu(lock="away.txt"), "variants.cpu.lock: ", "below")
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    shutil.copy(CONTAINERS / "images.yml", path)
    expect_error(path, in_lab_cpu(lock="loop.txt"), "variants.cpu.lock: ", "loop.txt")


@pytest.mark.parametrize(
    "match", ["*", "**", "*/*", "?*", "[a-z]*", "/etc", "../x", "numpy/../*x", "a b"]
)
def test_a_trim_names_something_of_the_packages(path, match):
    expect_error(path, lambda c: c["trims"][0].update(match=match), "trims.0.match: ")


def test_a_key_that_is_there_twice_is_refused(path):
    path.write_text(path.read_text() + "trims: []\n")
    with pytest.raises(CatalogueError, match=r"'trims' is there twice[^\n]*line \d+[^\n]*$"):
        read_catalogue(path)


@pytest.mark.parametrize(
    "text",
    ["[" * 3000, "a: " + "{b: " * 3000, "a: 2026-13-45", "a: " + "9" * 5000, "? [a]\n: 1", "\x00"],
    ids=["lists", "mappings", "date", "number", "key", "zero byte"],
)
def test_yaml_that_cannot_be_is_refused_in_a_line(path, text):
    path.write_text(text)
    with pytest.raises(CatalogueError, match=r"cannot be read: [^\n]+$"):
        read_catalogue(path)


def test_a_catalogue_that_is_no_text_is_refused(path):
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CatalogueError, match=r"images\.yml cannot be read: [^\n]+$"):
        read_catalogue(path)
