"""Save a trained model as verified ONNX.

``save_model`` is what a notebook uses. Each framework is one exporter, named
in ``registry.py`` and imported only when one of its models is seen.
"""

from __future__ import annotations

from notebook_runner.models.save import save_model

__all__ = ["save_model"]
