"""How two manifests differ: packages, Python, CUDA, operating system, size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from packaging.version import Version
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from notebook_runner.images.manifest import Manifest

ChangeKind = Literal["major upgrade", "major downgrade", "removed", "added", "changed"]
_ORDER: tuple[ChangeKind, ...] = (
    "major upgrade",
    "major downgrade",
    "removed",
    "added",
    "changed",
)


class _Compared(BaseModel):
    model_config = ConfigDict(frozen=True)


class PackageChange(_Compared):
    """A package of one environment that is not the same in both."""

    environment: str
    name: str
    kind: ChangeKind
    before: str | None
    after: str | None


class FactChange(_Compared):
    """Anything else that is not the same in both."""

    what: str
    before: str | None
    after: str | None


class Diff(_Compared):
    """All that differs, from a first manifest to a second; sizes in bytes."""

    before: str
    after: str
    facts: list[FactChange]
    packages: list[PackageChange]
    size_before: int | None
    size_after: int | None

    @property
    def growth_percent(self) -> float | None:
        """How much larger the second is, ``None`` where a size is not known."""
        if not self.size_before or self.size_after is None:
            return None
        return 100 * (self.size_after - self.size_before) / self.size_before


def compare_manifests(before: Manifest, after: Manifest) -> Diff:
    """Compare two manifests; package changes come with the major ones first."""
    old, new = _facts(before), _facts(after)
    return Diff(
        before=before.probed,
        after=after.probed,
        facts=[
            FactChange(what=what, before=old.get(what), after=new.get(what))
            for what in {**old, **new}
            if old.get(what) != new.get(what)
        ],
        packages=sorted(
            (
                change
                for environment in {**before.environments, **after.environments}
                for change in _compare_packages(environment, before, after)
            ),
            key=lambda change: (_ORDER.index(change.kind), change.environment, change.name),
        ),
        size_before=before.size,
        size_after=after.size,
    )


def _facts(manifest: Manifest) -> dict[str, str | None]:
    cuda = manifest.cuda
    pythons = {f"Python in {n}": found.python for n, found in manifest.environments.items()}
    return {
        "operating system": manifest.os.name,
        "architecture": manifest.os.architecture,
        **pythons,
        "CUDA runtime": cuda.runtime,
        "cuDNN": cuda.cudnn,
        **{f"CUDA seen by {library}": version for library, version in cuda.seen_by.items()},
    }


def _compare_packages(environment: str, before: Manifest, after: Manifest) -> list[PackageChange]:
    old = _packages(before, environment)
    new = _packages(after, environment)
    return [
        PackageChange(
            environment=environment,
            name=name,
            kind=_kind(old.get(name), new.get(name)),
            before=old.get(name),
            after=new.get(name),
        )
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _packages(manifest: Manifest, environment: str) -> dict[str, str]:
    found = manifest.environments.get(environment)
    return {} if found is None else found.packages


def _kind(before: str | None, after: str | None) -> ChangeKind:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    try:
        old, new = Version(before), Version(after)
    except ValueError:
        # No version, or one with more digits than Python takes for a number.
        return "changed"
    if (old.epoch, old.major) == (new.epoch, new.major):
        return "changed"
    return "major upgrade" if new > old else "major downgrade"
