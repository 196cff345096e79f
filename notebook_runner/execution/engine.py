"""A papermill engine that saves after every cell and can be stopped at any time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

from notebook_runner.errors import KernelError, NotebookRunnerError
from notebook_runner.record.run_record import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

    from notebook_runner.execution.kernel import Kernel
    from notebook_runner.execution.notebook_file import NotebookFile
    from notebook_runner.execution.progress import Progress
    from notebook_runner.execution.watchdog import Watchdog

ENGINE = "notebook-runner"
_STARTUP_LIMIT_S = 120
_AUTOSAVE_EVERY_S = 5
_LATE_OUTPUTS_S = 30

_log = logging.getLogger("notebook_runner.nbclient")
_log.addHandler(logging.NullHandler())
_log.propagate = False


@dataclass
class Execution:
    """One execution of a notebook: what it works with, and how it ended.

    Attributes
    ----------
    failed
        Position of the cell that raised an exception.
    died
        Position of the cell during which the kernel ended.
    fault
        What kept a cell from being run or its outputs from being kept, other
        than an exception in the cell itself.
    reply
        What the kernel answered for the cell that failed.
    """

    kernel: Kernel
    watchdog: Watchdog
    file: NotebookFile
    cells: list[dict[str, Any]]
    progress: Progress
    cell_changed: Callable[[], None]
    failed: int | None = None
    died: int | None = None
    fault: Exception | None = None
    reply: CellExecutionError | None = None

    @property
    def answers(self) -> bool:
        """Whether the kernel can be expected to answer once more."""
        return self.died is None and self.fault is None


class LiveNotebook(NotebookExecutionManager):  # type: ignore[misc]
    """Keeps papermill's times and states in the notebook, and the notebook on disk."""

    def __init__(self, nb: NotebookNode, execution: Execution) -> None:
        super().__init__(nb, output_path=None, progress_bar=False)
        self.execution = execution

    def save(self, **_kwargs: Any) -> None:
        """Write the notebook as it is now."""
        self.execution.file.save(self.nb)
        self.last_save_time = self.now()

    def autosave_cell(self, **_kwargs: Any) -> None:
        """Write the notebook while a cell prints, but not all the time."""
        if self.execution.file.seconds_since_save() >= _AUTOSAVE_EVERY_S:
            self.save()

    def notebook_complete(self, **_kwargs: Any) -> None:
        """Note when the run ended; cells that did not run stay pending."""
        self.end_time = self.now()
        self.nb.metadata.papermill["end_time"] = self.end_time.isoformat()
        duration = (self.end_time - self.start_time).total_seconds()
        self.nb.metadata.papermill["duration"] = duration
        self.save()


class RunClient(PapermillNotebookClient):  # type: ignore[misc]
    """Runs the cells one after the other until one fails or the run is stopped."""

    def execute(self, **_kwargs: Any) -> None:
        """Run all cells in the kernel that was started beforehand."""
        execution: Execution = self.nb_man.execution
        self.reset_execution_trackers()
        try:
            self.start_new_kernel_client()
        except RuntimeError as error:
            if execution.watchdog.reason is not None:
                return
            raise KernelError(
                f"Kernel {execution.kernel.choice.name!r} did not start ({error}). "
                "Its messages are above; check it with: jupyter kernelspec list"
            ) from None
        try:
            self.papermill_execute_cells()
            if execution.answers and execution.watchdog.reason is None:
                info = self.wait_for_reply(self.kc.kernel_info())
                self.nb.metadata["language_info"] = info["content"]["language_info"]
            self.set_widgets_metadata()
            if execution.answers:
                execution.kernel.ask_to_exit(self.kc)
        finally:
            self.kc.stop_channels()

    def papermill_execute_cells(self) -> None:
        """Run the code cells in order."""
        execution: Execution = self.nb_man.execution
        records = {record["index"]: record for record in execution.cells}
        execution.progress.run_started(len(records))
        for index, cell in enumerate(self.nb.cells):
            record = records.get(index)
            if record is None:
                cell.metadata.papermill["status"] = self.nb_man.COMPLETED
                continue
            if execution.watchdog.reason is not None or not self._run_cell(cell, index, record):
                return

    def _run_cell(self, cell: NotebookNode, index: int, record: dict[str, Any]) -> bool:
        """Run one cell; tell whether to go on with the next."""
        execution: Execution = self.nb_man.execution
        number, total = record["number"], len(execution.cells)
        record.update(status="running", start=now())
        execution.progress.cell_started(number, total, cell.source)
        execution.cell_changed()
        execution.file.cell_started(index)
        self._mark_started(cell)
        execution.watchdog.cell_started()
        go_on = True
        try:
            self.execute_cell(cell, index)
        except CellExecutionError as error:
            go_on = False
            if not _is_clean_exit(error):
                execution.failed, execution.reply = index, error
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
        except DeadKernelError as error:
            go_on = False
            execution.died = index
            self.nb_man.cell_exception(cell, cell_index=index, exception=error)
        except NotebookRunnerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a kernel answers, the run is finished
            go_on = False
            execution.failed, execution.fault = index, error
            self.nb_man.cell_exception(cell, cell_index=index, exception=error)
        finally:
            execution.watchdog.cell_ended()
            self.nb_man.cell_complete(cell, cell_index=index)
        failed = index in (execution.failed, execution.died)
        seconds = float(cell.metadata.papermill["duration"])
        record.update(status="failed" if failed else "ok", duration_s=round(seconds, 6))
        execution.file.cell_finished(self.nb, index)
        execution.cell_changed()
        execution.progress.cell_ended(number, total, record["status"], seconds)
        return go_on

    def _mark_started(self, cell: NotebookNode) -> None:
        # papermill would save here: after the cell before, that is one save too many.
        cell.metadata.papermill.update(
            start_time=self.nb_man.now().isoformat(), status=self.nb_man.RUNNING, exception=False
        )

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        """Let a cell change what an earlier one shows."""
        self.nb_man.execution.file.forget()
        super()._update_display_id(display_id, msg)


class RunEngine(NBClientEngine):  # type: ignore[misc]
    """The engine, as papermill calls it."""

    @classmethod
    def execute_notebook(
        cls, nb: NotebookNode, kernel_name: str, *, execution: Execution, **_kwargs: Any
    ) -> NotebookNode:
        """Run ``nb`` in the kernel of ``execution``.

        Raises
        ------
        KernelError
            The kernel did not come up.
        OutputError
            The executed notebook cannot be written.
        """
        live = LiveNotebook(nb, execution)
        live.notebook_start()
        try:
            client = RunClient(
                live,
                km=execution.kernel.manager,
                kernel_name=kernel_name,
                startup_timeout=_STARTUP_LIMIT_S,
                # Late outputs on a busy machine are no reason to give up a run.
                iopub_timeout=_LATE_OUTPUTS_S,
                raise_on_iopub_timeout=False,
                timeout=None,
                log=_log,
                coalesce_streams=False,
            )
            client.execute()
        finally:
            live.notebook_complete()
        return nb


def run_cells(node: NotebookNode, execution: Execution) -> None:
    """Run all cells of ``node``, in place, through papermill with our engine."""
    papermill_engines.register(ENGINE, RunEngine)
    papermill_engines.execute_notebook_with_engine(
        ENGINE, node, execution.kernel.choice.name, execution=execution
    )


def _is_clean_exit(error: CellExecutionError) -> bool:
    """Tell whether a cell ended the run on purpose, by ``sys.exit(0)``."""
    return error.ename == "SystemExit" and error.evalue in ("", "0", "None")
