"""Files and lists of files become datasets and collections of a history."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import GalaxyUploadError
from notebook_runner.galaxy.datasets import Collection, Dataset, read_collection, read_dataset
from notebook_runner.galaxy.upload_request import FileUpload, ListUpload, UploadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.galaxy.progress import Progress
    from notebook_runner.galaxy.waiting import Patience

__all__ = ["FileUpload", "ListUpload", "Uploaded", "upload"]

_JOB_RUNS = frozenset({"new", "upload", "waiting", "queued", "running", "resubmitted"})


@dataclass(frozen=True)
class Uploaded:
    """What became of the uploads, in their order."""

    datasets: tuple[Dataset, ...]
    collections: tuple[Collection, ...]

    @property
    def is_final(self) -> bool:
        """Whether no state changes any more."""
        return all(dataset.is_final for dataset in self.datasets) and all(
            collection.is_final for collection in self.collections
        )

    def failure(self) -> str | None:
        """Name the first file that did not arrive, and why; ``None`` when all did."""
        elements = [element for collection in self.collections for element in collection.elements]
        failed = [dataset for dataset in (*self.datasets, *elements) if not dataset.is_ok]
        if failed:
            first = failed[0]
            more = f" ({len(failed) - 1} more failed.)" if len(failed) > 1 else ""
            return f"{first.name}: state {first.state}, {first.message or 'no message'}.{more}"
        for collection in self.collections:
            if collection.state != "ok":
                return f"the list {collection.name}: {collection.message or 'was not made'}."
        return None


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
    GalaxyTimeoutError
        It takes too long.
    """
    files = [item for item in items if isinstance(item, FileUpload)]
    lists = [item for item in items if isinstance(item, ListUpload)]
    if not items:
        return Uploaded((), ())
    with tempfile.TemporaryDirectory(prefix="galaxy-upload-") as folder:
        request = UploadRequest(gi, history_id, Path(folder), progress, _known_datatypes(gi))
        answer = request.send(files, lists)
    dataset_ids = [
        output["id"]
        for output in answer["outputs"]
        if output.get("history_content_type") != "dataset_collection"
    ]
    collection_ids = [output["id"] for output in answer["output_collections"]]
    if (len(dataset_ids), len(collection_ids)) != (len(files), len(lists)):
        raise GalaxyUploadError(
            f"Galaxy at {gi.base_url} made {len(dataset_ids)} datasets and {len(collection_ids)} "
            f"lists of {len(files)} files and {len(lists)} lists. Look at the history: "
            f"{gi.link_to_history(history_id)}"
        )
    _wait_for_job(gi, answer["jobs"][0]["id"], patience, progress)

    def read() -> Uploaded | None:
        uploaded = Uploaded(
            tuple(read_dataset(gi, dataset_id) for dataset_id in dataset_ids),
            tuple(read_collection(gi, collection_id) for collection_id in collection_ids),
        )
        return uploaded if uploaded.is_final else None

    return _with_messages(gi, patience.wait(read, "the upload"))


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

    patience.wait(ended, "the upload")


def _with_messages(gi: Connection, uploaded: Uploaded) -> Uploaded:
    """Fill in what Galaxy says about failed elements; a list does not carry it."""
    collections = tuple(
        replace(one, elements=tuple(_with_message(gi, element) for element in one.elements))
        for one in uploaded.collections
    )
    return replace(uploaded, collections=collections)


def _with_message(gi: Connection, element: Dataset) -> Dataset:
    if element.is_ok:
        return element
    return replace(element, message=read_dataset(gi, element.id).message)
