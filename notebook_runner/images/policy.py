"""Which changes from one image to the next are not accepted without somebody's decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from notebook_runner.errors import ImageError, PolicyError
from notebook_runner.images.catalogue import EnvironmentName, every_spec
from notebook_runner.images.declaration_packages import requested_packages
from notebook_runner.images.declared_values import first_problem, printable
from notebook_runner.images.strict_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notebook_runner.images.catalogue import ImageSpec
    from notebook_runner.images.diff import Diff
    from notebook_runner.images.manifest import Manifest

RuleName = Literal[
    "removed-environment",
    "removed-requested-package",
    "major-downgrade",
    "python-change",
    "cuda-major-change",
    "os-change",
]
#: (environment, package)
Requested = set[tuple[str, str]]


class Policy(BaseModel):
    """What a policy file says.

    ``allow`` names packages that a rule does not hold for: decided
    exceptions. ``max_growth_percent`` limits how much larger an image gets.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    forbid: set[RuleName]
    max_growth_percent: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    allow: dict[RuleName, set[str]] = {}


def read_policy(path: Path) -> Policy:
    """Read and check a policy file.

    Raises
    ------
    ImageError
        When it cannot be read or says something impossible, with the place.
    """
    try:
        content = read_yaml(path)
    except ValueError as error:
        raise ImageError(f"The policy {path} cannot be read: {error}") from error
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        raise ImageError(f"The policy {path}: {first_problem(error)}") from error


def check_policy(policy: Policy, diff: Diff, requested: Requested) -> None:
    """See that nothing changed that the policy forbids.

    Parameters
    ----------
    requested
        The packages that were asked for in the first image, by environment.

    Raises
    ------
    PolicyError
        When something did, with the name of each rule.
    """
    broken = list(find_violations(policy, diff, requested))
    if broken:
        listed = "".join(f"\n  {printable(line)}" for line in broken)
        before, after = printable(diff.before), printable(diff.after)
        raise PolicyError(
            f"{after} changes what the policy forbids to change from {before}:{listed}"
        )


def find_violations(policy: Policy, diff: Diff, requested: Requested) -> Iterator[str]:
    """Name each forbidden change, its rule first."""
    for rule, find in _RULES.items():
        if rule in policy.forbid:
            for subject, text in find(diff, requested):
                if subject not in policy.allow.get(rule, ()):
                    yield f"{rule}: {text}"
    growth = diff.growth_percent
    limit = policy.max_growth_percent
    if growth is not None and limit is not None and growth > limit:
        yield f"max_growth_percent: {growth:.1f} % larger; {limit:g} % are allowed"


def requested_in(manifest: Manifest) -> Requested:
    """List what ``images.yml`` asks for in the image that a manifest is of.

    An image that does not say who it is, is held to what all of ours have.
    """
    specs = every_spec()
    spec = next((spec for spec in specs if _is_of(manifest, spec)), None)
    if spec is not None:
        return _requests(spec, manifest)
    return set.intersection(*(_requests(spec, manifest) for spec in specs))


def _is_of(manifest: Manifest, spec: ImageSpec) -> bool:
    identity = manifest.identity or {}
    return (identity.get("name"), identity.get("variant")) == (spec.repository, spec.variant)


def _requests(spec: ImageSpec, manifest: Manifest) -> Requested:
    environments: list[EnvironmentName] = list(spec.catalogue.environments)
    return {
        (environment, request.name)
        for environment in environments
        for request in requested_packages(spec, environment, manifest)
    }


# ---- rules: each yields what changed, and a sentence on it ------------------------


def _removed_environments(diff: Diff, _: Requested) -> Iterator[tuple[str, str]]:
    for fact in diff.facts:
        name = fact.what.removeprefix("Python in ")
        if name != fact.what and fact.before is not None and fact.after is None:
            yield name, f"the environment {name} is gone"


def _removed_requested(diff: Diff, requested: Requested) -> Iterator[tuple[str, str]]:
    for change in diff.packages:
        if change.kind == "removed" and (change.environment, change.name) in requested:
            yield change.name, f"{change.name} {change.before} is gone from {change.environment}"


def _major_downgrades(diff: Diff, _: Requested) -> Iterator[tuple[str, str]]:
    for change in diff.packages:
        if change.kind == "major downgrade":
            versions = f"{change.before} → {change.after}"
            yield change.name, f"{change.name} {versions} in {change.environment}"


def _python_changes(diff: Diff, _: Requested) -> Iterator[tuple[str, str]]:
    for fact in diff.facts:
        known = fact.before is not None and fact.after is not None
        if (
            fact.what.startswith("Python in ")
            and known
            and _minor(fact.before) != _minor(fact.after)
        ):
            yield fact.what, f"{fact.what} {fact.before} → {fact.after}"


def _cuda_changes(diff: Diff, _: Requested) -> Iterator[tuple[str, str]]:
    for fact in diff.facts:
        is_cuda = fact.what.startswith("CUDA ") and fact.before is not None
        if is_cuda and _major(fact.before) != _major(fact.after):
            yield fact.what, f"{fact.what} {fact.before} → {fact.after or 'none'}"


def _os_changes(diff: Diff, _: Requested) -> Iterator[tuple[str, str]]:
    for fact in diff.facts:
        if fact.what in {"operating system", "architecture"}:
            yield fact.what, f"{fact.what} {fact.before} → {fact.after}"


def _major(version: str | None) -> str:
    return (version or "").partition(".")[0]


def _minor(version: str | None) -> str:
    return ".".join((version or "").split(".")[:2])


_RULES: dict[RuleName, Callable[[Diff, Requested], Iterator[tuple[str, str]]]] = {
    "removed-environment": _removed_environments,
    "removed-requested-package": _removed_requested,
    "major-downgrade": _major_downgrades,
    "python-change": _python_changes,
    "cuda-major-change": _cuda_changes,
    "os-change": _os_changes,
}
