"""Reading and writing below a folder that was opened once, without ever following a link."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A named pipe must not hold up whoever opens it.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """A folder and what is below it, reached by descriptors only.

    Whoever works in the folder may replace any part of a path by a link at any moment; a path
    that is walked one descriptor at a time cannot be led out of the folder by that.

    Parameters
    ----------
    path
        The folder; it must exist, and may itself be reached through links.

    Raises
    ------
    OSError
        It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = os.open(path, _FOLDER)

    @contextmanager
    def opened(self, relative: str, *, make: bool = False) -> Iterator[int]:
        """Open the folder ``relative`` (``""`` is this one); yields its descriptor.

        Parameters
        ----------
        relative
            Path below this folder, with forward slashes and without ``..``.
        make
            Whether missing folders are made.

        Raises
        ------
        OSError
            A part of the path is missing, is no folder, is a link, or is closed to this user.
        """
        current = os.dup(self.descriptor)
        try:
            for name in filter(None, relative.split("/")):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=current)
                below = open_folder(name, current)
                os.close(current)
                current = below
            yield current
        finally:
            os.close(current)

    def open_file(self, relative: str) -> int:
        """Open a regular file for reading; return its descriptor.

        Raises
        ------
        OSError
            It is missing, is no regular file, is a link, or is closed to this user.
        """
        parent, _, name = relative.rpartition("/")
        with self.opened(parent) as folder:
            descriptor = os.open(name, _FILE, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file")
        return descriptor


def open_folder(name: str, parent: int) -> int:
    """Open the folder ``name`` in the folder ``parent`` (a descriptor), unless it is a link."""
    return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
