"""``notebook-runner image lock``: resolve the images' lock files anew, or check them."""

from __future__ import annotations

import click


@click.command()
@click.argument("names", metavar="[IMAGE]...", nargs=-1)
@click.option("--upgrade", is_flag=True, help="Take the newest versions of everything.")
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Change nothing: fail when a lock is not the one of what is requested.",
)
@click.option(
    "--find-links",
    "wheels",
    metavar="FOLDER",
    multiple=True,
    envvar="PIP_FIND_LINKS",
    help="Wheels that the package index does not have (repeatable). Default: the variables "
    "UV_FIND_LINKS and PIP_FIND_LINKS.",
)
def lock(names: tuple[str, ...], upgrade: bool, only_check: bool, wheels: tuple[str, ...]) -> None:
    """Resolve the lock files of containers/locks from containers/images.yml.

    IMAGE is an image (all its variants), one lock (lab-torch-gpu), or the
    environment server or kernels. Default: all. Those that fit what is requested
    stay as they are, unless --upgrade is given.

    The lock lab-torch-cpu needs PyTorch's wheel without CUDA, from PyTorch's own
    CPU index: download it into a folder and name that with --find-links.
    """
    from notebook_runner.images.lock import check, choose, locks_of
    from notebook_runner.images.lock_renewal import renew

    chosen = choose(locks_of(), names)
    if only_check:
        check(chosen)
        click.echo(f"{len(chosen)} locks are those of what is requested.", err=True)
        return
    for one in chosen:
        changed = renew(one, upgrade=upgrade, wheels=wheels)
        click.echo(f"{one.name}: {'renewed' if changed else 'unchanged'}", err=True)
