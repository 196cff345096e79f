"""Run one notebook, whatever happens leaving everything that was reached on disk."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import NotebookRunnerError, OutputError
from notebook_runner.execution.background import Background
from notebook_runner.execution.context import kernel_environment, write_context
from notebook_runner.execution.failure import Ending, ending, judge, strip_ansi
from notebook_runner.execution.folder import describe_stray, find_strays, short_folder
from notebook_runner.execution.inputs import NamedInput, stage
from notebook_runner.execution.kernel import (
    Kernel,
    peak_memory_of_children,
)
from notebook_runner.execution.masking import Masker
from notebook_runner.execution.notebook_file import NotebookFile
from notebook_runner.execution.plan import Plan, make_plan
from notebook_runner.execution.processes import end_processes
from notebook_runner.execution.progress import Progress, Silence
from notebook_runner.execution.request import RunRequest, RunResult
from notebook_runner.execution.watchdog import StopReason, Watchdog
from notebook_runner.record.files import write_json_atomically
from notebook_runner.record.gpu import GpuMemoryWatch
from notebook_runner.record.image_pin import compare_pin, write_pin
from notebook_runner.record.layout import (
    METRICS,
    METRICS_LOCK,
    NOTEBOOK,
    OUTPUTS,
    RECORD,
    REPORT,
    REPORT_FILES,
)
from notebook_runner.record.machine import added_packages
from notebook_runner.record.outputs import collect_outputs
from notebook_runner.record.run_record import new_record, now, read_metrics, write_record
from notebook_runner.record.session import CONTEXT_VARIABLE

if TYPE_CHECKING:
    from nbformat import NotebookNode


def execute(request: RunRequest, progress: Progress | None = None) -> RunResult:
    """Run a notebook.

    What goes wrong while the notebook runs is part of the result; what makes
    it impossible to start is raised, and leaves no trace on disk.

    Raises
    ------
    NotebookError, ParameterError, InputError, KernelError, GpuError, OutputError
        The run cannot be started.
    """
    plan = make_plan(request)
    return _Run(request, plan, progress or Silence()).execute()


class _Run:
    def __init__(self, request: RunRequest, plan: Plan, progress: Progress) -> None:
        self.request = request
        self.plan = plan
        self.progress = progress
        self.folder = plan.folder
        self.masker = Masker([*request.secrets.values(), *request.hidden])
        name = request.name or request.notebook.name
        self.record = new_record(notebook_name=name, env=dict(os.environ))
        self.started = time.monotonic()
        self.node: NotebookNode = plan.source.node
        self.before = frozenset(path.name for path in self.folder.iterdir())
        self.file = NotebookFile(self.folder / NOTEBOOK, self.masker)

    def execute(self) -> RunResult:
        """Run the notebook and write everything that belongs to the run."""
        request = self.request
        with ExitStack() as stack:
            watchdog = stack.enter_context(Watchdog(request.timeout, request.cell_timeout))
            stack.enter_context(watchdog.signals())
            work = Path(
                stack.enter_context(
                    tempfile.TemporaryDirectory(prefix="notebook-run-", dir=short_folder())
                )
            )
            inputs = stage(request.inputs, work / "inputs")
            self._describe()
            self.background = Background(self.record, report=request.report)
            outcome = self._run_kernel(watchdog, work, inputs)
            return self._finish(outcome, in_a_hurry=watchdog.reason is StopReason.TERMINATED)

    def _describe(self) -> None:
        source, plan = self.plan.source, self.plan
        self.record["notebook"].update(sha256=source.sha256, size=source.size)
        self.record.update(
            parameters={**plan.defaults, **plan.parameters},
            parameters_given=list(plan.parameters),
            secrets=sorted(self.request.secrets),
            # The files' own paths: those of the links end with the run.
            inputs=[named.as_record() for named in self.request.inputs],
            kernel=plan.choice.as_record(),
            gpu=plan.gpus,
        )

    def _run_kernel(self, watchdog: Watchdog, work: Path, inputs: list[NamedInput]) -> Ending:
        kernel = Kernel(self.plan.choice, work, self._show_kernel_text)
        context = work / "context.json"
        write_context(context, self.folder, inputs)
        env = kernel_environment(
            os.environ,
            secrets=self.request.secrets,
            context=context,
            inputs=inputs,
            notebook_folder=self.request.notebook.absolute().parent,
            interpreter=kernel.interpreter,
            language=self.plan.choice.language,
        )
        try:
            kernel.start(self.folder, env)
            watchdog.attach(kernel)
            self.background.start(kernel.interpreter, env)
            with GpuMemoryWatch(self.plan.gpus):
                return self._run_cells(kernel, watchdog, inputs)
        except NotebookRunnerError as error:
            return ending("failed", error)
        finally:
            kernel.shut_down()
            end_processes(CONTEXT_VARIABLE, str(context))

    def _show_kernel_text(self, line: str) -> None:
        """Show what the kernel itself writes, without secrets and control sequences."""
        self.progress.note(strip_ansi(self.masker.mask_text(line)))

    def _run_cells(self, kernel: Kernel, watchdog: Watchdog, inputs: list[NamedInput]) -> Ending:
        # papermill is imported while the kernel boots.
        from notebook_runner.execution.engine import Execution, run_cells
        from notebook_runner.execution.injection import inject, list_cells

        if kernel.choice.requested is not None:
            self.progress.note(
                f"Kernel {kernel.choice.requested!r} is not here; running on "
                f"{kernel.choice.name!r} instead."
            )
        self.node = inject(self.node, self.plan.parameters, inputs, kernel.choice)
        self._pin_image()
        self.record["cells"] = list_cells(self.node)
        execution = Execution(
            kernel=kernel,
            watchdog=watchdog,
            file=self.file,
            cells=self.record["cells"],
            progress=self.progress,
            cell_changed=self._write_record,
        )
        self._write_record()
        run_cells(self.node, execution)
        request = self.request
        return judge(
            self.node, execution, timeout=request.timeout, cell_timeout=request.cell_timeout
        )

    def _pin_image(self) -> None:
        """Say in the executed notebook which image it ran in, and when that is another now."""
        identity, metadata = self.record["image"], self.node.metadata
        other = compare_pin(metadata, identity)
        if other is not None:
            self.progress.note(strip_ansi(self.masker.mask_text(other)))
        write_pin(metadata, identity, added_packages(os.environ))

    def _finish(self, outcome: Ending, *, in_a_hurry: bool) -> RunResult:
        self.record.update(
            status=outcome.status,
            exit_code=outcome.exit_code,
            error=outcome.details,
            end=now(),
            duration_s=round(time.monotonic() - self.started, 3),
        )
        self.record["machine"]["peak_memory_bytes"] = peak_memory_of_children()
        for cell in self.record["cells"]:
            if cell["status"] == "running" and outcome.error is not None:
                cell["status"] = "failed" if cell["duration_s"] is not None else "skipped"
        error = outcome.error
        try:
            # First what matters most: a scheduler may not leave time for the rest.
            self._write_record()
            self._gather()
            self.background.finish(wait=not in_a_hurry)
            self._write_record()
            if self.request.report:
                self._write_report()
        except OutputError as failure:
            error = error or failure
        return RunResult(self.folder, self._masked_record(), error)

    def _gather(self) -> None:
        """Take down outputs and metrics, without the secrets that are in them."""
        outputs = self.folder / OUTPUTS
        strays = find_strays(self.folder, self.before)
        removed = self.masker.mask_files([outputs], outputs)
        removed += self.masker.mask_files([self.folder / METRICS], self.folder)
        removed += self.masker.mask_files(strays, self.folder)
        found = collect_outputs(outputs)
        self.record["outputs"] = found.files
        left_out = [describe_stray(path, self.folder) for path in strays if path.exists()]
        self.record["outputs_left_out"] = [*removed, *found.left_out, *left_out]
        metrics = self.folder / METRICS
        if not os.path.lexists(metrics):
            write_json_atomically(metrics, {})
        self.record["metrics"] = read_metrics(metrics)
        (self.folder / METRICS_LOCK).unlink(missing_ok=True)

    def _write_record(self) -> None:
        write_record(self._masked_record(), self.folder / RECORD)

    def _masked_record(self) -> dict[str, Any]:
        # What the image is called is no notebook's doing: a secret that is like it hides nothing.
        return {**self.masker.mask(self.record), "image": self.record["image"]}

    def _write_report(self) -> None:
        import nbformat

        from notebook_runner.execution.report import write_report

        node = nbformat.from_dict(self.masker.mask(self.node))
        report = self.folder / REPORT
        write_report(node, self._masked_record(), report)
        # The page joins what stood in pieces: a secret printed in two may be whole in it.
        self.masker.mask_files([report, self.folder / REPORT_FILES], self.folder)
