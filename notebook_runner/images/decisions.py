"""What is held back or kept out of the images, and why."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from notebook_runner.images.declared_values import Line, TrimPattern  # noqa: TC001 - likewise

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Decision(_Strict):
    """A departure from what the packages ask for by themselves.

    ``environments`` are names of locks: ``server`` is ``locks/server.txt``.
    """

    environments: list[Line] = Field(min_length=1)
    reason: str = Field(min_length=10)
    review_after: dt.date


class Pin(Decision):
    """A version that is held back."""

    package: Line
    specifier: Line = Field(min_length=1)

    def __str__(self) -> str:
        return f"the pin {self.package}{self.specifier}"


class LeftOut(Decision):
    """Packages that something asks for and that are not installed."""

    packages: list[Line] = Field(min_length=1)

    def __str__(self) -> str:
        return f"leaving out {', '.join(self.packages)}"


class Trim(_Strict):
    """Files of packages that an image leaves out.

    ``match`` is a pattern of paths below ``site-packages`` (a ``*`` stands for
    a ``/`` as well) that names something, ``costs`` says what cannot be done without them.
    """

    match: TrimPattern
    what: str
    costs: str


def overdue(decisions: Iterable[Decision], today: dt.date) -> list[str]:
    """Say of each decision whose date has passed what it is, why it was made, and what to do."""
    return [
        f"Look again at {decision} in {', '.join(decision.environments)}, decided until "
        f"{decision.review_after} because: {decision.reason} Take it out of "
        "containers/images.yml and run `notebook-runner image lock`; if the reason still "
        "holds, move its review_after on."
        for decision in decisions
        if decision.review_after < today
    ]
