"""The session record: what was saved when, and how a session ended as far as it is known inside."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from notebook_runner import __version__
from notebook_runner.record.gpu import list_gpus
from notebook_runner.record.machine import image_identity
from notebook_runner.record.run_record import now

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA_VERSION = "1"
RECORD = "session.json"
_SCHEMA_FILE = "session-record.schema.json"


def new_session_record(
    env: Mapping[str, str], *, idle_limit_s: float | None, time_limit_s: float | None
) -> dict[str, Any]:
    """Return the record of a session that starts now.

    Parameters
    ----------
    env
        Environment variables, which say what image this is.
    idle_limit_s, time_limit_s
        The limits in seconds; ``None`` where there is none.
    """
    start = now()
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "runner_version": __version__,
        "summary": "",
        "start": start,
        "last_heartbeat": start,
        "end": None,
        "limits": {"idle_s": idle_limit_s, "time_s": time_limit_s},
        "image": image_identity(env),
        "gpu": _gpus(),
        "notebooks": [],
        "outputs": [],
        "problems": [],
    }
    beat(record)
    return record


def beat(record: dict[str, Any]) -> None:
    """Say that the session lives.

    A record that stays like this is that of a session that was killed from outside.
    """
    record["last_heartbeat"] = now()
    record["summary"] = (
        f"Killed from outside after {record['last_heartbeat']}, or still running: "
        "nothing inside saw an end."
    )


def end(
    record: dict[str, Any], *, cause: str, message: str, exit_code: int | None, signal: str | None
) -> None:
    """Say how the session ended.

    Parameters
    ----------
    record
        Changed in place.
    cause
        One of those that the schema lists.
    message
        The same for people.
    exit_code, signal
        With what the lab ended: one of them, or neither when it never started.
    """
    beat(record)
    record["summary"] = message
    record["end"] = {
        "time": record["last_heartbeat"],
        "cause": cause,
        "message": message,
        "lab_exit_code": exit_code,
        "lab_signal": signal,
    }


def as_bytes(record: dict[str, Any]) -> bytes:
    """Return the content of ``session.json``."""
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", errors="replace")


def session_record_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that every ``session.json`` follows."""
    text = (files(__package__) / _SCHEMA_FILE).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _gpus() -> list[dict[str, Any]] | None:
    try:
        gpus = list_gpus()
    except ImportError:
        # The NVIDIA library is in the runner's environment; this may be another.
        return None
    return gpus and [{k: v for k, v in gpu.items() if k != "peak_memory_bytes"} for gpu in gpus]
