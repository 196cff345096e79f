"""What the folder of a run holds, read from its record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from notebook_runner.galaxy.identifiers import make_identifiers
from notebook_runner.galaxy.metrics_table import metrics_table
from notebook_runner.record.layout import NOTEBOOK, OUTPUTS, RECORD
from notebook_runner.record.outputs import is_model


@dataclass(frozen=True)
class Element:
    """One output as an element of a collection.

    Attributes
    ----------
    identifier
        Unique within the collection.
    path
        Relative to the folder of the run.
    """

    identifier: str
    path: str


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run and its record, which may be missing or in parts.

    Attributes
    ----------
    path
        The folder.
    record
        The content of ``run.json``; empty when it cannot be read.
    """

    path: Path
    record: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> RunFolder:
        """Read the record in ``path``; a missing or broken one is an empty one."""
        try:
            record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            record = {}
        return cls(path, record if isinstance(record, dict) else {})

    @property
    def notebook_name(self) -> str:
        """What the notebook was called."""
        return str(self._mapping("notebook").get("name") or NOTEBOOK)

    def files(self) -> list[Element]:
        """List the outputs that are no models; the identifier is the path below ``outputs/``."""
        paths = [path for path in self._outputs() if not is_model(path)]
        return _elements(paths, paths)

    def models(self) -> list[Element]:
        """List the models; the identifier is the file's name."""
        paths = [path for path in self._outputs() if is_model(path)]
        return _elements([PurePosixPath(path).name for path in paths], paths)

    def metrics_table(self) -> str:
        """Return parameters and metrics as a table of one row; see ``metrics_table``."""
        return metrics_table(self._mapping("parameters"), self._mapping("metrics"))

    def _outputs(self) -> list[str]:
        """Only what the record lists is an output: links and the like are left out of it."""
        listed = self.record.get("outputs")
        entries = listed if isinstance(listed, list) else []
        paths = [entry["path"] for entry in entries if isinstance(entry, dict) and "path" in entry]
        return [path for path in paths if (self.path / OUTPUTS / path).is_file()]

    def _mapping(self, name: str) -> dict[str, Any]:
        value = self.record.get(name)
        return value if isinstance(value, dict) else {}


def _elements(names: list[str], paths: list[str]) -> list[Element]:
    return [
        Element(identifier, f"{OUTPUTS}/{path}")
        for identifier, path in zip(make_identifiers(names), paths, strict=True)
    ]
