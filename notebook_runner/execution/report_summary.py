"""What a run record says, in the words and rows of a report."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from notebook_runner.execution.report_text import list_of, mapping_of, plain, text_of
from notebook_runner.execution.report_units import format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_VALUE = 2_000
MAX_TABLE_ROWS = 500

_STATUS = {
    "ok": "Finished",
    "failed": "Failed",
    "timeout": "Stopped at its time limit",
    "died": "Kernel died",
    "out_of_memory": "Out of memory",
    "interrupted": "Interrupted",
    "running": "Still running",
    "refused": "Not started",
}
_HASH_CHARACTERS = 12


@dataclass
class Table:
    """Rows under a heading.

    Attributes
    ----------
    heads
        The names of the columns.
    rows
        The texts of the cells.
    more
        How many rows are left out.
    """

    heads: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    more: int = 0


@dataclass
class Summary:
    """The head and the foot of a report; every text is still to be escaped."""

    title: str
    file_name: str
    ok: bool
    status: str
    cell_number: int | None
    error_name: str
    message: str
    exit_code: int | None
    facts: list[str]
    parameters: Table
    metrics: Table
    inputs: Table
    outputs: Table
    left_out: Table
    environment: Table
    packages: Table


def summarise(notebook: Mapping[str, Any], record: Mapping[str, Any]) -> Summary:
    """Read a run record, complete or not."""
    error = mapping_of(record.get("error"))
    status = text_of(record.get("status")) or "running"
    file_name = text_of(mapping_of(record.get("notebook")).get("name"))
    number = error.get("cell_number")
    title = text_of(mapping_of(notebook.get("metadata")).get("title")).strip()
    return Summary(
        title=_shorten(title or PurePosixPath(file_name).stem or "Notebook"),
        file_name=_shorten(file_name),
        ok=status == "ok",
        status=_STATUS.get(status, status),
        cell_number=number if isinstance(number, int) else None,
        error_name=_shorten(text_of(error.get("ename"))),
        message=_message_of(error),
        exit_code=record["exit_code"] if isinstance(record.get("exit_code"), int) else None,
        facts=list(_facts(record)),
        parameters=_parameters(record),
        metrics=_table(
            ("Metric", "Value"),
            ((str(k), _number(v)) for k, v in mapping_of(record.get("metrics")).items()),
        ),
        inputs=_inputs(record),
        outputs=_outputs(record),
        left_out=_table(
            ("File", "Why it was left out"),
            (
                (text_of(item.get("path")), text_of(item.get("reason")))
                for item in _items(record.get("outputs_left_out"))
            ),
        ),
        environment=_environment(record),
        packages=_table(
            ("Package", "Version"),
            ((str(k), str(v)) for k, v in sorted(mapping_of(record.get("packages")).items())),
        ),
    )


def _message_of(error: Mapping[str, Any]) -> str:
    text = text_of(error.get("evalue")) or text_of(error.get("message"))
    return _shorten(plain(text).strip(), MAX_VALUE)


def _facts(record: Mapping[str, Any]) -> Iterable[str]:
    if duration := format_duration(record.get("duration_s")):
        yield f"took {duration}"
    if start := _moment(record.get("start")):
        yield f"started {start}"
    kernel = mapping_of(record.get("kernel"))
    if name := text_of(kernel.get("display_name")) or text_of(kernel.get("name")):
        yield f"kernel {_shorten(name)}"
    if "gpu" in record:
        names = [text_of(gpu.get("name")) for gpu in _items(record.get("gpu"))]
        yield "on " + (_shorten(", ".join(names)) if names else "CPU")
    image = mapping_of(record.get("image"))
    if name := text_of(image.get("name")):
        yield "in image " + _shorten(":".join(filter(None, (name, text_of(image.get("tag"))))))


def _parameters(record: Mapping[str, Any]) -> Table:
    values = mapping_of(record.get("parameters"))
    rows = [(str(name), _shorten(_json(value), MAX_VALUE)) for name, value in values.items()]
    rows.extend((str(name), "(secret, not shown)") for name in list_of(record.get("secrets")))
    return _table(("Parameter", "Value"), rows)


def _inputs(record: Mapping[str, Any]) -> Table:
    return _table(
        ("Input", "Identifier", "Size", "SHA-256"),
        (
            (
                text_of(item.get("name")),
                text_of(element.get("identifier")),
                format_size(element.get("size")),
                text_of(element.get("sha256"))[:_HASH_CHARACTERS],
            )
            for item in _items(record.get("inputs"))
            for element in _items(item.get("elements"))
        ),
    )


def _outputs(record: Mapping[str, Any]) -> Table:
    return _table(
        ("File", "Size", "Kind"),
        (
            (
                text_of(item.get("path")),
                format_size(item.get("size")),
                "model" if _is_model(text_of(item.get("path"))) else "",
            )
            for item in _items(record.get("outputs"))
        ),
    )


def _is_model(path: str) -> bool:
    return path.startswith("models/") and path.lower().endswith(".onnx")


def _environment(record: Mapping[str, Any]) -> Table:
    machine = mapping_of(record.get("machine"))
    kernel = mapping_of(record.get("kernel"))
    rows = [
        ("Kernel", f"{text_of(kernel.get('name'))} ({text_of(kernel.get('language'))})"),
        ("Python", text_of(record.get("python"))),
        ("Operating system", text_of(machine.get("os"))),
        ("CPU cores", text_of(machine.get("cpus"))),
        ("Memory", format_size(machine.get("memory_bytes"))),
        ("Peak memory of the run", format_size(machine.get("peak_memory_bytes"))),
    ]
    for gpu in _items(record.get("gpu")):
        rows += [
            ("GPU", text_of(gpu.get("name"))),
            ("GPU driver", text_of(gpu.get("driver"))),
            ("GPU memory", format_size(gpu.get("memory_bytes"))),
            ("Peak GPU memory of the run", format_size(gpu.get("peak_memory_bytes"))),
        ]
    for name, value in mapping_of(record.get("image")).items():
        rows.append((f"Image {name.replace('_', ' ')}", text_of(value)))
    rows.append(("Notebook SHA-256", text_of(mapping_of(record.get("notebook")).get("sha256"))))
    rows.append(("notebook-runner", text_of(record.get("runner_version"))))
    return _table(("Environment", "Value"), (row for row in rows if row[1] not in {"", " ()"}))


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    kept = [tuple(_shorten(text, MAX_VALUE) for text in row) for row in rows]
    return Table(heads, kept[:MAX_TABLE_ROWS], max(0, len(kept) - MAX_TABLE_ROWS))


def _items(value: Any) -> Iterable[Mapping[str, Any]]:
    return map(mapping_of, list_of(value))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "not a number" if value is None else text_of(value)


def _shorten(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text):,} characters)"


def _moment(value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return ""
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or ''}".strip()
