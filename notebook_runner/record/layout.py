"""The names in the folder that a run leaves."""

from __future__ import annotations

NOTEBOOK = "notebook.ipynb"
REPORT = "report.html"
#: Pictures and style sheet of the report.
REPORT_FILES = "report_files"
METRICS = "metrics.json"
#: Held by the kernel while it writes metrics.
METRICS_LOCK = ".metrics.json.lock"
RECORD = "run.json"
OUTPUTS = "outputs"
