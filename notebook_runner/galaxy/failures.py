"""Turn what bioblend, requests and tuspy raise into errors that say what to do."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import bioblend
import requests
from tusclient.exceptions import TusCommunicationError

from notebook_runner.errors import GalaxyError, GalaxyKeyError, GalaxyUnreachableError
from notebook_runner.galaxy.keys import hide

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 300
_SEQUENCES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_UNAUTHORIZED = 401
_BUSY = (429, 502, 503, 504)


@contextmanager
def explained(
    action: str, *, server: str, key: str | None, kind: type[GalaxyError] = GalaxyError
) -> Iterator[None]:
    """Raise errors of ours for everything that goes wrong in a request.

    Parameters
    ----------
    action
        What was being done, as in "cannot ACTION".
    server
        Address of the Galaxy.
    key
        Taken out of every message.
    kind
        The error for an answer that is not about reaching the server.
    """
    try:
        yield
    except (bioblend.ConnectionError, TusCommunicationError) as error:
        body = error.body if isinstance(error, bioblend.ConnectionError) else error.response_content
        text = galaxy_message(body) or _own_words(error)
        raise _error(error.status_code, hide(text, key), action, server, kind) from None
    except requests.RequestException as error:
        raise GalaxyUnreachableError(
            f"Cannot {action}: {hide(reason(error), key)} ({server}). "
            "Check the network and whether the server runs, then try again."
        ) from None


def galaxy_message(body: bytes | str | None) -> str:
    """Return what Galaxy says in an answer, in one line; empty when it says nothing readable."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    message = content.get("err_msg") if isinstance(content, dict) else content
    return shorten(str(message or ""))


def plain(text: str) -> str:
    """Take out what would do something to a terminal; line breaks and tabs stay."""
    return _SEQUENCES.sub("", text)


def shorten(text: str) -> str:
    """Bring a message of somebody else's to one line of bearable length."""
    line = " ".join(plain(re.sub(r"<[^>]{1,200}>", " ", text)).split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def reason(error: Exception) -> str:
    """Say in a few words why a request failed."""
    text = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        found = re.search(r"certificate verify failed: ([^(]+)", text)
        if found:
            return f"its TLS certificate is not trusted ({found[1].strip()})"
        return "it does not speak TLS properly (is it http instead of https?)"
    if isinstance(error, requests.exceptions.Timeout):
        return "it does not answer in time"
    for pattern, words in (
        (r"NameResolution|getaddrinfo|Name or service not known", "its host name is not known"),
        (r"Connection refused", "the connection is refused"),
        (r"No route to host|unreachable", "there is no route to it"),
        (r"ConnectionReset|Connection aborted|RemoteDisconnected", "the connection broke off"),
        (r"ChunkedEncoding|IncompleteRead", "the connection broke off"),
    ):
        if re.search(pattern, text):
            return words
    return f"the connection failed ({type(error).__name__})"


def _own_words(error: bioblend.ConnectionError | TusCommunicationError) -> str:
    """Both libraries wrap what requests raised, one as an object, one as its text."""
    inner = error.args[0]
    if error.status_code is None:
        return reason(inner if isinstance(inner, Exception) else error)
    return str(inner)


def _error(
    status: int | None, text: str, action: str, server: str, kind: type[GalaxyError]
) -> GalaxyError:
    said = shorten(text).rstrip(".")
    if status is None:
        return GalaxyUnreachableError(
            f"Cannot {action}: {said} ({server}). "
            "Check the network and whether the server runs, then try again."
        )
    if status == _UNAUTHORIZED:
        return GalaxyKeyError(
            f"Cannot {action}: {server} refuses the API key ({said}). "
            "Make a new one under User > Preferences > Manage API Key."
        )
    if status in _BUSY:
        return GalaxyUnreachableError(
            f"Cannot {action}: {server} is not available now (status {status}). Try again later."
        )
    return kind(f"Cannot {action}: Galaxy at {server} says: {said} (status {status}).")
