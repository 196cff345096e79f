r"""Write parameters as source code of the kernel's language, unchanged.

papermill's translators do the work. Where one of them would change a text on
its way (R and Julia read ``\xe9`` as a byte, Julia and PowerShell fill in
``$name``), ours stands before it or the value is refused by name.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from papermill.exceptions import PapermillException
from papermill.translators import (
    JuliaTranslator,
    PythonTranslator,
    RTranslator,
    papermill_translators,
)

from notebook_runner.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Languages in which a text survives whatever is in it.
_ALL_TEXT = frozenset({"python", "bash", "R", "r", "julia"})
_UNSAFE = frozenset("\\\"'$`%{}")
_COMMENT = "Parameters"


class UnchangedPython(PythonTranslator):  # type: ignore[misc]
    """Python, with text written by ``repr``, and dictionaries that keep their keys."""

    @classmethod
    def translate_str(cls, val: str) -> str:
        """Write text as a Python literal."""
        return ascii(val) if any(0xD800 <= ord(c) <= 0xDFFF for c in val) else repr(val)


class _EscapedUtf8:
    """Text between double quotes, escaped where the language wants it."""

    escapes: Mapping[str, str] = {
        "\\": "\\\\",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
    }

    @classmethod
    def translate_escaped_str(cls, str_val: Any) -> str:
        """Write text as a literal of the language."""
        return '"' + "".join(cls.escapes.get(c, c) for c in str(str_val)) + '"'


class UnchangedR(_EscapedUtf8, RTranslator):  # type: ignore[misc]
    """R, with text in UTF-8."""


class UnchangedJulia(_EscapedUtf8, JuliaTranslator):  # type: ignore[misc]
    """Julia, with text in UTF-8 and without interpolation; special numbers by name."""

    escapes: Mapping[str, str] = {**_EscapedUtf8.escapes, "$": "\\$"}

    @classmethod
    def translate_float(cls, val: float) -> str:
        """Write a number; Julia calls the special ones NaN and Inf."""
        if math.isfinite(val):
            return str(val)
        return "NaN" if math.isnan(val) else ("Inf" if val > 0 else "-Inf")


def register_translators() -> None:
    """Put our translators before papermill's, for this process."""
    papermill_translators.register("python", UnchangedPython)
    papermill_translators.register("r", UnchangedR)
    papermill_translators.register("R", UnchangedR)
    papermill_translators.register("julia", UnchangedJulia)


def check_translation(parameters: Mapping[str, Any], kernel: str, language: str) -> None:
    """Refuse, by name, what cannot be passed to a kernel of this language.

    Raises
    ------
    ParameterError
        papermill knows no translation for the language or for a value's type,
        or a text would not arrive unchanged.
    """
    if not parameters:
        return
    register_translators()
    try:
        translator = papermill_translators.find_translator(kernel, language)
    except PapermillException:
        raise ParameterError(
            f"Parameters cannot be passed to a {language} kernel: papermill has no translator "
            "for it. Run the notebook without parameters."
        ) from None
    for name, value in parameters.items():
        try:
            source = translator.codify({name: value}, _COMMENT)
        except NotImplementedError:
            raise ParameterError(
                f"Parameter {name!r}: a {type(value).__name__} cannot be passed to a {language} "
                "kernel. Pass it as text and read it in the notebook."
            ) from None
        if "\0" in source:
            raise ParameterError(f"Parameter {name!r}: a NUL character cannot be passed.")
        if language not in _ALL_TEXT and not all(_is_plain(text) for text in _texts(value)):
            raise ParameterError(
                f"Parameter {name!r}: text with quotes, backslashes, braces, $, %, ` or characters "
                f"outside ASCII does not arrive unchanged in a {language} kernel. "
                "Pass it in a file as an input."
            )


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [t for pair in value.items() for item in pair for t in _texts(item)]
    return [t for item in value for t in _texts(item)] if isinstance(value, list) else []


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not _UNSAFE.intersection(text)
