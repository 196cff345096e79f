"""Which GPUs there are, and how much of their memory a run used at most."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

_SAMPLE_EVERY_S = 0.5
_DRIVER_FILE = Path("/proc/driver/nvidia/version")
_DEVICE_FILE = Path("/dev/nvidiactl")


def list_gpus() -> list[dict[str, Any]] | None:
    """Describe the NVIDIA GPUs that the driver shows; ``None`` when there is none.

    Returns
    -------
    list of dict
        ``name``, ``driver`` (version), ``memory_bytes`` and
        ``peak_memory_bytes`` (``None`` until something measured it).
    """
    # The library is asked only where a driver is: loading it costs time.
    if not (_DRIVER_FILE.exists() or _DEVICE_FILE.exists()):
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        gpus = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            device = pynvml.nvmlDeviceGetHandleByIndex(index)
            gpus.append(
                {
                    "name": _text(pynvml.nvmlDeviceGetName(device)),
                    "driver": driver,
                    "memory_bytes": int(pynvml.nvmlDeviceGetMemoryInfo(device).total),
                    "peak_memory_bytes": None,
                }
            )
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()
    return gpus or None


class GpuMemoryWatch:
    """Samples the used memory of every GPU while a run lasts.

    The number is that of the whole device, in bytes, read twice a second:
    what other processes hold on the same GPU is in it.
    """

    def __init__(self, gpus: list[dict[str, Any]] | None) -> None:
        self._gpus = gpus or []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="gpu-memory", daemon=True)

    def __enter__(self) -> GpuMemoryWatch:
        if self._gpus:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._gpus:
            self._thread.join()

    def _watch(self) -> None:
        import pynvml

        try:
            pynvml.nvmlInit()
            handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(len(self._gpus))]
            while True:
                for gpu, handle in zip(self._gpus, handles, strict=True):
                    used = int(pynvml.nvmlDeviceGetMemoryInfo(handle).used)
                    gpu["peak_memory_bytes"] = max(gpu["peak_memory_bytes"] or 0, used)
                if self._stop.wait(_SAMPLE_EVERY_S):
                    break
            pynvml.nvmlShutdown()
        except pynvml.NVMLError:
            return


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
