"""Files and lists of files become datasets and collections of a history."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import GalaxyUploadError
from notebook_runner.galaxy.datasets import Collection, Dataset, read_dataset
from notebook_runner.galaxy.upload_request import FileUpload, ListUpload, UploadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.galaxy.progress import Progress
    from notebook_runner.galaxy.waiting import Patience

__all__ = ["FileUpload", "ListUpload", "Uploaded", "upload"]

_JOB_RUNS = frozenset({"new", "upload", "waiting", "queued", "running", "resubmitted"})
_NOT_STARTED = (
    "Nothing was started with the files; those that arrived stay in Galaxy. "
    "Wait longer with --wait-limit."
)


@dataclass(frozen=True)
class Uploaded:
    """What became of the uploads.

    Attributes
    ----------
    datasets, collections
        In the order of the uploads.
    failed
        Files of lists that did not arrive, and so are in no collection.
    """

    datasets: tuple[Dataset, ...]
    collections: tuple[Collection, ...]
    failed: tuple[Dataset, ...] = ()

    def everything(self) -> tuple[Dataset, ...]:
        """Return all datasets: single ones, those of collections, failed ones."""
        elements = [element for collection in self.collections for element in collection.elements]
        return (*self.datasets, *elements, *self.failed)

    def failure(self) -> str | None:
        """Name the first file that did not arrive, and why; ``None`` when all did."""
        bad = [dataset for dataset in self.everything() if not dataset.is_ok]
        if not bad:
            return None
        more = f" ({len(bad) - 1} more failed.)" if len(bad) > 1 else ""
        said = bad[0].message.rstrip(".") or "no message"
        return f"{bad[0].name}: state {bad[0].state}, {said}.{more}"


def upload(
    gi: Connection,
    history_id: str,
    items: Sequence[FileUpload | ListUpload],
    *,
    patience: Patience,
    progress: Progress,
) -> Uploaded:
    """Upload everything by one job of Galaxy's, and wait until each dataset has a final state.

    Files arrive as they are: not decompressed, line ends kept.

    Raises
    ------
    GalaxyUploadError
        A file cannot be sent, or Galaxy does not take the request. What
        fails afterwards is in the answer: ``Uploaded.failure``.
    InputError
        A file cannot be read.
    GalaxyTimeoutError
        It takes too long.
    """
    singles = [item for item in items if isinstance(item, FileUpload)]
    lists = [item for item in items if isinstance(item, ListUpload)]
    files = [*singles, *(file for one in lists for file in one.elements)]
    if not files:
        return Uploaded((), ())
    with tempfile.TemporaryDirectory(prefix="galaxy-upload-") as folder:
        request = UploadRequest(gi, history_id, Path(folder), progress, _known_datatypes(gi))
        job_id, dataset_ids = request.send(files)
    _wait_for_job(gi, job_id, patience, progress)
    arrived = _wait_for_datasets(gi, dataset_ids, patience)
    failed: list[Dataset] = []
    collections = []
    position = len(singles)
    for one in lists:
        elements = arrived[position : position + len(one.elements)]
        position += len(one.elements)
        failed += [element for element in elements if not element.is_ok]
        good = [element for element in elements if element.is_ok]
        if good:
            collections.append(_collect(gi, history_id, one, good))
    return Uploaded(tuple(arrived[: len(singles)]), tuple(collections), tuple(failed))


def _known_datatypes(gi: Connection) -> frozenset[str]:
    # bioblend cannot ask for those that Galaxy's upload form hides, html among them.
    asked = {"extension_only": "true", "upload_only": "false"}
    with gi.explained("list the datatypes"):
        answer = gi.make_get_request(f"{gi.url}/datatypes", params=asked)
        answer.raise_for_status()
        return frozenset(answer.json())


def _wait_for_job(gi: Connection, job_id: str, patience: Patience, progress: Progress) -> None:
    def ended() -> bool | None:
        with gi.explained("follow the upload"):
            state = str(gi.jobs.show_job(job_id)["state"])
        progress.status(f"upload {state}")
        return None if state in _JOB_RUNS else True

    patience.wait(ended, "the upload", _NOT_STARTED)


def _wait_for_datasets(gi: Connection, dataset_ids: list[str], patience: Patience) -> list[Dataset]:
    seen: dict[str, Dataset] = {}

    def ended() -> bool | None:
        for dataset_id in dataset_ids:
            if dataset_id not in seen or not seen[dataset_id].is_final:
                seen[dataset_id] = read_dataset(gi, dataset_id)
        return True if all(dataset.is_final for dataset in seen.values()) else None

    patience.wait(ended, "the upload", _NOT_STARTED)
    return [seen[dataset_id] for dataset_id in dataset_ids]


def _collect(
    gi: Connection, history_id: str, one: ListUpload, elements: list[Dataset]
) -> Collection:
    """Make a collection of datasets, which then no longer stand in the history by themselves."""
    payload: dict[str, Any] = {
        "type": "dataset_collection",
        "instance_type": "history",
        "history_id": history_id,
        "collection_type": "list",
        "name": one.name,
        "element_identifiers": [
            {"src": "hda", "id": element.id, "name": element.name} for element in elements
        ],
        "copy_elements": False,
        "hide_source_items": True,
    }
    with gi.explained(f"make the list {one.name}", GalaxyUploadError):
        made = gi.make_post_request(f"{gi.url}/dataset_collections", payload=payload)
        if one.tags:
            gi.histories.update_dataset_collection(history_id, made["id"], tags=list(one.tags))
    members = tuple(replace(element, collection=one.name) for element in elements)
    return Collection(str(made["id"]), one.name, "ok", members)
