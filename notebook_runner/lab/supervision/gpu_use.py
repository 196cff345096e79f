"""See whether the GPUs of a session compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_runner.record.gpu import list_gpus

if TYPE_CHECKING:
    from collections.abc import Sequence


class GpuIdleRule:
    """Decides since when no GPU has computed; times are seconds of a clock that goes forward.

    Attributes
    ----------
    since
        Since when every look found all GPUs at 0 %; ``None`` when there are none.
    """

    def __init__(self) -> None:
        self.since: float | None = None

    def hear(self, now: float, use: Sequence[int] | None) -> None:
        """Take in the use of each GPU in percent at ``now``; ``None`` where there is no GPU."""
        if use is None or any(use):
            self.since = None
        elif self.since is None:
            self.since = now


def read_gpu_use() -> list[int] | None:
    """Return how much each GPU computed in the last moment, in percent; ``None`` without any."""
    try:
        if list_gpus() is None:
            return None
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        devices = (
            pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())
        )
        return [int(pynvml.nvmlDeviceGetUtilizationRates(device).gpu) for device in devices]
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()
