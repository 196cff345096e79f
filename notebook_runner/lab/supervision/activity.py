"""Since when nobody has used the lab."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from notebook_runner.lab.supervision.gpu_use import GpuIdleRule, read_gpu_use
from notebook_runner.lab.supervision.jupyter_api import JupyterSilentError, ServerActivity
from notebook_runner.lab.supervision.terminals import busy_terminals

if TYPE_CHECKING:
    from notebook_runner.lab.supervision.jupyter_api import JupyterApi
    from notebook_runner.lab.supervision.problems import Problems

_START_LIMIT_S = 120.0


class QuietRule:
    """Decides since when it is quiet; times are seconds of a clock that only goes forward.

    Attributes
    ----------
    since
        Since when nothing has happened.
    """

    def __init__(self, start: float) -> None:
        self.since = start
        self._last_activity: str | None = None

    def hear(self, now: float, activity: ServerActivity | None, *, terminals: int) -> None:
        """Take in what was seen at ``now``.

        A busy kernel or terminal is activity, whether or not a browser is open. So is a server
        that does not answer (``None``): nobody ends a session for want of knowledge.
        """
        if activity is None:
            self.since = now
            return
        moved = activity.last_activity != self._last_activity
        self._last_activity = activity.last_activity
        if activity.busy_kernels or terminals or moved:
            self.since = now


class ActivityWatch(threading.Thread):
    """Asks the lab now and then what goes on in it; ``quiet_since`` is the answer so far.

    Parameters
    ----------
    api
        The lab's server.
    lab
        Its process id.
    problems
        Where it says that the lab does not answer.
    every_s
        How often it asks, in seconds.
    """

    def __init__(self, api: JupyterApi, lab: int, problems: Problems, every_s: float) -> None:
        super().__init__(name="activity", daemon=True)
        self._api = api
        self._lab = lab
        self._problems = problems
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
        while not self._stopped.wait(self._every_s):
            activity, terminals = self._ask(), busy_terminals(self._lab)
            self._quiet.hear(time.monotonic(), activity, terminals=terminals)
            self._gpu.hear(time.monotonic(), read_gpu_use())

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
