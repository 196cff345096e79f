"""One session: the lab lives, its files are saved, and at its end it is said how it ended."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from notebook_runner.errors import InterruptedRunError, OutputError, TerminatedRunError
from notebook_runner.lab.supervision import kinds, session_record
from notebook_runner.lab.supervision.activity import ActivityWatch
from notebook_runner.lab.supervision.folder_watch import FolderWatch
from notebook_runner.lab.supervision.folders import Folder
from notebook_runner.lab.supervision.jupyter_api import JupyterApi
from notebook_runner.lab.supervision.lab_process import Ended, LabProcess, code_of_start_failure
from notebook_runner.lab.supervision.limits import IDLE_LIMIT, TIME_LIMIT
from notebook_runner.lab.supervision.notices import NoticeBoard
from notebook_runner.lab.supervision.pace import pause_after
from notebook_runner.lab.supervision.problems import NOT_SAVED, Problems, tell
from notebook_runner.lab.supervision.saver import Saver
from notebook_runner.lab.supervision.saving import SavingThread, look_safely
from notebook_runner.lab.supervision.signal_pipe import SignalPipe
from notebook_runner.lab.supervision.store import Store

if TYPE_CHECKING:
    from notebook_runner.lab.supervision.settings import Settings

_HEARTBEAT_EVERY_S = 5.0
#: Share of the time that writing the record may take.
_RECORD_SHARE = 0.005
_ASK_EVERY_S = 30.0
_MESSAGES = {
    "lab_ended": "JupyterLab was shut down from inside.",
    IDLE_LIMIT: "Nobody used the session for as long as its idle limit: it saved and ended.",
    TIME_LIMIT: "The session reached its time limit: it saved and ended.",
}


class Session:
    """A supervised lab.

    Parameters
    ----------
    settings
        Checked ones.

    Raises
    ------
    OutputError
        Nothing can be saved where it should.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._problems = Problems()
        try:
            self._store = Store(settings.save)
            self._work = work = Folder(settings.work)
        except OSError as error:
            raise OutputError(f"Cannot save to {settings.save}: {error.strerror}.") from error
        left_out = settings.left_out
        self._notebooks = Saver(kinds.notebooks(left_out), work, self._store, self._problems)
        outputs = Saver(kinds.outputs(), work, self._store, self._problems)
        self._outputs = SavingThread(outputs, self._problems)
        limits = settings.limits
        self._record = session_record.new_session_record(
            os.environ, idle_limit_s=limits.idle_s, time_limit_s=limits.time_s
        )
        facts = {"start": self._record["start"], "limits": self._record["limits"]}
        self._board = NoticeBoard(settings.notice, facts)
        self._start = time.monotonic()
        self._next_heartbeat = 0.0

    def run(self) -> int:
        """Run the lab to its end; return the code to exit with."""
        with SignalPipe() as signals:
            # Before anything is saved: whatever happens, there is a record.
            self._write_record(durable=False)
            try:
                lab = LabProcess(self._settings.command)
            except OSError as error:
                message = f"JupyterLab cannot be started: {error.strerror}."
                code = code_of_start_failure(error)
                self._close("lab_not_started", message, Ended(None, None))
                return code
            self._outputs.start()
            activity = self._watch_activity(lab)
            cause, sign = self._supervise(lab, signals, activity)
            ended = lab.ended()
            if ended is None:
                tell(_MESSAGES.get(cause, "The session is told to end."))
                look_safely(self._notebooks, self._problems, final=True)
                ended = lab.end(self._settings.grace_s, signals.wait)
            if activity is not None:
                activity.stop()
            self._save_the_rest(signals)
        self._close(cause, _message(cause, sign, ended), ended)
        return self._exit_code(cause, sign, ended)

    def _watch_activity(self, lab: LabProcess) -> ActivityWatch | None:
        settings = self._settings
        if settings.lab_url is None:
            return None
        every_s = min(_ASK_EVERY_S, (settings.limits.idle_s or _ASK_EVERY_S) / 4)
        api = JupyterApi(settings.lab_url, settings.token)
        folder = FolderWatch(self._work, settings.left_out)
        activity = ActivityWatch(api, lab.pid, self._problems, folder, every_s)
        activity.start()
        return activity

    # ---- while it lives ---------------------------------------------------------------

    def _supervise(
        self, lab: LabProcess, signals: SignalPipe, activity: ActivityWatch | None
    ) -> tuple[str, signal.Signals | None]:
        """Save until the session has to end or has ended; return why, and by which signal."""
        while True:
            pause = look_safely(self._notebooks, self._problems)
            now, limits = time.monotonic(), self._settings.limits
            age_s = now - self._start
            quiet_s = now - activity.quiet_since if activity else 0.0
            gpu_since = activity.gpu_idle_since if activity else None
            gpu_idle_s = None if gpu_since is None else now - gpu_since
            told = limits.notices(age_s=age_s, quiet_s=quiet_s, gpu_idle_s=gpu_idle_s)
            self._board.show(told, self._problems.lasting())
            if now >= self._next_heartbeat:
                self._beat()
            if cause := limits.reached(age_s=age_s, quiet_s=quiet_s):
                return cause, None
            sign = signals.wait(pause)
            if sign is not None:
                return "signal", sign
            if (ended := lab.ended()) is not None:
                return ("lab_ended" if ended.exit_code == 0 else "lab_crashed"), None

    def _beat(self) -> None:
        started = time.monotonic()
        session_record.beat(self._record)
        self._write_record(durable=False)
        took = time.monotonic() - started
        pause = pause_after(took, least=_HEARTBEAT_EVERY_S, share=_RECORD_SHARE, most=60)
        self._next_heartbeat = time.monotonic() + pause

    def _write_record(self, *, durable: bool) -> None:
        self._record["notebooks"] = self._notebooks.as_json()
        self._record["outputs"] = self._outputs.saver.as_json()
        self._record["problems"] = self._problems.as_json()
        content = session_record.as_bytes(self._record)
        try:
            self._store.write(session_record.RECORD, content, durable=durable)
        except OSError:
            self._store.drop_ballast()
            try:
                self._store.write(session_record.RECORD, content, durable=durable)
            except OSError as error:
                message = f"The session record cannot be written: {error.strerror}."
                self._problems.note("record", None, message)
                return
        self._problems.solve(None, "record")
        self._store.hold_ballast(len(content))

    # ---- at its end -------------------------------------------------------------------

    def _save_the_rest(self, signals: SignalPipe) -> None:
        """Save what changed last; whoever finds that it takes too long can only kill."""
        self._outputs.finish()
        look_safely(self._notebooks, self._problems, final=True)
        while self._outputs.is_alive():
            signals.wait(0.05)
            if time.monotonic() >= self._next_heartbeat:
                self._beat()

    def _close(self, cause: str, message: str, ended: Ended) -> None:
        session_record.end(
            self._record,
            cause=cause,
            message=message,
            exit_code=ended.exit_code,
            signal=ended.signal,
        )
        self._write_record(durable=True)
        with suppress(OSError):
            self._store.clear_drafts()
        tell(message)

    def _exit_code(self, cause: str, sign: signal.Signals | None, ended: Ended) -> int:
        if sign is not None:
            interrupted = sign == signal.SIGINT
            return (InterruptedRunError if interrupted else TerminatedRunError).exit_code
        if cause == "lab_crashed":
            return ended.as_exit_code()
        if any(problem.code in NOT_SAVED for problem in self._problems.lasting()):
            return OutputError.exit_code
        return 0


def _message(cause: str, sign: signal.Signals | None, ended: Ended) -> str:
    if sign is not None:
        return f"The session was told to end by {sign.name}: it saved and ended."
    if cause == "lab_crashed":
        how = ended.signal or f"exit code {ended.exit_code}"
        return f"JupyterLab ended by itself with {how}; what was there is saved."
    return _MESSAGES[cause]
