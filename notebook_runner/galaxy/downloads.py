"""Datasets of a history become files."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from notebook_runner.errors import GalaxyError, OutputError

if TYPE_CHECKING:
    from notebook_runner.galaxy.connection import Connection

_CHUNK = 1 << 20
_ATTEMPTS = 3
_PAUSE_S = 2.0


def download_dataset(gi: Connection, dataset_id: str, target: Path) -> None:
    """Write the content of a dataset, in whatever state, to ``target``.

    Raises
    ------
    GalaxyError
        Galaxy does not hand it out.
    OutputError
        It cannot be written.
    """
    _download(gi, dataset_id, {"raw": "true"}, target)


def download_extra_files(gi: Connection, history_id: str, dataset_id: str, folder: Path) -> None:
    """Write the files that lie beside a dataset (a report's pictures) below ``folder``.

    Raises
    ------
    GalaxyError
        Galaxy does not hand one out.
    OutputError
        One cannot be written.
    """
    url = f"{gi.url}/histories/{history_id}/contents/{dataset_id}/extra_files"
    with gi.explained("list the files of the report"):
        answer = gi.make_get_request(url)
        answer.raise_for_status()
        entries = answer.json()
    for entry in entries:
        if entry.get("class") == "File":
            name = str(entry["path"])
            _download(gi, dataset_id, {"filename": name}, folder / safe_path(name))


def safe_path(name: str) -> Path:
    """Turn an identifier into a relative path that stays below the folder it is put in."""
    parts = [part for part in name.replace("\0", "_").split("/") if part not in ("", ".")]
    return Path(*["_" if part == ".." else part for part in parts or ["_"]])


def _download(gi: Connection, dataset_id: str, asked: dict[str, str], target: Path) -> None:
    url = f"{gi.url}/datasets/{dataset_id}/display"
    for attempt in range(1, _ATTEMPTS + 1):
        with gi.explained(f"download {target.name}"):
            try:
                _stream(gi, url, asked, target)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                # What breaks off in the middle of a file, the connection itself does not repeat.
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return


def _stream(gi: Connection, url: str, asked: dict[str, Any], target: Path) -> None:
    with gi.make_get_request(url, params=asked, stream=True) as answer:
        if not answer.ok:
            raise GalaxyError(
                f"Galaxy at {gi.base_url} does not hand out {target.name} "
                f"(status {answer.status_code}). Look at it there: {url}"
            )
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
        except OSError as error:
            raise OutputError(_cannot_write(target, error)) from None
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in answer.iter_content(_CHUNK):
                    file.write(chunk)
            part.chmod(0o644)
            part.replace(target)
        except requests.RequestException:
            raise
        except OSError as error:
            raise OutputError(_cannot_write(target, error)) from None
        finally:
            part.unlink(missing_ok=True)


def _cannot_write(target: Path, error: OSError) -> str:
    return f"Cannot write {target}: {error.strerror or error}. Choose another folder for --fetch."
