"""Copy one file while somebody may be writing to it, and tell whether somebody was."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from typing import NamedTuple

from notebook_runner.lab.supervision.tree import Signature

_CHUNK = 1 << 20
#: A second write within one tick of the system's clock leaves a file's time as it was.
_CLOCK_TICK_NS = 50_000_000
_NO_KERNEL_COPY = {errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM}


class Copied(NamedTuple):
    """What was copied.

    ``settled`` is false when the file changed meanwhile. ``fresh`` is true when it had changed so
    shortly before that a later change may not show in its signature.
    """

    signature: Signature
    sha256: str
    settled: bool
    fresh: bool


def copy_file(source: int, target: int) -> Copied:
    """Copy all of one open file into another, empty one.

    Raises
    ------
    OSError
        Reading or writing failed: no space, for instance.
    """
    started = time.time_ns()
    before = Signature.of(os.fstat(source))
    if not _copy_in_kernel(source, target, before.size):
        _copy_in_chunks(source, target, before.size)
    # What is in the copy counts, so that is what is read.
    size, sha256 = _digest(target)
    after = Signature.of(os.fstat(source))
    settled = before == after and size == before.size
    return Copied(before, sha256, settled, 0 <= started - before.mtime_ns < _CLOCK_TICK_NS)


def _copy_in_kernel(source: int, target: int, size: int) -> bool:
    """Copy without reading; a file system that can share blocks between files does so."""
    done = 0
    try:
        while done < size and (copied := os.copy_file_range(source, target, size - done, done)):
            done += copied
    except OSError as error:
        if error.errno not in _NO_KERNEL_COPY:
            raise
        return False
    return done == size


def _copy_in_chunks(source: int, target: int, size: int) -> None:
    done = 0
    while chunk := os.pread(source, min(_CHUNK, size - done), done):
        done += os.pwrite(target, chunk, done)


def _digest(file: int) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while chunk := os.pread(file, _CHUNK, size):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()
