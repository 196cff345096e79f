"""Pin every notebook that is saved to the image of this lab (``pre_save_hook``)."""

from __future__ import annotations

import os
from typing import Any

from notebook_runner.record.image_pin import write_pin
from notebook_runner.record.machine import added_packages, image_identity


def pin_notebook(*, model: dict[str, Any], **_: Any) -> None:
    """Write the pin into a notebook that JupyterLab is about to save.

    Parameters
    ----------
    model
        What is saved, as Jupyter's contents API describes it; changed in place.
    """
    content = model.get("content")
    if model.get("type") != "notebook" or not isinstance(content, dict):
        return
    metadata = content.setdefault("metadata", {})
    write_pin(metadata, image_identity(os.environ), added_packages(os.environ))
