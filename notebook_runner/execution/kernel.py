"""The kernel of a run: found, started early, stopped, and asked why it died."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

from notebook_runner.errors import KernelError
from notebook_runner.execution.kernel_text import KernelText
from notebook_runner.execution.memory_events import count_oom_kills

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from nbformat import NotebookNode

_DEFAULT_KERNEL = "python3"
_SHUTDOWN_LIMIT_S = 3.0
_EXIT = "_loop = get_ipython().kernel.io_loop\n_loop.add_callback(_loop.stop)"
#: Longer names of sockets are cut by the system (sun_path holds 108 bytes).
_LONGEST_SOCKET = 100


@dataclass(frozen=True)
class KernelChoice:
    """Which kernel runs a notebook.

    Attributes
    ----------
    name, language, display_name
        Of the kernel.
    requested
        The name that the notebook asked for, when the machine does not have
        it and another kernel of the same language stands in.
    """

    name: str
    language: str
    display_name: str
    requested: str | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the entry of the run record."""
        return {
            "name": self.name,
            "language": self.language,
            "display_name": self.display_name,
            "requested": self.requested,
        }


def choose_kernel(node: NotebookNode, wanted: str | None) -> KernelChoice:
    """Choose the kernel: the one asked for, else the notebook's own.

    A Python notebook whose own kernel is not here (people name them after
    their environments) runs on ``python3``.

    Raises
    ------
    KernelError
        No such kernel, naming those that there are.
    """
    specs = KernelSpecManager()
    kernelspec = node.metadata.get("kernelspec", {})
    name = wanted or str(kernelspec.get("name") or _DEFAULT_KERNEL)
    try:
        return _choice(specs, name, None)
    except NoSuchKernel:
        pass
    language = str(kernelspec.get("language") or "").lower()
    if wanted is None and language in ("", "python"):
        try:
            return _choice(specs, _DEFAULT_KERNEL, name)
        except NoSuchKernel:
            pass
    there = ", ".join(sorted(specs.find_kernel_specs())) or "none"
    raise KernelError(
        f"There is no kernel {name!r} here. Kernels: {there}. Choose one with --kernel."
    )


class Kernel:
    """A kernel process.

    Parameters
    ----------
    choice
        Which kernel.
    folder
        A folder that only this user may enter, for the connection to it.
    show
        Is given what the process itself writes, line by line.
    """

    def __init__(self, choice: KernelChoice, folder: Path, show: Callable[[str], None]) -> None:
        self.choice = choice
        self._text = KernelText(show)
        self.manager = AsyncKernelManager(kernel_name=choice.name)
        connection_file = folder / "kernel.json"
        self.manager.connection_file = str(connection_file)
        # Anybody on the machine may listen to a kernel's TCP ports; a socket in a
        # private folder is for us alone. Kernels of other languages may not know it.
        if choice.language == "python" and len(str(connection_file)) < _LONGEST_SOCKET:
            self.manager.transport = "ipc"
        self._oom_kills = count_oom_kills()
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = False

    @property
    def interpreter(self) -> str | None:
        """The Python that the kernel runs in; ``None`` for another language."""
        if self.choice.language != "python":
            return None
        return str(self.manager.format_kernel_cmd()[0])

    def start(self, folder: Path, env: Mapping[str, str]) -> None:
        """Start the process; it goes on booting while the caller does other things.

        Parameters
        ----------
        folder
            Its working directory.
        env
            Its environment variables.

        Raises
        ------
        KernelError
            The program of the kernel cannot be started.
        """
        # A history file would only be contended for by runs side by side.
        arguments = ["--HistoryManager.hist_file=:memory:"] if self.manager.ipykernel else []
        try:
            with self._text.opened() as pipe:
                run_sync(self.manager.start_kernel)(
                    cwd=str(folder),
                    env=dict(env),
                    extra_arguments=arguments,
                    stdout=pipe,
                    stderr=pipe,
                )
        except Exception as error:
            raise KernelError(
                f"Kernel {self.choice.name!r} does not start: {error}. "
                "Check it with: jupyter kernelspec list"
            ) from error
        self._process = getattr(self.manager.provisioner, "process", None)

    def interrupt(self) -> None:
        """Send what Ctrl-C sends, where the kernel takes it as a signal."""
        spec = self.manager.kernel_spec
        if spec is not None and spec.interrupt_mode == "signal":
            self._signal_group(signal.SIGINT)
        else:
            self.kill()

    def kill(self) -> None:
        """End the kernel and what it started, at once."""
        self._signal_group(signal.SIGKILL)

    def ask_to_exit(self, client: Any) -> None:
        """Ask an idle IPython kernel to end as if its program were over.

        ipykernel's own way, a request on the control channel, can lock up: the
        control thread then publishes on a channel that the main thread closes.

        Parameters
        ----------
        client
            A client whose channels are open.
        """
        if self.manager.ipykernel:
            client.execute(_EXIT, silent=True, store_history=False)
            self._asked = True

    def shut_down(self) -> None:
        """Let the kernel end properly, so that open files are flushed, then clean up."""
        try:
            if self._process is not None and self._process.poll() is None:
                if not self._asked:
                    run_sync(self.manager.request_shutdown)()
                self._process.wait(timeout=_SHUTDOWN_LIMIT_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()
            if self._process is not None:
                self._process.wait()
            run_sync(self.manager.cleanup_resources)()

    def cause_of_death(self) -> tuple[str, bool]:
        """Say how the kernel ended.

        Returns
        -------
        tuple
            What happened, in words, and whether it was killed for want of memory.
        """
        code = self._exit_code()
        out_of_memory = code == -signal.SIGKILL and count_oom_kills() > self._oom_kills
        if out_of_memory:
            return "the system killed it because memory ran out", True
        if code is None:
            return "it stopped answering", False
        if code < 0:
            name = signal.Signals(-code).name
            hint = " (often: memory ran out)" if code == -signal.SIGKILL else ""
            return f"it was killed by {name}{hint}", False
        return f"it ended with exit code {code}", False

    def _exit_code(self) -> int | None:
        """Return what the process ended with; ``None`` while it runs or when it is not ours."""
        return None if self._process is None else self._process.poll()

    def _signal_group(self, number: signal.Signals) -> None:
        # The kernel leads a process group of its own: what it started is in it.
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return


def peak_memory_of_children() -> int | None:
    """Return the largest memory in bytes that a finished child process ever held."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    factor = 1 if sys.platform == "darwin" else 1024
    return peak * factor if peak else None


def _choice(specs: KernelSpecManager, name: str, requested: str | None) -> KernelChoice:
    spec = specs.get_kernel_spec(name)
    return KernelChoice(name, str(spec.language).lower(), str(spec.display_name), requested)
