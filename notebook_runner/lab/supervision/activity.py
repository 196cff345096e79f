"""Since when nobody has used the lab."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from notebook_runner.lab.supervision.gpu_use import GpuIdleRule, read_gpu_use
from notebook_runner.lab.supervision.jupyter_api import JupyterSilentError, ServerActivity
from notebook_runner.lab.supervision.pace import pause_after
from notebook_runner.lab.supervision.terminals import busy_terminals

if TYPE_CHECKING:
    from notebook_runner.lab.supervision.folder_watch import FolderWatch
    from notebook_runner.lab.supervision.jupyter_api import JupyterApi
    from notebook_runner.lab.supervision.problems import Problems

_START_LIMIT_S = 120.0
#: Share of the time that it may take to see what goes on; at most so long between two looks.
_LOOKING_SHARE = 0.002
_SELDOM_S = 120.0


class QuietRule:
    """Decides since when it is quiet; times are seconds of a clock that only goes forward.

    Attributes
    ----------
    since
        Since when nothing has happened.
    """

    def __init__(self, start: float) -> None:
        self.since = start
        self._traces: str | None = None

    def hear(self, now: float, activity: ServerActivity | None, *, busy: bool = False) -> None:
        """Take in what was seen at ``now``.

        Parameters
        ----------
        now
            The time of the look.
        activity
            What the server says. One that does not answer (``None``) counts as used: nobody ends
            a session for want of knowledge.
        busy
            Whether something else showed that the session is used.
        """
        if activity is None:
            self.since = now
            return
        moved = activity.traces != self._traces
        self._traces = activity.traces
        if activity.busy_kernels or busy or moved:
            self.since = now


class ActivityWatch(threading.Thread):
    """Looks now and then what goes on in the lab; ``quiet_since`` is the answer so far.

    It is used while a kernel or a terminal is busy, when one of them did something, and when a
    file in the work folder changed: an editor saves as one types. An open page that nobody
    touches is no use.

    Parameters
    ----------
    api
        The lab's server.
    lab
        Its process id.
    problems
        Where it says that the lab does not answer.
    folder
        Sees whether files change.
    every_s
        How often it asks, in seconds.
    """

    def __init__(
        self, api: JupyterApi, lab: int, problems: Problems, folder: FolderWatch, every_s: float
    ) -> None:
        super().__init__(name="activity", daemon=True)
        self._api = api
        self._lab = lab
        self._problems = problems
        self._folder = folder
        self._every_s = every_s
        self._stopped = threading.Event()
        self._start = time.monotonic()
        self._answered = False
        self._quiet = QuietRule(self._start)
        self._gpu = GpuIdleRule()

    @property
    def quiet_since(self) -> float:
        """Since when nobody has used the lab (``time.monotonic``)."""
        return self._quiet.since

    @property
    def gpu_idle_since(self) -> float | None:
        """Since when no GPU has computed; ``None`` when one does or there is none."""
        return self._gpu.since

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def run(self) -> None:
        """Ask until it is stopped."""
        pause = 0.0
        while not self._stopped.wait(pause):
            started = time.thread_time()
            used = self._folder.changed() or busy_terminals(self._lab) > 0
            self._quiet.hear(time.monotonic(), self._ask(), busy=used)
            self._gpu.hear(time.monotonic(), read_gpu_use())
            took = time.thread_time() - started
            pause = pause_after(took, least=self._every_s, share=_LOOKING_SHARE, most=_SELDOM_S)

    def _ask(self) -> ServerActivity | None:
        try:
            activity = self._api.activity()
        except JupyterSilentError as error:
            starting = not self._answered and time.monotonic() - self._start < _START_LIMIT_S
            if not starting and not self._stopped.is_set():
                message = f"JupyterLab does not say whether it is used ({error}): no idle limit."
                self._problems.note("lab_silent", None, message)
            return None
        self._answered = True
        self._problems.solve(None, "lab_silent")
        return activity
