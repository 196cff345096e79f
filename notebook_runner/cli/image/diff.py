"""``notebook-runner image diff``: compare two manifests or images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from notebook_runner.images.diff import Diff


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What may not change. Default: containers/policy.yml.",
)
@click.option("--no-policy", is_flag=True, help="Only show what differs.")
def diff(before: str, after: str, as_json: bool, policy_file: Path | None, no_policy: bool) -> None:
    """Compare A with B: manifest files, or images.

    An image is NAME (its cpu variant) or NAME/VARIANT of containers/images.yml,
    or the reference of any image on this machine.

    The exit code is 47 when something changed that the policy forbids.

    Example: notebook-runner image diff manifest-of-last-year.json lab/cpu
    """
    from notebook_runner.images.catalogue import find_containers
    from notebook_runner.images.diff import compare_manifests
    from notebook_runner.images.policy import check_policy, read_policy, requested_in
    from notebook_runner.images.probe_target import load_manifest

    if no_policy and policy_file is not None:
        raise click.UsageError("--policy and --no-policy exclude each other.")
    policy = None if no_policy else read_policy(policy_file or find_containers() / "policy.yml")
    first, second = load_manifest(before), load_manifest(after)
    found = compare_manifests(first, second)
    if as_json:
        click.echo(found.model_dump_json(indent=1))
    else:
        _show(found)
    if policy is not None:
        check_policy(policy, found, requested_in(first))


def _show(found: Diff) -> None:
    from notebook_runner.cli.image.tables import in_mb, print_line, print_table

    facts = [[fact.what, fact.before or "-", fact.after or "-"] for fact in found.facts]
    if found.size_before is not None and found.size_after is not None:
        grown = found.growth_percent or 0.0
        after = f"{in_mb(found.size_after)} ({grown:+.1f} %)"
        facts.append(["size", in_mb(found.size_before), after])
    columns = [found.before, found.after]
    print_table("Differences", ["what", *columns], facts)
    print_table(
        "Packages",
        ["change", "environment", "package", *columns],
        [
            [
                change.kind,
                change.environment,
                change.name,
                change.before or "-",
                change.after or "-",
            ]
            for change in found.packages
        ],
    )
    if not found.packages:
        print_line("The packages are the same.")
