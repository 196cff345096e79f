"""Datasets and collections of a history, as far as a person wants to see them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.galaxy.failures import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebook_runner.galaxy.connection import Connection

#: States in which nothing more happens by itself.
_FINAL = frozenset(
    {"ok", "empty", "error", "failed_metadata", "discarded", "deferred", "paused", "skipped"}
)
_GOOD = frozenset({"ok", "empty"})


@dataclass(frozen=True)
class Dataset:
    """A dataset in a history.

    Attributes
    ----------
    name
        Its name, or its identifier within a collection.
    datatype
        Galaxy's extension.
    state
        Galaxy's word; ``deleted`` for a deleted one.
    size
        In bytes.
    collection
        Name of the collection that it is an element of.
    message
        What Galaxy says is wrong with it.
    """

    id: str
    name: str
    datatype: str
    state: str
    size: int
    url: str
    collection: str | None = None
    message: str = ""

    @property
    def is_final(self) -> bool:
        """Whether its state does not change any more."""
        return self.state in _FINAL or self.state == "deleted"

    @property
    def is_ok(self) -> bool:
        """Whether it is there and whole."""
        return self.state in _GOOD

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class Collection:
    """A collection in a history; ``elements`` are all its datasets, nested ones as ``a/b``.

    Attributes
    ----------
    state
        ``new`` until Galaxy knows its elements, then ``ok`` or ``failed``.
    """

    id: str
    name: str
    state: str
    elements: tuple[Dataset, ...]
    message: str = ""

    @property
    def is_final(self) -> bool:
        """Whether no element changes any more."""
        return self.state == "failed" or (
            self.state == "ok" and all(element.is_final for element in self.elements)
        )


def read_dataset(gi: Connection, dataset_id: str) -> Dataset:
    """Ask for a dataset.

    Raises
    ------
    GalaxyError
        There is none with that id.
    """
    with gi.explained(f"look at dataset {dataset_id}"):
        shown = gi.datasets.show_dataset(dataset_id)
    deleted = shown.get("deleted") or shown.get("purged")
    state = "deleted" if deleted else str(shown["state"])
    said = "" if state in _GOOD else str(shown.get("misc_info") or "")
    return Dataset(
        id=dataset_id,
        name=str(shown["name"]),
        datatype=str(shown.get("extension") or shown.get("file_ext") or ""),
        state=state,
        size=int(shown.get("file_size") or 0),
        url=gi.link_to_dataset(dataset_id),
        message=gi.hide_key(shorten(said)),
    )


def read_collection(gi: Connection, collection_id: str) -> Collection:
    """Ask for a collection of a history, and all its elements.

    Raises
    ------
    GalaxyError
        There is none with that id.
    """
    with gi.explained(f"look at collection {collection_id}"):
        shown = gi.dataset_collections.show_dataset_collection(collection_id)
    name = str(shown["name"])
    return Collection(
        id=collection_id,
        name=name,
        state="failed" if shown.get("deleted") else str(shown["populated_state"]),
        elements=tuple(_elements(gi, shown.get("elements") or [], name, "")),
        message=gi.hide_key(shorten(str(shown.get("populated_state_message") or ""))),
    )


def _elements(
    gi: Connection, elements: Iterable[dict[str, Any]], collection: str, above: str
) -> Iterable[Dataset]:
    for element in elements:
        identifier = above + str(element["element_identifier"])
        content = element.get("object") or {}
        if element.get("element_type") == "dataset_collection":
            inner = content.get("elements") or []
            yield from _elements(gi, inner, collection, f"{identifier}/")
            continue
        yield Dataset(
            id=str(content["id"]),
            name=identifier,
            datatype=str(content.get("file_ext") or ""),
            state="deleted" if content.get("purged") else str(content["state"]),
            size=int(content.get("file_size") or 0),
            url=gi.link_to_dataset(str(content["id"])),
            collection=collection,
        )
