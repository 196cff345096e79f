"""What single values of ``images.yml`` may be: they end up in Dockerfiles, names and paths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo

from notebook_runner.images import labels

if TYPE_CHECKING:
    from pydantic import ValidationError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# A name of an image as the engines have it: [HOST[:PORT]/]PATH[:TAG][@DIGEST].
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*"
_REFERENCE = re.compile(
    rf"{_REPOSITORY}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@[a-z0-9]+:[0-9a-f]{{32,}})?"
)
_LONGEST_NAME = 255

#: The labels that a build sets itself. Where the sources lie is for whoever publishes to say.
_OWN_LABELS = {value for name, value in vars(labels).items() if name.isupper()} - {labels.SOURCE}


def valid_reference(text: str) -> bool:
    """Whether a text can be the name of an image: ``registry.example.org/name:tag``."""
    return len(text) <= _LONGEST_NAME and _REFERENCE.fullmatch(text) is not None


def printable(text: str) -> str:
    """Replace what would end a line, or do something to a terminal."""
    return _CONTROL.sub("_", text)


def first_problem(error: ValidationError) -> str:
    """Say in one line where the first thing is that a model refuses, and why."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the file"
    return printable(f"{place}: {first['msg']}")


def _without_controls(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("it has a line break or another control character")
    return text


def _is_reference(text: str) -> str:
    if not valid_reference(text):
        raise ValueError(f"{text!r} cannot be the name of an image")
    return text


def _begins_a_repository(prefix: str) -> str:
    if prefix != prefix.lower() or re.fullmatch(_REPOSITORY, f"{prefix}x") is None:
        raise ValueError(
            f"no name of an image can begin with {prefix!r}; expected something like "
            "registry.example.org:5000/galaxy-, in small letters"
        )
    return prefix


def _is_free_label(name: str) -> str:
    if name in _OWN_LABELS:
        raise ValueError(f"each build sets the label {name} itself")
    return name


def _stays_here(lock: Path, info: ValidationInfo) -> Path:
    """Keep `notebook-runner image lock` from writing elsewhere, through a link too."""
    folder = (info.context or {})["folder"].resolve()
    try:
        inside = (folder / lock).resolve().is_relative_to(folder)
    except RuntimeError as error:
        raise ValueError(f"{str(lock)!r} is a link to itself") from error
    if not inside or lock.is_absolute() or lock.suffix != ".txt":
        raise ValueError(f"{str(lock)!r} is not the path of a .txt file below {folder}")
    return lock


def _selects_something(pattern: str) -> str:
    path = Path(pattern)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{pattern!r} leads out of the packages")
    if not re.search(r"\w", re.sub(r"\[.*?\]", "", pattern)):
        raise ValueError(f"{pattern!r} fits everything: name a file or a folder")
    return pattern


#: One line of text.
Line = Annotated[str, AfterValidator(_without_controls)]
MajorMinor = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}\.[0-9]{1,4}$")]
Reference = Annotated[str, AfterValidator(_is_reference)]
#: What the name of every image begins with; may be empty.
Prefix = Annotated[
    str, StringConstraints(max_length=_LONGEST_NAME // 2), AfterValidator(_begins_a_repository)
]
ImageName = Annotated[str, StringConstraints(max_length=_LONGEST_NAME // 2, pattern=rf"^{_PART}$")]
LabelName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9.-]+$"), AfterValidator(_is_free_label)
]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
#: A lock file, relative to the folder of ``images.yml``, which validation is told as context.
LockPath = Annotated[Path, AfterValidator(_stays_here)]
#: A pattern of paths below ``site-packages``.
TrimPattern = Annotated[
    str, StringConstraints(pattern=r"^[\w*?\[\]./-]+$"), AfterValidator(_selects_something)
]
#: In gigabytes (10⁹ bytes), from a megabyte on.
Budget = Annotated[float, Field(ge=0.001, lt=10**6, allow_inf_nan=False)]
