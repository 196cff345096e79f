"""Look again and again, whatever happens; for outputs, in a thread of their own."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from notebook_runner.lab.supervision.pace import pause_after

if TYPE_CHECKING:
    from notebook_runner.lab.supervision.problems import Problems
    from notebook_runner.lab.supervision.saver import Saver

#: At least so long between two looks, in seconds, and at most.
LOOK_EVERY_S = 1.0
_SELDOM_S = 30.0
#: Share of the time that one kind of file may be looked for.
_LOOKING_SHARE = 0.004


def look_safely(saver: Saver, problems: Problems, *, final: bool = False) -> float:
    """Look once; return how many seconds the next look is off.

    A fault of this program is named as a problem and does not end the session.
    """
    started = time.thread_time()
    try:
        saver.look(final=final)
    except Exception as error:  # noqa: BLE001 - the lab must outlive any fault in here
        problems.note("fault", None, f"Saving failed: {error!r}. It is tried again.")
    else:
        problems.solve(None, "fault")
    took = time.thread_time() - started
    return pause_after(took, least=LOOK_EVERY_S, share=_LOOKING_SHARE, most=_SELDOM_S)


class SavingThread(threading.Thread):
    """Saves outputs, which may be large, while notebooks and the heartbeat go on.

    Attributes
    ----------
    saver
        Who does it.
    """

    def __init__(self, saver: Saver, problems: Problems) -> None:
        super().__init__(name="outputs", daemon=True)
        self.saver = saver
        self._problems = problems
        self._finished = threading.Event()

    def run(self) -> None:
        """Look until there will be no more changes, and then once more."""
        pause = 0.0
        while not self._finished.wait(pause):
            pause = look_safely(self.saver, self._problems)
        look_safely(self.saver, self._problems, final=True)

    def finish(self) -> None:
        """Say that nobody writes any more; the thread ends when all is saved."""
        self._finished.set()
