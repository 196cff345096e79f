"""``notebook-runner image probe``: tell what is in an image, a container or an environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from notebook_runner.errors import OutputError

if TYPE_CHECKING:
    from notebook_runner.images.manifest import Extension, Manifest


@click.command()
@click.argument("image", required=False)
@click.option("--variant", metavar="V", help="The variant of IMAGE (default: cpu).")
@click.option("--container", metavar="NAME", help="Probe a running container.")
@click.option(
    "--environment",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Probe a Python environment on this machine.",
)
@click.option(
    "--reference",
    metavar="IMAGE:TAG",
    help="Probe the image of a reference, whatever images.yml says.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the manifest, as JSON, to this file too.",
)
def probe(
    *,
    image: str | None,
    variant: str | None,
    container: str | None,
    environment: Path | None,
    reference: str | None,
    as_json: bool,
    output: Path | None,
) -> None:
    """Tell what is in IMAGE, or in something else.

    IMAGE is NAME or NAME/VARIANT of containers/images.yml, or the reference
    of any image on this machine.

    The answer comes from inside: operating system, Python, the packages of
    each environment, CUDA as each library sees it, driver, devices, kernels
    and extensions.

    Example: notebook-runner image probe lab-tensorflow --variant cpu
    """
    if sum(place is not None for place in (image, container, environment, reference)) != 1:
        raise click.UsageError(
            "Name one thing to probe: IMAGE, --container, --environment or --reference."
        )
    manifest = _probe(image, variant, container, environment, reference)
    written = manifest.model_dump_json(indent=1)
    if output is not None:
        try:
            output.write_text(written + "\n", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{output} cannot be written: {error.strerror}.") from error
    if as_json:
        click.echo(written)
    else:
        _show(manifest)


def _probe(
    image: str | None,
    variant: str | None,
    container: str | None,
    environment: Path | None,
    reference: str | None,
) -> Manifest:
    from notebook_runner.images import probe_target

    if container is not None:
        return probe_target.probe_container(container)
    if environment is not None:
        return probe_target.probe_environment(environment)
    if reference is not None:
        return probe_target.probe_reference(reference)
    return probe_target.probe_named(str(image), variant)


def _show(manifest: Manifest) -> None:
    from notebook_runner.cli.image.tables import in_mb, print_line, print_table

    cuda = manifest.cuda
    seen = {f"CUDA seen by {name}": version for name, version in cuda.seen_by.items()}
    facts = {
        "operating system": f"{manifest.os.name} ({manifest.os.architecture})",
        "Python": manifest.python,
        "size": None if manifest.size is None else in_mb(manifest.size),
        "CUDA runtime": cuda.runtime,
        "cuDNN": cuda.cudnn,
        "driver": cuda.driver,
        **{name: version for name, version in seen.items() if version},
        **{f"{name} does not import": error for name, error in cuda.errors.items()},
        **{f"image {name}": value for name, value in (manifest.identity or {}).items()},
        **manifest.variables,
    }
    print_table(manifest.probed, ["what", "found"], [[k, v or "-"] for k, v in facts.items()])
    print_table(
        "Devices", ["name", "memory"], [[d.name, in_mb(d.memory_bytes)] for d in manifest.devices]
    )
    print_table(
        "Kernels",
        ["name", "shown as", "language"],
        [[spec.name, spec.display_name, spec.language] for spec in manifest.kernelspecs],
    )
    columns = ["name", "version", "enabled", "ok"]
    print_table("JupyterLab's extensions", columns, map(_row, manifest.lab_extensions))
    print_table("The server's extensions", columns, map(_row, manifest.server_extensions))
    for name, found in manifest.environments.items():
        print_table(
            f"Packages of {name} (Python {found.python}, {in_mb(sum(found.sizes.values()))})",
            ["package", "version", "size"],
            [[n, v, in_mb(found.sizes.get(n, 0))] for n, v in found.packages.items()],
            numbers=["size"],
        )
    for problem in manifest.problems:
        print_line(f"Problem: {problem}")


def _row(extension: Extension) -> list[str]:
    ok = "yes" if extension.ok else f"no: {extension.problem}"
    return [extension.name, extension.version or "-", "yes" if extension.enabled else "no", ok]
