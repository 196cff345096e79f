"""The request that sends files and lists of files to Galaxy's fetch API."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bioblend.galaxyclient import UPLOAD_CHUNK_SIZE
from tusclient.client import TusClient

from notebook_runner.errors import GalaxyUploadError, InputError
from notebook_runner.galaxy.datatypes import UNKNOWN
from notebook_runner.galaxy.web_content import break_tags, copy_json_escaped, is_suspect

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.galaxy.progress import Progress

_JSON = ("ipynb", "json")
_RETRIES = 5
_RETRY_PAUSE_S = 2


@dataclass(frozen=True)
class FileUpload:
    """A file that becomes a dataset.

    Attributes
    ----------
    name
        Name of the dataset, or identifier of the element.
    datatype
        Galaxy's extension; a server that does not know it gets ``data``.
    beside
        For a report: the folder that its pictures lie in.
    """

    path: Path
    name: str
    datatype: str
    tags: tuple[str, ...] = ()
    beside: Path | None = None


@dataclass(frozen=True)
class ListUpload:
    """Files that become a collection of type ``list``; their names are its identifiers."""

    name: str
    elements: tuple[FileUpload, ...]
    tags: tuple[str, ...] = ()


@dataclass
class UploadRequest:
    """One request, and the files that are sent ahead of it.

    Attributes
    ----------
    folder
        For what has to be made before it can be sent.
    datatypes
        Those that the server knows.
    """

    gi: Connection
    history_id: str
    folder: Path
    progress: Progress
    datatypes: frozenset[str]
    sent: list[dict[str, str]] = field(default_factory=list)

    def send(self, files: list[FileUpload]) -> tuple[str, list[str]]:
        """Send the files and then the request.

        Returns
        -------
        tuple
            The id of the job that takes the files in, and those of the datasets.

        Raises
        ------
        GalaxyUploadError
            A file cannot be sent, or Galaxy does not take the request.
        InputError
            A file cannot be read.
        """
        # All as single datasets. Galaxy could make the lists, too; but then one bad file loses
        # all others of its list, or (allow_failed_collections) the job never ends: seen in 26.1.
        elements = [self._element(file) for file in files]
        payload: dict[str, Any] = {
            "history_id": self.history_id,
            "targets": [{"destination": {"type": "hdas"}, "elements": elements}],
            "auto_decompress": False,
        }
        for number, file in enumerate(self.sent):
            payload[f"files_{number}|file_data"] = file
        self.progress.status("Galaxy takes in the files")
        with self.gi.explained("upload the files", GalaxyUploadError):
            answer = self.gi.make_post_request(f"{self.gi.url}/tools/fetch", payload=payload)
        dataset_ids = [str(output["id"]) for output in answer["outputs"]]
        if len(dataset_ids) != len(files):
            raise GalaxyUploadError(
                f"Galaxy at {self.gi.base_url} made {len(dataset_ids)} datasets of {len(files)} "
                f"files. Look at the history: {self.gi.link_to_history(self.history_id)}"
            )
        return str(answer["jobs"][0]["id"]), dataset_ids

    def _element(self, file: FileUpload) -> dict[str, Any]:
        element: dict[str, Any] = {
            "src": "files",
            "name": file.name,
            "ext": file.datatype if file.datatype in self.datatypes else UNKNOWN,
            "to_posix_lines": False,
            "space_to_tab": False,
        }
        if file.tags:
            element["tags"] = list(file.tags)
        try:
            if file.beside is not None:
                # Galaxy looks for files beside a dataset only where that itself is no file.
                page = file.path.read_text(encoding="utf-8", errors="replace")
                element |= {"src": "pasted", "paste_content": break_tags(page)}
                pictures = self._archive(file.beside)
                if pictures is not None:
                    self._send(pictures, pictures.name)
                    element["extra_files"] = {
                        "src": "files",
                        "items_from": "archive",
                        "fuzzy_root": False,
                    }
            else:
                self._send(self._acceptable(file), file.name)
        except OSError as error:
            raise InputError(f"Cannot read {file.path}: {error.strerror or error}.") from None
        return element

    def _send(self, path: Path, name: str) -> None:
        """Send the content ahead, in pieces that are sent again when one does not arrive."""
        self.progress.status(f"uploading {name} ({path.stat().st_size:,} bytes)")
        # bioblend's own uploader leaves each file open.
        client = TusClient(
            f"{self.gi.url}/upload/resumable_upload", headers={"x-api-key": str(self.gi.key)}
        )
        with path.open("rb") as stream, self.gi.explained(f"upload {name}", GalaxyUploadError):
            uploader = client.uploader(
                file_stream=stream,
                chunk_size=UPLOAD_CHUNK_SIZE,
                retries=_RETRIES,
                retry_delay=_RETRY_PAUSE_S,
            )
            uploader.upload()
        session_id = str(uploader.url).rsplit("/", 1)[-1]
        self.sent.append({"session_id": session_id, "name": name})

    def _acceptable(self, file: FileUpload) -> Path:
        if file.datatype not in _JSON or not is_suspect(file.path):
            return file.path
        copy = self.folder / f"{len(self.sent)}.json"
        copy_json_escaped(file.path, copy)
        return copy

    def _archive(self, folder: Path) -> Path | None:
        """Pack the files of a folder, under its name; links are left out."""
        if folder.is_symlink():
            return None
        names = [path for path in sorted(folder.rglob("*")) if _is_own_file(path)]
        if not names:
            return None
        archive = self.folder / f"{folder.name}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            # An archive of a single member would be unpacked into a folder named at random.
            packed.mkdir(folder.name)
            for path in names:
                packed.write(path, f"{folder.name}/{path.relative_to(folder)}")
        return archive


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
