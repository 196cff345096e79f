"""Keep the copies of one kind of file as they should be, look by look."""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from notebook_runner.lab.supervision.copying import Copied, copy_file
from notebook_runner.lab.supervision.ledger import Ledger, Saved
from notebook_runner.lab.supervision.pace import Pace
from notebook_runner.lab.supervision.problems import note_failure
from notebook_runner.lab.supervision.tree import Scan, Signature, scan
from notebook_runner.record.run_record import now

if TYPE_CHECKING:
    from notebook_runner.lab.supervision.folders import Folder
    from notebook_runner.lab.supervision.kinds import Kind
    from notebook_runner.lab.supervision.problems import Problems
    from notebook_runner.lab.supervision.store import Draft, Store

_ATTEMPTS = 3
#: A copy of a larger file is not tried again at once, in bytes.
_LARGE = 16 << 20
_RETRY_S = 2.0
_CHECK_EVERY_S = 60.0


class Saver:
    """Saves the files of one kind.

    Parameters
    ----------
    kind
        Which files, and what is done with them.
    source
        The work folder.
    store
        Where the copies go.
    problems
        Where it says what it could not do.
    """

    def __init__(self, kind: Kind, source: Folder, store: Store, problems: Problems) -> None:
        self._kind = kind
        self._source = source
        self._store = store
        self._problems = problems
        self._ledger = Ledger()
        self._pace = Pace(kind.settle_s)
        self._missing: set[str] = set()
        self._left_out: set[str] = set()
        self._checked = time.monotonic()

    def as_json(self) -> list[dict[str, Any]]:
        """Return what is saved as the record has it; any thread may ask."""
        return self._ledger.as_json()

    def look(self, *, final: bool = False) -> None:
        """Save what has changed since the last look.

        Parameters
        ----------
        final
            Whether nobody writes any more: all that has changed is due.
        """
        kind = self._kind
        found = scan(
            self._source, kind.start, takes_folder=kind.takes_folder, takes_file=kind.takes_file
        )
        self._name_problems(found)
        self._follow_vanished(found)
        if final or time.monotonic() - self._checked >= _CHECK_EVERY_S:
            self._check_copies()
        for path, signature in found.files.items():
            entry = self._ledger.get(path)
            if entry is not None and entry.signature == signature:
                self._pace.is_saved(path)
            elif final or self._pace.is_due(path, signature):
                self._save(path, final=final)

    def _name_problems(self, found: Scan) -> None:
        named = {path: f"Not saved: {reason}." for path, reason in found.left_out.items()}
        for path, reason in found.unreadable.items():
            # Nobody has to make outputs/.
            if path != self._kind.start or reason != os.strerror(errno.ENOENT):
                named[path] = f"Cannot look into this folder: {reason}."
        for path, message in named.items():
            self._problems.note("left_out", path, message)
        for path in self._left_out - named.keys():
            self._problems.solve(path, "left_out")
        self._left_out = set(named)

    def _check_copies(self) -> None:
        """See that nobody has removed copies; what is missing is saved again."""
        self._checked = time.monotonic()
        for path in self._ledger:
            entry = self._ledger.get(path)
            if entry is not None and not self._store.holds(entry.saved_as, entry.size):
                if entry.deleted is None:
                    entry.signature, entry.sha256 = None, ""
                else:
                    self._ledger.remove(path)

    # ---- deleted and renamed ----------------------------------------------------------

    def _follow_vanished(self, found: Scan) -> None:
        known = (path for path in self._ledger if path not in found.files)
        vanished = {path for path in known if self._is_live(path)}
        # A folder that cannot be looked into, or all of outputs/ gone, is no wish to delete.
        if found.unreadable:
            return
        vanished -= self._follow_renames(vanished, found)
        # A file that is replaced by others' programs may be away for a moment.
        for path in vanished & self._missing:
            self._follow_deletion(path)
        self._missing = {path for path in vanished if self._is_live(path)}

    def _is_live(self, path: str) -> bool:
        entry = self._ledger.get(path)
        return entry is not None and entry.deleted is None

    def _follow_renames(self, vanished: set[str], found: Scan) -> set[str]:
        """Rename the copies of files that have only another name now; return their old names."""
        if not vanished:
            return set()
        # The same inode alone proves nothing: a new file may get that of a deleted one.
        appeared = {s: path for path, s in found.files.items() if path not in self._ledger}
        renamed = set()
        for old in vanished:
            entry = self._ledger.get(old)
            if entry is None or entry.signature not in appeared:
                continue
            new = appeared[entry.signature]
            target = self._kind.target(new)
            if self._ledger.owner(target) is None:
                with suppress(OSError):
                    self._store.rename(entry.saved_as, target)
                    self._ledger.remove(old)
                    entry.saved_as = target
                    self._ledger.put(new, entry)
                    self._forget(old)
                    renamed.add(old)
        return renamed

    def _follow_deletion(self, path: str) -> None:
        self._forget(path)
        entry = self._ledger.get(path)
        if entry is None:
            return
        if not self._kind.mirrors:
            self._ledger.mark_deleted(path)
            return
        try:
            self._store.remove(entry.saved_as)
        except OSError as error:
            self._problems.note("not_saved", path, f"Deleted, but its copy stays: {error}.")
            return
        self._ledger.remove(path)

    def _forget(self, path: str) -> None:
        self._pace.forget(path)
        self._problems.solve(path)

    # ---- saving one file --------------------------------------------------------------

    def _save(self, path: str, *, final: bool) -> None:
        started = time.monotonic()
        try:
            source = self._source.open_file(path)
        except FileNotFoundError:
            return
        except OSError as error:
            self._problems.note("unreadable", path, f"Not saved: {error.strerror}.")
            self._pace.took(path, 0, least=_RETRY_S)
            return
        retry = 0.0
        try:
            self._save_opened(path, source, final=final)
        except OSError as error:
            note_failure(self._problems, path, error)
            retry = _RETRY_S
        finally:
            os.close(source)
            self._pace.took(path, time.monotonic() - started, least=retry)

    def _save_opened(self, path: str, source: int, *, final: bool) -> None:
        target = self._kind.target(path)
        owner = self._ledger.owner(target)
        if owner not in (None, path) and self._is_live(str(owner)):
            message = "Not saved: in Galaxy its name would be that of another file. Rename it."
            self._problems.note("left_out", path, message)
            return
        size = os.fstat(source).st_size
        restless = not final and self._pace.is_restless(path)
        for _ in range(_ATTEMPTS if size < _LARGE else 1):
            if not self._kind.vital and size > self._store.room_for_outputs():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            with self._store.draft() as draft:
                copied = copy_file(source, draft.descriptor)
                if copied.settled or self._may_be_unsettled(path, final=final):
                    settled = copied.settled and not restless
                    self._show(path, target, draft, copied._replace(settled=settled))
                    return

    def _may_be_unsettled(self, path: str, *, final: bool) -> bool:
        """Tell whether a copy of a file that changes all the time is better than none."""
        if self._kind.is_whole is not None:
            return False
        entry = self._ledger.get(path)
        return (final or self._pace.has_waited(path)) and (entry is None or not entry.settled)

    def _show(self, path: str, target: str, draft: Draft, copied: Copied) -> None:
        """Put a copy where Galaxy collects it, unless it is half a notebook."""
        is_whole = self._kind.is_whole
        if is_whole is not None and not is_whole(draft.descriptor):
            kept = "its last good copy stays" if path in self._ledger else "there is no copy yet"
            self._problems.note("not_a_notebook", path, f"Not saved: not a whole notebook; {kept}.")
            return
        entry = self._ledger.get(path)
        signature: Signature | None = copied.signature
        if copied.fresh or not copied.settled:
            signature = None
        if entry is not None and entry.sha256 == copied.sha256 and entry.saved_as == target:
            entry.signature, entry.settled, entry.deleted = signature, copied.settled, None
        else:
            self._store.publish(draft, target, durable=self._kind.vital)
            size = os.fstat(draft.descriptor).st_size
            entry = Saved(target, signature, size, copied.sha256, now(), copied.settled)
            owner = self._ledger.owner(target)
            if owner is not None:
                self._ledger.remove(owner)
            self._ledger.put(path, entry)
        self._pace.is_saved(path)
        self._problems.solve(path)
