"""The names in the folder that a run leaves."""

from __future__ import annotations

NOTEBOOK = "notebook.ipynb"
REPORT = "report.html"
#: Pictures and style sheet of the report.
REPORT_FILES = "report_files"
METRICS = "metrics.json"
RECORD = "run.json"
OUTPUTS = "outputs"
