"""Build an image: from its locks to a tag that says what was found in it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner import __version__
from notebook_runner.errors import BuildError
from notebook_runner.images.buildkit import BuildRequest, find_client
from notebook_runner.images.context import flavour, secrets, stage
from notebook_runner.images.declaration import check_declaration
from notebook_runner.images.declared_values import valid_reference
from notebook_runner.images.engine import connect, explained
from notebook_runner.images.identity import Identity, Sources, content_id, stage_identity, verify
from notebook_runner.images.lock import check as check_locks
from notebook_runner.images.lock import lock_hash, locks_for
from notebook_runner.images.probe import probe
from notebook_runner.images.runners import ImageRunner
from notebook_runner.images.size import check_budget
from notebook_runner.images.tag import compute_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import DockerClient

    from notebook_runner.images.buildkit import BuildKitClient
    from notebook_runner.images.catalogue import ImageSpec
    from notebook_runner.images.manifest import Manifest

#: Names another base image than ``images.yml`` does.
BASE_VARIABLE = "BASE_IMAGE"


@dataclass(frozen=True)
class BuiltImage:
    """An image that was built, probed and tagged; ``size`` is in bytes."""

    identity: Identity
    manifest: Manifest
    size: int
    budget: int
    seconds: float


@dataclass(frozen=True)
class _Build:
    """One build under way: what it is told, and the names that its parts share."""

    spec: ImageSpec
    base: str
    engine: DockerClient
    client: BuildKitClient
    folder: Path
    draft: str
    cached: bool
    say: Callable[[str], None]

    def make_draft(self) -> Manifest:
        """Build all layers but the last, and see what is in them."""
        request = BuildRequest(
            context=stage(self.spec, self.folder),
            tag=self.draft,
            arguments={"BASE_IMAGE": self.base},
            secrets=secrets(self.folder),
            cached=self.cached,
        )
        self.client.build(request, self.say)
        return probe(ImageRunner(self.engine, self.draft))

    def identify(self, manifest: Manifest) -> Identity:
        """Compute who the image is."""
        with explained(self.engine):
            layers = self.engine.images.get(self.draft).attrs["RootFS"]["Layers"]
        return Identity(
            name=self.spec.repository,
            tag=compute_tag(self.spec, manifest, __version__),
            content_id=content_id(layers),
            lock_hash=lock_hash(self.spec),
            flavour=flavour(self.spec),
            variant=self.spec.variant,
        )

    def bake(self, identity: Identity) -> None:
        """Add the last layer, which says who the image is."""
        context = self.folder / "identity"
        context.mkdir()
        stage_identity(self.spec, identity, self.draft, context, find_sources(self.spec.folder))
        request = BuildRequest(context=context, tag=identity.reference, network="none")
        self.client.build(request, self.say)

    def untag(self) -> None:
        """Take the draft's name away; what stands on it stays."""
        from docker.errors import DockerException

        with suppress(DockerException, OSError):
            self.engine.images.remove(self.draft, noprune=True)


def build(
    spec: ImageSpec,
    *,
    base: str | None = None,
    cached: bool = True,
    say: Callable[[str], None],
) -> BuiltImage:
    """Build an image, look into it, and give it the tag that follows from what is there.

    Parameters
    ----------
    base
        The plain Debian or Ubuntu image to stand on; else ``BASE_IMAGE`` of
        the environment, else the one of ``images.yml``.
    cached
        Whether layers of earlier builds may be used.
    say
        Gets each line of the build's log.

    Raises
    ------
    LockError
        When a lock is missing, or is not the one of what is requested.
    EngineError
        When there is no engine that may be used, or none that has BuildKit.
    BuildError
        When a step fails, or the base cannot be had.
    DeclarationError
        When what was declared is not what was found, or the finished image is another.
    BudgetError
        When the image is larger than it may be.
    """
    began = time.monotonic()
    check_locks(locks_for(spec))
    engine = connect()
    client = find_client()
    base = base or os.environ.get(BASE_VARIABLE) or spec.catalogue.base.image
    if not valid_reference(base):
        raise BuildError(f"{base!r} cannot be the name of an image. --base names another.")
    ensure_base(engine, base, say)
    draft = f"{spec.repository}:draft-{uuid.uuid4().hex[:8]}"
    with _temporary_folder() as folder:
        work = _Build(spec, base, engine, client, folder, draft, cached, say)
        try:
            manifest = work.make_draft()
            check_declaration(spec, manifest)
            check_budget(spec, manifest)
            identity = work.identify(manifest)
            work.bake(identity)
        finally:
            work.untag()
    with explained(engine):
        attributes = engine.images.get(identity.reference).attrs
    verify(attributes, asdict(identity))
    size = int(attributes["Size"])
    return BuiltImage(identity, manifest, size, spec.budget, time.monotonic() - began)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        made = tempfile.TemporaryDirectory(prefix="notebook-runner-build-")
    except OSError as error:
        raise BuildError(
            f"No temporary folder can be made: {error.strerror}. See TMPDIR."
        ) from error
    with made as folder:
        yield Path(folder)


def ensure_base(engine: DockerClient, base: str, say: Callable[[str], None]) -> None:
    """See that the base image is there; fetch it where it is not.

    Raises
    ------
    BuildError
        When it is neither here nor can be fetched.
    """
    from docker.errors import APIError, ImageNotFound

    with explained(engine):
        try:
            engine.images.get(base)
        except ImageNotFound:
            pass
        else:
            return
        say(f"Fetching the base image {base}.")
        try:
            engine.images.pull(base)
        except APIError as error:
            reason = str(error.explanation or error).strip().splitlines()[0]
            raise BuildError(
                f"The base image {base} is not here and cannot be fetched ({reason}). "
                "`make base-image` makes one; --base or BASE_IMAGE names another."
            ) from error


def find_sources(folder: Path) -> Sources:
    """Name the commit of the sources and its date; of changed ones only the time of now."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude", "*"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        dated = subprocess.run(
            ["git", "log", "-1", "--format=%cI"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pass
    else:
        revision = described.stdout.strip()
        if not revision.endswith("-dirty"):
            return Sources(revision, dated.stdout.strip())
    return Sources(None, datetime.now(UTC).isoformat(timespec="seconds"))
