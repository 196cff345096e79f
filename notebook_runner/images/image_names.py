"""How a person names an image: NAME or NAME/VARIANT of ``images.yml``, or any reference."""

from __future__ import annotations

from notebook_runner.errors import CatalogueError, UnknownImageError
from notebook_runner.images.catalogue import ImageSpec, every_spec, select

#: What a name of ``images.yml`` means where no variant is named.
USUAL_VARIANT = "cpu"


def find_spec(name: str, variant: str | None = None) -> ImageSpec | None:
    """Return what a name means in ``images.yml``.

    Parameters
    ----------
    name
        ``NAME`` or ``NAME/VARIANT``; anything else is the reference of an image.
    variant
        The variant, where it was named apart.

    Returns
    -------
    ImageSpec or None
        ``None`` for the reference of an image.

    Raises
    ------
    UnknownImageError
        When there is no such variant, two are named, or one of a reference.
    """
    image, separator, named = name.partition("/")
    if image not in {spec.name for spec in _specs()}:
        return None if variant is None else select(name, variant)
    if separator and variant is not None and variant != named:
        raise UnknownImageError(f"{name} is not the variant {variant!r}: name only one.")
    return select(image, named if separator else variant or USUAL_VARIANT)


def how_to_get(reference: str, elsewhere: str) -> str:
    """Say how to get an image that is not here.

    Parameters
    ----------
    elsewhere
        The command that gets an image which is not built here.
    """
    specs = _specs()
    repository = _without_tag(reference)
    for spec in specs:
        if repository in {spec.name, f"{spec.name}/{spec.variant}", spec.repository}:
            return (
                "`notebook-runner image list` shows what is built; "
                f"this builds it: notebook-runner image build {spec.name}"
            )
    if specs and not set(reference) & set(":/@"):
        names = ", ".join(dict.fromkeys(spec.name for spec in specs))
        return f"containers/images.yml has: {names}. For any other: {elsewhere}"
    return f"Get it first: {elsewhere}"


def _without_tag(reference: str) -> str:
    """Return the repository of a reference; before a colon may be a port, too."""
    name = reference.partition("@")[0]
    repository, colon, tag = name.rpartition(":")
    return repository if colon and "/" not in tag else name


def _specs() -> list[ImageSpec]:
    """List the images of the checkout; none where there is no checkout."""
    try:
        return every_spec()
    except CatalogueError:
        return []
