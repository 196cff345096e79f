"""How fast a lab opens in a container, what its server takes, and what a container costs a run."""

from __future__ import annotations

import contextlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from bench.timing import Contestant, Measure, commands, race, table
from notebook_runner.checkout.uv import find_uv
from notebook_runner.images.build import build
from notebook_runner.images.buildkit import BuildRequest, find_client
from notebook_runner.images.catalogue import GB, ImageSpec, select
from notebook_runner.images.context import secrets
from notebook_runner.images.engine import connect, find_image
from notebook_runner.images.lock import read_lock

PLAIN = "notebook-bench-plain"
_TOKEN = "bench"  # noqa: S105 - of a container on this machine, for a few seconds
_POLL_S = 0.01
_LIMIT_S = 60


def measure_containers(notebooks: dict[str, Path], envs: Path, rounds: int) -> str:
    """Return Markdown tables of labs and runs in the image ``lab``.

    Parameters
    ----------
    notebooks
        What is run headlessly, by title.
    envs
        The environments of the same runs outside a container.
    """
    spec = select("lab", "cpu")
    engine = connect()
    try:
        image = str(find_image(engine, spec).tags[0])
    finally:
        engine.close()
    build_plain(spec)
    parts = [_race_labs(image, rounds)]
    parts += [_race_runs(title, path, image, envs, rounds) for title, path in notebooks.items()]
    return "\n".join(parts)


def build_plain(spec: ImageSpec) -> None:
    """Build an image with JupyterLab alone, in the versions of ours."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        context = folder / "context"
        context.mkdir()
        shutil.copy(Path(__file__).with_name("plain.Dockerfile"), context / "Dockerfile")
        shutil.copy(find_uv().resolve(), context / "uv")
        versions = read_lock(spec.environment_lock("server"))
        lines = "".join(f"{package}=={version}\n" for package, version in versions.items())
        (context / "versions.txt").write_text(lines)
        request = BuildRequest(
            context,
            PLAIN,
            {"BASE_IMAGE": spec.catalogue.base.image},
            secrets=secrets(folder),
        )
        find_client().build(request, lambda _line: None)


def measure_builds(images: tuple[str, ...] = ("lab", "lab-tensorflow")) -> str:
    """Return a Markdown table of builds without and with the layers of an earlier one.

    Packages that were downloaded before need not be again, in both.
    """
    lines = ["| | size GB | anew s | from the cache s |", "| --- | --- | --- | --- |"]
    for name in images:
        spec = select(name, "cpu")
        anew = build(spec, cached=False, say=lambda _line: None)
        again = build(spec, say=lambda _line: None)
        lines.append(
            f"| {name} | {again.size / GB:.2f} | {anew.seconds:.0f} | {again.seconds:.0f} |"
        )
    return "\n### Building an image, packages downloaded before, once\n\n" + "\n".join(lines)


def _race_labs(image: str, rounds: int) -> str:
    memory: dict[str, list[int]] = {PLAIN: [], image: []}
    contestants = [
        Contestant("plain JupyterLab, same base image", _open_lab(PLAIN, memory[PLAIN])),
        Contestant("our lab", _open_lab(image, memory[image])),
    ]
    race(contestants, rounds)
    plain, ours = (statistics.median(found[1:]) for found in memory.values())
    more = contestants[1].median - contestants[0].median
    return (
        f"\n### `docker run` to JupyterLab answering 200, {rounds} rounds\n\n"
        f"{table(contestants, contestants[0].name)}\n\n"
        f"Ours takes {abs(more):.2f} s {'more' if more > 0 else 'less'}. "
        f"Its server then has {ours / 1000:.0f} MB resident, "
        f"the plain one {plain / 1000:.0f} MB: {ours / plain:.2f} times."
    )


def _open_lab(image: str, memory: list[int]) -> Measure:
    def measure(folder: Path) -> float:
        folder.chmod(0o777)
        started = time.perf_counter()
        container = _docker(
            *("run", "--detach", "--publish", "127.0.0.1::8888"),
            *("--env", f"JUPYTER_TOKEN={_TOKEN}", "--volume", f"{folder}:/work", image),
        )
        try:
            port = _docker("port", container, "8888").split(":")[-1]
            _wait_for(f"http://127.0.0.1:{port}/lab?token={_TOKEN}")
            seconds = time.perf_counter() - started
            memory.append(_resident_kb(container))
        finally:
            _docker("rm", "--force", container)
        return seconds

    return measure


def _wait_for(address: str) -> None:
    until = time.monotonic() + _LIMIT_S
    while time.monotonic() < until:
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(address, timeout=_LIMIT_S) as answer,  # noqa: S310
        ):
            if answer.status == 200:
                return
        time.sleep(_POLL_S)
    raise TimeoutError(f"{address} did not answer within {_LIMIT_S} s")


def _resident_kb(container: str) -> int:
    """Read the memory of the largest process of a container: JupyterLab's own."""
    said = _docker("exec", container, "sh", "-c", "cat /proc/[0-9]*/status")
    return max(int(kb) for kb in re.findall(r"VmRSS:\s+(\d+) kB", said))


def _race_runs(title: str, notebook: Path, image: str, envs: Path, rounds: int) -> str:
    inside = ["docker", "run", "--rm", "--network", "none", "--volume", f"{notebook}:/nb.ipynb:ro"]
    inside += ["--volume", "{out}:/work", image, "notebook-runner", "run", "/nb.ipynb", "-o", "run"]
    outside = [envs / "runner" / "bin" / "notebook-runner", "run", notebook, "-o", "{out}/run"]
    contestants = [
        Contestant("outside a container", commands(outside)),
        Contestant("in the container", commands(inside)),
    ]
    race(contestants, rounds)
    return (
        f"\n### {title}, headless, in the image `lab`, {rounds} rounds\n\n"
        f"{table(contestants, 'outside a container')}"
    )


def _docker(*arguments: str) -> str:
    ended = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"docker {arguments[0]}: {ended.stderr.strip()}")
    return ended.stdout.strip()
