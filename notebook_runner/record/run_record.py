"""The run record: what ran, on what, with what, and how it ended (``run.json``)."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from notebook_runner import __version__
from notebook_runner.record.files import write_json_atomically
from notebook_runner.record.machine import describe_machine, image_identity

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = "1"
_SCHEMA_FILE = "run-record.schema.json"


def new_record(*, notebook_name: str, env: dict[str, str]) -> dict[str, Any]:
    """Return the record of a run that starts now; its fields are filled as it goes on."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runner_version": __version__,
        "status": "running",
        "exit_code": None,
        "error": None,
        "notebook": {"name": notebook_name, "sha256": None, "size": None},
        "parameters": {},
        "parameters_given": [],
        "secrets": [],
        "inputs": [],
        "start": now(),
        "end": None,
        "duration_s": None,
        "cells": [],
        "kernel": None,
        "python": None,
        "packages": {},
        "machine": describe_machine(),
        "gpu": None,
        "image": image_identity(env),
        "outputs": [],
        "outputs_left_out": [],
        "metrics": {},
    }


def now() -> str:
    """Return the present time in UTC as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_record(record: dict[str, Any], target: Path) -> None:
    """Write ``record`` as ``run.json``; a reader never sees half of it.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    write_json_atomically(target, record)


def read_metrics(target: Path) -> dict[str, float | int | None]:
    """Read ``metrics.json``; what is not a flat object of numbers is passed over."""
    # The notebook may have put anything there: a link, a pipe that never ends.
    if target.is_symlink() or not target.is_file():
        return {}
    try:
        metrics = json.loads(target.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(metrics, dict):
        return {}
    return {
        str(name).encode("utf-8", errors="replace").decode(): value
        for name, value in metrics.items()
        if value is None or (isinstance(value, int | float) and math.isfinite(value))
    }


def record_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that every ``run.json`` follows."""
    text = (files("notebook_runner.record") / _SCHEMA_FILE).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
