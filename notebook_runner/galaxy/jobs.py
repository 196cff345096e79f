"""Follow a job to its end, and say what that end means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import notebook_runner.errors as errors_module
from notebook_runner.errors import (
    GalaxyError,
    GalaxyJobDeletedError,
    GalaxyJobError,
    GalaxyJobPausedError,
    NotebookRunnerError,
)
from notebook_runner.galaxy.failures import plain, shorten

if TYPE_CHECKING:
    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.galaxy.progress import Progress
    from notebook_runner.galaxy.waiting import Patience

#: Everything else is a state that changes by itself.
_ENDS = frozenset({"ok", "error", "failed", "paused", "deleted", "deleting", "stopped", "skipped"})
_STDERR_LINES = 40


@dataclass(frozen=True)
class JobEnd:
    """How a job ended.

    Attributes
    ----------
    state
        Galaxy's word: ok, error, paused, deleted …
    exit_code
        Of the tool; ``None`` when it never ended.
    stderr
        The last lines that the tool wrote there.
    messages
        What Galaxy itself found wrong.
    """

    id: str
    state: str
    exit_code: int | None
    stderr: str
    messages: tuple[str, ...]
    url: str

    def error(self, history_url: str) -> GalaxyError | None:
        """Return the error that says how the job failed; ``None`` when it did not."""
        match self.state:
            case "ok":
                return None
            case "paused":
                return GalaxyJobPausedError(
                    f"Job {self.id} is paused and does not go on by itself: a quota is used up, or "
                    f"one of its inputs is not ok. Mend that and resume it in {history_url}"
                )
            case "deleted" | "deleting" | "stopped" | "skipped":
                return GalaxyJobDeletedError(
                    f"Job {self.id} was {self._ending()}, so the notebook was not run to its end. "
                    f"Submit it again if that was not meant. What is left: {history_url}"
                )
        return GalaxyJobError(self._describe_failure(history_url))

    def _ending(self) -> str:
        return "deleted" if self.state == "deleting" else self.state

    def _describe_failure(self, history_url: str) -> str:
        code = (
            "without an exit code" if self.exit_code is None else f"with exit code {self.exit_code}"
        )
        meaning = meaning_of(self.exit_code)
        if meaning:
            code = f"{code} ({meaning})"
        lines = [
            f"Job {self.id} ended in state {self.state} {code}.",
            f"Its partial results are in {history_url}, its details at {self.url}",
        ]
        lines += [f"Galaxy says: {message}" for message in self.messages]
        if self.stderr:
            lines += ["The end of its stderr:", self.stderr]
        return "\n".join(lines)


def meaning_of(exit_code: int | None) -> str:
    """Say in words what an exit code of ``notebook-runner run`` means; empty when unknown."""
    for value in vars(errors_module).values():
        if (
            isinstance(value, type)
            and issubclass(value, NotebookRunnerError)
            and value.exit_code == exit_code
            and exit_code not in (0, 1)
        ):
            return (value.__doc__ or "").strip().splitlines()[0].rstrip(".").lower()
    return ""


def follow_job(gi: Connection, job_id: str, *, patience: Patience, progress: Progress) -> JobEnd:
    """Wait until a job has ended, or is paused.

    Raises
    ------
    GalaxyTimeoutError
        It has not ended in time; it goes on.
    GalaxyUnreachableError
        The server cannot be reached for longer than ``gi.patience``.
    """

    def ended() -> bool | None:
        with gi.explained(f"follow job {job_id}"):
            state = str(gi.jobs.show_job(job_id)["state"])
        progress.status(f"job {state}")
        return True if state in _ENDS else None

    patience.wait(ended, f"job {job_id}")
    with gi.explained(f"look at job {job_id}"):
        return _read_end(gi, gi.jobs.show_job(job_id, full_details=True))


def _read_end(gi: Connection, job: dict[str, Any]) -> JobEnd:
    stderr = plain(str(job.get("tool_stderr") or job.get("stderr") or ""))
    messages = [
        shorten(str(message.get("desc") or ""))
        for message in job.get("job_messages") or []
        # The exit code is told anyway.
        if isinstance(message, dict) and message.get("type") != "exit_code"
    ]
    exit_code = job.get("exit_code")
    return JobEnd(
        id=str(job["id"]),
        state=str(job["state"]),
        exit_code=None if exit_code is None else int(exit_code),
        stderr=gi.hide_key("\n".join(stderr.rstrip().splitlines()[-_STDERR_LINES:])),
        messages=tuple(gi.hide_key(message) for message in messages if message),
        url=gi.link_to_job(str(job["id"])),
    )
