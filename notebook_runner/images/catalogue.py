"""What ``containers/images.yml`` says: the images, their variants, and what is declared of each."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from notebook_runner.errors import CatalogueError, UnknownImageError
from notebook_runner.images import declared_values as values
from notebook_runner.images.decisions import LeftOut, Pin, Trim  # noqa: TC001 - pydantic reads it
from notebook_runner.images.strict_yaml import read_yaml

VariantName = Literal["cpu", "gpu"]
EnvironmentName = Literal["server", "runner", "kernels"]
#: How a framework is called in a tag, and the distributions that bring it.
FRAMEWORKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "tensorflow": ("tf", ("tensorflow", "tensorflow-cpu")),
    "torch": ("torch", ("torch",)),
    "jax": ("jax", ("jax",)),
}
#: Bytes in a gigabyte, as Docker counts.
GB = 10**9


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Base(_Strict):
    """The plain Debian or Ubuntu image that all others stand on."""

    image: values.Reference
    python: values.MajorMinor


class Environment(_Strict):
    """One of the three environments: its lock and what was asked for."""

    lock: values.LockPath
    extras: list[str] = []
    requests: list[values.Line] = []


class Variant(_Strict):
    """One way of building an image, and what is declared of it."""

    lock: values.LockPath
    requests: list[values.Line] = []
    framework_version: values.MajorMinor | None = None
    cuda: values.MajorMinor | None = None
    budget_gb: values.Budget
    environment: dict[values.VariableName, values.Line] = {}
    labels: dict[values.LabelName, values.Line] = {}


class VariantDefaults(_Strict):
    """What all images have in a variant."""

    environment: dict[values.VariableName, values.Line] = {}


class Image(_Strict):
    """One image in its variants."""

    title: values.Line
    parent: str | None = None
    framework: str | None = None
    variants: dict[VariantName, Variant]

    @model_validator(mode="after")
    def _declares_what_it_is(self) -> Self:
        if self.framework is not None and self.framework not in FRAMEWORKS:
            known = ", ".join(FRAMEWORKS)
            raise ValueError(f"unknown framework {self.framework!r}; expected one of {known}")
        for name, variant in self.variants.items():
            if (variant.cuda is None) != (name == "cpu"):
                raise ValueError(f"variant {name}: exactly the gpu variant declares `cuda`")
            if (variant.framework_version is None) != (self.framework is None):
                raise ValueError(f"variant {name}: a `framework` has a `framework_version`")
        return self


class Catalogue(_Strict):
    """All of ``images.yml``."""

    prefix: values.Prefix
    base: Base
    environments: dict[EnvironmentName, Environment]
    variants: dict[VariantName, VariantDefaults] = {}
    images: dict[values.ImageName, Image]
    pins: list[Pin] = []
    left_out: list[LeftOut] = []
    trims: list[Trim] = []

    @model_validator(mode="after")
    def _parents_are_there(self) -> Self:
        for name in {"server", "runner", "kernels"} - set(self.environments):
            raise ValueError(f"the environment {name} is missing")
        parents = {name: image.parent for name, image in self.images.items() if image.parent}
        for name, parent in parents.items():
            if parent not in self.images:
                raise ValueError(f"image {name}: its parent {parent!r} is not an image")
        try:
            TopologicalSorter({name: [parent] for name, parent in parents.items()}).prepare()
        except CycleError as error:
            raise ValueError(f"image {error.args[1][0]} is its own ancestor") from error
        return self

    @model_validator(mode="after")
    def _decisions_concern_locks(self) -> Self:
        variants = [one for image in self.images.values() for one in image.variants.values()]
        locks = {"server", "kernels"} | {variant.lock.stem for variant in variants}
        for decision in [*self.pins, *self.left_out]:
            for name in set(decision.environments) - locks:
                known = ", ".join(sorted(locks))
                raise ValueError(f"{decision}: {name!r} is no lock; there is: {known}")
        return self


@dataclass(frozen=True)
class ImageSpec:
    """One image in one variant, with the folder that its paths are relative to."""

    catalogue: Catalogue
    folder: Path
    name: str
    variant: VariantName

    @property
    def image(self) -> Image:
        """The image of all variants."""
        return self.catalogue.images[self.name]

    @property
    def definition(self) -> Variant:
        """What is declared of this variant."""
        return self.image.variants[self.variant]

    @property
    def repository(self) -> str:
        """The image's name without a tag."""
        return f"{self.catalogue.prefix}{self.name}"

    @property
    def lock(self) -> Path:
        """The lock of the kernels' environment."""
        return (self.folder / self.definition.lock).resolve()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that are set in the image."""
        defaults = self.catalogue.variants.get(self.variant)
        return {**(defaults.environment if defaults else {}), **self.definition.environment}

    @property
    def budget(self) -> int:
        """How many bytes the image may have, uncompressed."""
        return round(self.definition.budget_gb * GB)

    def environment_lock(self, environment: EnvironmentName) -> Path:
        """Return the lock of an environment as all images share it."""
        return (self.folder / self.catalogue.environments[environment].lock).resolve()

    def lineage(self) -> list[str]:
        """Name the image and its ancestors, itself first."""
        names = [self.name]
        while parent := self.catalogue.images[names[-1]].parent:
            names.append(parent)
        return names


def find_containers() -> Path:
    """Return the folder ``containers/`` of the checkout.

    Raises
    ------
    CatalogueError
        When this package does not stand in a checkout.
    """
    folder = Path(__file__).resolve().parents[2] / "containers"
    if not (folder / "images.yml").is_file():
        raise CatalogueError(
            f"There is no {folder / 'images.yml'}: images are built from a checkout of the project."
        )
    return folder


def read_catalogue(path: Path) -> Catalogue:
    """Read and check ``images.yml``.

    Raises
    ------
    CatalogueError
        When it cannot be read or says something impossible, with the place.
    """
    try:
        content = read_yaml(path)
    except ValueError as error:
        raise CatalogueError(f"{path} cannot be read: {error}") from error
    try:
        return Catalogue.model_validate(content, context={"folder": path.parent})
    except ValidationError as error:
        raise CatalogueError(f"{path}: {values.first_problem(error)}") from error


def select(name: str, variant: str, path: Path | None = None) -> ImageSpec:
    """Choose an image in a variant.

    Raises
    ------
    UnknownImageError
        When there is none, with the list of what there is.
    """
    path = path or find_containers() / "images.yml"
    catalogue = read_catalogue(path)
    if name not in catalogue.images:
        raise UnknownImageError(
            f"There is no image {name!r}. There is: {', '.join(catalogue.images)}."
        )
    for known in catalogue.images[name].variants:
        if known == variant:
            return ImageSpec(catalogue, path.parent, name, known)
    raise UnknownImageError(
        f"The image {name!r} has no variant {variant!r}. "
        f"It has: {', '.join(catalogue.images[name].variants)}."
    )


def every_spec(path: Path | None = None) -> list[ImageSpec]:
    """List all images in all variants, in the order of the file."""
    path = path or find_containers() / "images.yml"
    catalogue = read_catalogue(path)
    return [
        ImageSpec(catalogue, path.parent, name, variant)
        for name, image in catalogue.images.items()
        for variant in image.variants
    ]
