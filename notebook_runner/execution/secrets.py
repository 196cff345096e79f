"""Read secrets; the kernel gets them as environment variables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Anything shorter would turn harmless text into masks.
SHORTEST = 6
#: Linux takes no longer environment variables.
_LONGEST = 120_000


def read_secrets(specifications: Iterable[str], env: Mapping[str, str]) -> dict[str, str]:
    """Read the secrets that ``NAME`` or ``NAME=@FILE`` stand for.

    Parameters
    ----------
    specifications
        ``NAME``: the environment variable of that name; ``NAME=@FILE``: the
        content of a file, without the newline at its end.
    env
        Environment variables.

    Raises
    ------
    SecretError
        The value was put on the command line, does not exist, cannot be
        read, or is too short to be hidden.
    """
    secrets: dict[str, str] = {}
    for specification in specifications:
        name, separator, source = specification.partition("=")
        if not name.isidentifier():
            raise SecretError(
                "A secret is named NAME or NAME=@FILE, where NAME could be a variable's name."
            )
        if separator and not source.startswith("@"):
            raise SecretError(
                f"Do not write the value of secret {name!r} on the command line, where others "
                f"can see it. Use --secret {name} (from the environment) or --secret {name}=@FILE."
            )
        secrets[name] = _read_file(name, Path(source[1:])) if separator else _read_env(name, env)
        if "\0" in secrets[name] or not _is_text(secrets[name]):
            raise SecretError(f"Secret {name!r} is not text in UTF-8 without NUL characters.")
        if len(secrets[name].encode()) > _LONGEST:
            raise SecretError(
                f"Secret {name!r} is longer than {_LONGEST} bytes, which no environment variable "
                "can hold. Pass it as an input."
            )
        if len(secrets[name]) < SHORTEST:
            raise SecretError(
                f"Secret {name!r} is shorter than {SHORTEST} characters and cannot be hidden "
                "safely. Use a longer one."
            )
    return secrets


def _read_env(name: str, env: Mapping[str, str]) -> str:
    if name not in env:
        raise SecretError(
            f"Secret {name!r} is not in the environment. Set the variable {name}, "
            f"or use --secret {name}=@FILE."
        )
    return env[name]


def _read_file(name: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise SecretError(f"Cannot read secret {name!r} from {path}: {reason}.") from None
    return text.removesuffix("\n").removesuffix("\r")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
