"""The folder that Galaxy collects from: a file in it is whole, or it is not there."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING

from notebook_runner.lab.supervision.folders import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Where copies are made before they are shown. No collection looks here, and a rename from here
#: into a collected folder stays on one file system.
DRAFTS = ".drafts"
_BALLAST = "ballast"
_LEAST_BALLAST = 64 << 10
#: Share of the file system, and most bytes of it, that outputs leave to notebooks and the record.
_RESERVED_SHARE = 20
_RESERVED_MOST = 32 << 20


class Draft:
    """A file that nobody sees yet.

    Attributes
    ----------
    descriptor
        Open for reading and writing; the file is empty at first.
    """

    def __init__(self, folder: int, name: str) -> None:
        self.folder = folder
        self.name = name
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self.descriptor = os.open(name, flags, 0o666, dir_fd=folder)


class Store:
    """Puts files into a folder, each in one step.

    Parameters
    ----------
    path
        The folder; it is made when it is not there. Drafts of an earlier session are removed.

    Raises
    ------
    OSError
        The folder cannot be made, opened or written.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._folder = Folder(path)
        self._ballast = 0
        self._numbers = count()
        self.clear_drafts()

    def clear_drafts(self) -> None:
        """Remove all drafts, and the ballast.

        Raises
        ------
        OSError
            Their folder cannot be made or opened.
        """
        self._ballast = 0
        with self._folder.opened(DRAFTS, make=True) as drafts:
            for name in os.listdir(drafts):  # noqa: PTH208 - pathlib knows no descriptors
                with suppress(OSError):
                    os.unlink(name, dir_fd=drafts)

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """Yield a new draft; what was not published is removed.

        Raises
        ------
        OSError
            It cannot be made: no space, or a folder that is read-only.
        """
        with self._folder.opened(DRAFTS, make=True) as drafts:
            draft = Draft(drafts, f"draft-{next(self._numbers)}")
            try:
                yield draft
            finally:
                os.close(draft.descriptor)
                with suppress(OSError):
                    os.unlink(draft.name, dir_fd=drafts)

    def publish(self, draft: Draft, path: str, *, durable: bool) -> None:
        """Put a draft in the place of ``path``, in one step.

        Parameters
        ----------
        draft
            What is to be there.
        path
            Where, below the store; missing folders are made.
        durable
            Whether it has to survive a power cut too, which takes time.

        Raises
        ------
        OSError
            It cannot be put there. What was there before still is.
        """
        if durable:
            os.fsync(draft.descriptor)
        parent, _, name = path.rpartition("/")
        with self._folder.opened(parent, make=True) as folder:
            os.replace(draft.name, name, src_dir_fd=draft.folder, dst_dir_fd=folder)

    def rename(self, old: str, new: str) -> None:
        """Move a file of the store in one step.

        Raises
        ------
        OSError
            It is not there, or cannot be moved.
        """
        old_parent, _, old_name = old.rpartition("/")
        new_parent, _, new_name = new.rpartition("/")
        with (
            self._folder.opened(old_parent) as source,
            self._folder.opened(new_parent, make=True) as target,
        ):
            os.replace(old_name, new_name, src_dir_fd=source, dst_dir_fd=target)
        self._remove_empty(old_parent)

    def remove(self, path: str) -> None:
        """Remove a file of the store, and the folders that are empty without it.

        Raises
        ------
        OSError
            It cannot be removed. One that is not there is no error.
        """
        parent, _, name = path.rpartition("/")
        with suppress(FileNotFoundError), self._folder.opened(parent) as folder:
            os.unlink(name, dir_fd=folder)
        self._remove_empty(parent)

    def _remove_empty(self, path: str) -> None:
        # The folders of the collections themselves stay.
        while "/" in path:
            path, _, name = path.rpartition("/")
            try:
                with self._folder.opened(path) as folder:
                    os.rmdir(name, dir_fd=folder)
            except OSError:
                return

    def write(self, path: str, content: bytes, *, durable: bool) -> None:
        """Put a file with this content in the place of ``path``, in one step.

        Raises
        ------
        OSError
            It cannot be written. What was there before still is.
        """
        with self.draft() as draft:
            done = 0
            while done < len(content):
                done += os.write(draft.descriptor, content[done:])
            self.publish(draft, path, durable=durable)

    def holds(self, path: str, size: int) -> bool:
        """Tell whether a file of ``size`` bytes is still where it was put."""
        parent, _, name = path.rpartition("/")
        try:
            with self._folder.opened(parent) as folder:
                return os.stat(name, dir_fd=folder, follow_symlinks=False).st_size == size
        except OSError:
            return False

    # ---- room -------------------------------------------------------------------------

    def room_for_outputs(self) -> int:
        """Return how many bytes may be written without taking the last room of the notebooks."""
        there = os.fstatvfs(self._folder.descriptor)
        total = there.f_blocks * there.f_frsize
        return there.f_bavail * there.f_frsize - min(total // _RESERVED_SHARE, _RESERVED_MOST)

    def hold_ballast(self, size: int) -> None:
        """Keep a file of at least ``size`` bytes that can be given up when the disk is full."""
        wanted = max(size, _LEAST_BALLAST)
        if self._ballast < wanted:
            with suppress(OSError):
                self.write(f"{DRAFTS}/{_BALLAST}", bytes(2 * wanted), durable=False)
                self._ballast = 2 * wanted

    def drop_ballast(self) -> None:
        """Give that file up, so that a record of what went wrong can be written."""
        self._ballast = 0
        with suppress(OSError):
            self.remove(f"{DRAFTS}/{_BALLAST}")
