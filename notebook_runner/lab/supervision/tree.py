"""Which files there are below a folder, and by what one sees that they changed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from notebook_runner.lab.supervision.folders import open_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_runner.lab.supervision.folders import Folder

_DEEPEST = 100


class Signature(NamedTuple):
    """What differs when a file was written to or replaced. Size in bytes, time in nanoseconds."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Signature:
        """Take it from what the system says of a file."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass
class Scan:
    """What one look at a tree found.

    Attributes
    ----------
    files
        Regular files by their path relative to the opened folder.
    left_out
        Why an entry of a wanted name is not among them: links, special files.
    unreadable
        Why a folder could not be looked into. With any, a missing file proves nothing.
    """

    files: dict[str, Signature] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def scan(
    root: Folder,
    start: str,
    *,
    takes_folder: Callable[[str], bool],
    takes_file: Callable[[str], bool],
) -> Scan:
    """Find files below ``root``, without following a link.

    Parameters
    ----------
    root
        The opened folder that all paths are relative to.
    start
        The folder below it to begin at; ``""`` is ``root`` itself.
    takes_folder, takes_file
        Tell from its path whether a folder is looked into, and whether a file is wanted.
    """
    walk = _Walk(takes_folder, takes_file)
    try:
        with root.opened(start) as folder:
            walk.enter(folder, f"{start}/" if start else "", 0)
    except OSError as error:
        walk.found.unreadable[start] = error.strerror or str(error)
    return walk.found


class _Walk:
    def __init__(
        self, takes_folder: Callable[[str], bool], takes_file: Callable[[str], bool]
    ) -> None:
        self.found = Scan()
        self._takes_folder = takes_folder
        self._takes_file = takes_file

    def enter(self, folder: int, prefix: str, depth: int) -> None:
        below = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if self._takes_folder(prefix + entry.name):
                        below.append(entry.name)
                elif self._takes_file(prefix + entry.name):
                    self._add(entry, prefix + entry.name)
        for name in below:
            self._descend(folder, name, prefix, depth + 1)

    def _descend(self, parent: int, name: str, prefix: str, depth: int) -> None:
        if depth > _DEEPEST:
            self.found.unreadable[prefix + name] = "more than 100 folders deep"
            return
        try:
            folder = open_folder(name, parent)
        except FileNotFoundError:
            return
        except OSError as error:
            self.found.unreadable[prefix + name] = error.strerror or str(error)
            return
        try:
            self.enter(folder, f"{prefix}{name}/", depth)
        except OSError as error:
            self.found.unreadable[prefix + name] = error.strerror or str(error)
        finally:
            os.close(folder)

    def _add(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISREG(status.st_mode):
            self.found.files[path] = Signature.of(status)
        elif stat.S_ISLNK(status.st_mode):
            self.found.left_out[path] = "a symbolic link: it is not followed"
        else:
            self.found.left_out[path] = "not a regular file"
