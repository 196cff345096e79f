"""Whether what answers at an address is a Galaxy; asked without a key."""

from __future__ import annotations

import json
import time

import requests
import urllib3

from notebook_runner import __version__
from notebook_runner.errors import GalaxyUnreachableError
from notebook_runner.galaxy.failures import reason

USER_AGENT = f"galaxy-notebook-runner/{__version__}"

#: Answers of a proxy whose Galaxy is being restarted.
PASSING = (502, 503, 504)

#: Seconds to wait for a first sign of life, and for the whole of the answer.
_HELLO_S = 20.0
_WHOLE_S = 30.0
#: A version is told in a few hundred bytes.
_LARGEST = 1_000_000
_CHUNK = 65536


def check_galaxy(address: str) -> None:
    """Ask for the version, without a key: it must not go to whoever happens to listen there.

    Raises
    ------
    GalaxyUnreachableError
        Nothing answers, or what answers is no Galaxy.
    """
    try:
        response, body = _ask(f"{address}/api/version")
    except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
        # A label that is too long for a host name is refused below requests.
        bad_name = isinstance(error, (UnicodeError, urllib3.exceptions.LocationParseError))
        why = "that is no possible host name" if bad_name else reason(error)
        raise GalaxyUnreachableError(
            f"No Galaxy can be reached at {address}: {why}. "
            "Check the address, the network, and whether the server runs."
        ) from None
    if response.is_redirect:
        target = response.headers["location"].removesuffix("/api/version")
        raise GalaxyUnreachableError(
            f"{address} sends its visitors on to {target}. If that is the Galaxy you mean, "
            "give its own address."
        )
    if response.status_code in PASSING:
        raise GalaxyUnreachableError(
            f"The server at {address} answers {response.status_code}: Galaxy is not available "
            "there now. Try again later."
        )
    try:
        known = "version_major" in json.loads(body)
    except (ValueError, TypeError, RecursionError):
        known = False
    if not known:
        kind = response.headers.get("content-type", "nothing").split(";")[0]
        raise GalaxyUnreachableError(
            f"What answers at {address} is no Galaxy: its /api/version gives status "
            f"{response.status_code} and {kind}. Check the address, and its prefix if it has one."
        )


def _ask(url: str) -> tuple[requests.Response, bytes]:
    """Return an answer and its body, or the beginning of one that has no end."""
    end = time.monotonic() + _WHOLE_S
    body = b""
    with requests.get(
        url,
        headers={"User-Agent": USER_AGENT},
        timeout=_HELLO_S,
        allow_redirects=False,
        stream=True,
    ) as response:
        while len(body) <= _LARGEST:
            chunk = response.raw.read1(_CHUNK, decode_content=True)
            if not chunk:
                break
            body += chunk
            if time.monotonic() > end:
                raise requests.exceptions.ReadTimeout
    return response, body
