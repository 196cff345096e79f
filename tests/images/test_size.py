"""A budget is kept, and what breaks it is named."""

from __future__ import annotations

import pytest

from notebook_runner.errors import BudgetError, ImageError
from notebook_runner.images.size import check_budget, list_layers, list_packages


class History:
    """An image of which nothing but its layers is known."""

    def __init__(self, *layers):
        self._layers = layers

    def history(self):
        return [
            {"Size": size, "CreatedBy": command, "Comment": comment, "Created": 1_700_000_000}
            for size, command, comment in self._layers
        ]


@pytest.fixture
def heavy(make_manifest):
    """The manifest of an image with one large package."""
    manifest = make_manifest()
    kernels = manifest.kernels
    sizes = {**kernels.sizes, "tensorflow": 4_000_000_000}
    environments = {
        **manifest.environments,
        "kernels": kernels.model_copy(update={"sizes": sizes}),
    }
    return manifest.model_copy(update={"environments": environments, "size": 5_000_000_001})


def test_an_image_over_its_budget_is_refused_and_its_largest_packages_named(declared, heavy):
    with pytest.raises(BudgetError) as refused:
        check_budget(declared("demo", "gpu"), heavy)
    message = str(refused.value)
    assert "demo (gpu) has 5.000 GB" in message
    assert "its budget of 5.000 GB" in message
    assert "The largest packages: tensorflow 4.000 GB (kernels), " in message


def test_an_image_may_be_exactly_as_large_as_its_budget(declared, heavy):
    check_budget(declared("demo", "gpu"), heavy.model_copy(update={"size": 5_000_000_000}))


def test_a_size_that_nobody_counted_keeps_no_budget(declared, heavy):
    with pytest.raises(ImageError, match="Nobody has counted the bytes"):
        check_budget(declared("demo", "gpu"), heavy.model_copy(update={"size": None}))


def test_packages_are_listed_with_the_largest_first(heavy):
    listed = list_packages(heavy)
    assert (listed[0].name, listed[0].environment) == ("tensorflow", "kernels")
    assert [package.size for package in listed] == sorted((p.size for p in listed), reverse=True)
    assert len(listed) == sum(len(found.packages) for found in heavy.environments.values())


def test_layers_without_bytes_are_left_out_and_the_largest_comes_first():
    image = History((5, "a", ""), (0, "ENV X=1", ""), (7, "b", ""))
    assert [(layer.size, layer.command) for layer in list_layers(image)] == [(7, "b"), (5, "a")]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("RUN /bin/sh -c apt-get   update # buildkit", "apt-get update"),
        ("RUN /bin/bash -euo pipefail -c set x # buildkit", "set x"),
        ("/bin/sh -c #(nop) COPY file:1 in /opt ", "COPY file:1 in /opt"),
        ("COPY notebook /opt/notebook # buildkit", "COPY notebook /opt/notebook"),
    ],
)
def test_the_command_of_a_layer_is_shown_without_its_wrapping(written, shown):
    (layer,) = list_layers(History((1, written, "")))
    assert layer.command == shown


def test_an_imported_layer_is_shown_by_its_comment():
    (layer,) = list_layers(History((1, "", "Imported from -")))
    assert layer.command == "Imported from -"
