"""The floor: nbclient executing a notebook in one process, its import not counted.

Run by the interpreter of the runner's environment; prints seconds.
"""

import sys
import time

import nbformat
from nbclient import NotebookClient

node = nbformat.read(sys.argv[1], as_version=4)
started = time.perf_counter()
NotebookClient(node, kernel_name="python3").execute()
print(time.perf_counter() - started)  # noqa: T201
