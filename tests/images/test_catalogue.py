"""What ``images.yml`` may not say, and how that is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from notebook_runner.errors import CatalogueError, UnknownImageError
from notebook_runner.images.catalogue import every_spec, find_containers, read_catalogue, select

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


@pytest.mark.parametrize("budget", [0, -1, "large"])
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
