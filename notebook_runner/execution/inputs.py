"""Named inputs: files that a notebook reads by a name instead of by a path."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import InputError
from notebook_runner.record.files import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class InputElement:
    """One file of an input.

    Attributes
    ----------
    path
        Absolute path of the file.
    identifier
        The name it has within a list.
    extension
        What its content is (``csv``), where the file's own name does not say so.
    """

    path: Path
    identifier: str
    extension: str | None = None


@dataclass(frozen=True)
class NamedInput:
    """A file, or a list of files, under one name."""

    name: str
    elements: tuple[InputElement, ...]
    is_list: bool

    def as_value(self) -> Any:
        """Return what the notebook sees: a path, or a list of path and identifier."""
        if not self.is_list:
            return str(self.elements[0].path)
        return [{"path": str(e.path), "identifier": e.identifier} for e in self.elements]

    def as_record(self) -> dict[str, Any]:
        """Return the entry of the run record, sizes and hashes still to be filled in."""
        return {
            "name": self.name,
            "kind": "list" if self.is_list else "dataset",
            "elements": [
                {"identifier": e.identifier, "path": str(e.path), "size": None, "sha256": None}
                for e in self.elements
            ],
        }


def read_named_inputs(pairs: Iterable[tuple[str, Path]]) -> list[NamedInput]:
    """Gather inputs given as name and path.

    The same name twice, or a folder, makes a list. The identifier of a file
    is its name, or its path below the folder.

    Raises
    ------
    InputError
        A name is no variable name, or a path does not exist, cannot be read
        or is an empty folder.
    """
    grouped: dict[str, list[InputElement]] = {}
    lists: set[str] = set()
    for name, path in pairs:
        check_input_name(name)
        if name in grouped or path.is_dir():
            lists.add(name)
        grouped.setdefault(name, []).extend(_elements(name, path))
    return [
        NamedInput(name, tuple(_tell_apart(elements)), name in lists)
        for name, elements in grouped.items()
    ]


def check_input_name(name: str) -> None:
    """Refuse a name that could not be a variable's."""
    if not name.isidentifier():
        raise InputError(
            f"Input name {name!r} is not valid: use letters, digits and underscores "
            "and do not start with a digit."
        )


def check_readable(name: str, path: Path) -> None:
    """Refuse a path that is not a file which can be read."""
    if not path.exists():
        raise InputError(f"Input {name!r}: there is no file {path}. Check the path.")
    if not path.is_file():
        raise InputError(f"Input {name!r}: {path} is not a regular file.")
    if not os.access(path, os.R_OK):
        raise InputError(f"Input {name!r}: no permission to read {path}.")


def stage(inputs: Iterable[NamedInput], folder: Path) -> list[NamedInput]:
    """Give every file a path that ends in what it is, by links below ``folder``.

    Many readers choose a format by the file's ending, and a Galaxy dataset is
    called ``dataset_1.dat``. Files whose name ends right stay where they are.
    """
    return [
        NamedInput(
            named.name,
            tuple(
                _stage(element, folder / named.name, n) for n, element in enumerate(named.elements)
            ),
            named.is_list,
        )
        for named in inputs
    ]


def fill_in_hashes(records: Iterable[dict[str, Any]]) -> None:
    """Add size (bytes) and SHA-256 to the inputs of a run record, in place."""
    for record in records:
        for element in record["elements"]:
            path = Path(element["path"])
            try:
                element["size"] = path.stat().st_size
                element["sha256"] = hash_file(path)
            except OSError:
                continue


def _elements(name: str, path: Path) -> list[InputElement]:
    if not path.is_dir():
        check_readable(name, path)
        return [InputElement(path.absolute(), path.name)]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not any(p.startswith(".") for p in file.relative_to(path).parts)
    )
    if not files:
        raise InputError(f"Input {name!r}: the folder {path} holds no file.")
    for file in files:
        check_readable(name, file)
    return [InputElement(f.absolute(), f.relative_to(path).as_posix()) for f in files]


def _tell_apart(elements: list[InputElement]) -> list[InputElement]:
    """Add a number to identifiers that occur more than once: ``a.csv``, ``a.csv (2)``."""
    seen: Counter[str] = Counter()
    result = []
    for element in elements:
        seen[element.identifier] += 1
        count = seen[element.identifier]
        identifier = element.identifier if count == 1 else f"{element.identifier} ({count})"
        result.append(InputElement(element.path, identifier, element.extension))
    return result


def _stage(element: InputElement, folder: Path, number: int) -> InputElement:
    extension = element.extension
    if not extension or element.path.name.endswith(f".{extension}"):
        return element
    name = _file_name(element.identifier) or "dataset"
    if not name.endswith(f".{extension}"):
        name = f"{name}.{extension}"
    link = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link = folder / f"{number}-{name}"
    link.symlink_to(element.path)
    return InputElement(link, element.identifier, extension)


def _file_name(identifier: str) -> str:
    """Make one harmless file name of an identifier that may hold anything."""
    kept = "".join(c if c.isalnum() or c in " ._-+()" else "_" for c in identifier)
    return kept.strip(". ")[:120]
