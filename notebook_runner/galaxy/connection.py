"""A checked connection to a Galaxy server."""

from __future__ import annotations

import ipaddress
import math
import time
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

import requests
from bioblend.galaxy import GalaxyInstance

from notebook_runner.errors import GalaxyError, GalaxyKeyError, GalaxyUnreachableError
from notebook_runner.galaxy.failures import explained, galaxy_message, reason
from notebook_runner.galaxy.keys import hide, read_key, warn_on_stderr
from notebook_runner.galaxy.recognition import PASSING, USER_AGENT, check_galaxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

__all__ = ["Connection", "connect", "read_key"]

_KEY_HEADER = "x-api-key"

#: Seconds to wait for a connection, and for an answer.
_CONNECT_S = 15.0
_ANSWER_S = 120.0
#: The same when the time for waiting is over.
_LAST_S = 5.0

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


class Connection(GalaxyInstance):
    """bioblend's instance with time limits, patience, and a key that stays hidden.

    Attributes
    ----------
    patience
        Seconds for which a GET is tried again while the server cannot be
        reached or its proxy answers 502 to 504. Nothing but a GET is ever
        sent twice.
    deadline
        When no GET is tried again any more, and none waits long for its
        answer, as ``time.monotonic`` counts; ``None`` for never.
    on_trouble
        Told when such waiting begins.
    """

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, key=key, user_agent=USER_AGENT)
        self.timeout = _ANSWER_S
        self.patience = 120.0
        self.deadline: float | None = None
        self.on_trouble: Callable[[str], None] = warn_on_stderr
        self._session = _Session()
        weakref.finalize(self, self._session.close)

    def make_get_request(self, url: str, **kwargs: Any) -> requests.Response:
        """Send a GET, and again while the failure is one that passes."""
        kwargs.setdefault("verify", self.verify)
        headers = {name: value for name, value in self.json_headers.items() if value is not None}
        began = time.monotonic()
        end = min(began + self.patience, self.deadline or math.inf)
        pause = _FIRST_PAUSE_S
        while True:
            failure: requests.RequestException | None = None
            timeout = kwargs.get("timeout") or self._timeout()
            try:
                response = self._session.get(url, headers=headers, **{**kwargs, "timeout": timeout})
            except (requests.ConnectionError, requests.Timeout) as error:
                failure = error
            if failure is None and response.status_code not in PASSING:
                return response
            left = end - time.monotonic()
            if left <= 0:
                if failure is not None:
                    raise failure
                return response
            if pause == _FIRST_PAUSE_S:
                why = reason(failure) if failure else f"it answers {response.status_code}"
                self.on_trouble(
                    f"{self.base_url}: {hide(why, self.key)}; "
                    f"trying again for up to {max(end - began, 0):.0f} s"
                )
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _timeout(self) -> tuple[float, float]:
        """Return the seconds to wait for a connection and for an answer."""
        if self.deadline is None:
            return _CONNECT_S, _ANSWER_S
        left = max(self.deadline - time.monotonic(), _LAST_S)
        return min(_CONNECT_S, left), min(_ANSWER_S, left)

    def explained(
        self, action: str, kind: type[GalaxyError] = GalaxyError
    ) -> AbstractContextManager[None]:
        """Raise errors of ours, without the key, for what goes wrong in the block."""
        return explained(action, server=self.base_url, key=self.key, kind=kind)

    def hide_key(self, text: str) -> str:
        """Return ``text`` without the key in it."""
        return hide(text, self.key)

    def link_to_history(self, history_id: str) -> str:
        """Return the address of a history's page."""
        return f"{self.base_url}/histories/view?id={history_id}"

    def link_to_dataset(self, dataset_id: str) -> str:
        """Return the address of a dataset's page."""
        return f"{self.base_url}/datasets/{dataset_id}"

    def link_to_job(self, job_id: str) -> str:
        """Return the address of a job's page."""
        return f"{self.base_url}/jobs/{job_id}/view"


class _Session(requests.Session):
    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Keep the key to the server it was given for: requests knows only Authorization."""
        super().rebuild_auth(prepared_request, response)
        old, new = response.request.url or "", prepared_request.url or ""
        if self.should_strip_auth(old, new):
            prepared_request.headers.pop(_KEY_HEADER, None)


def connect(url: str, key: str, *, warn: Callable[[str], None] = warn_on_stderr) -> Connection:
    """Connect to a Galaxy, and check that it is one and takes the key.

    Parameters
    ----------
    url
        Address of the server, with its prefix if it has one.
    key
        An API key; it is sent only after the server has answered like a Galaxy.
    warn
        Told when the key travels unencrypted, and when the server does not
        answer for a while.

    Raises
    ------
    GalaxyUnreachableError
        The address is wrong, nothing answers, or what answers is no Galaxy.
    GalaxyKeyError
        The key is refused.
    """
    address = _checked_address(url)
    parts = urlsplit(address)
    if parts.scheme == "http" and not _is_this_machine(parts.hostname or ""):
        warn(f"{address} is not encrypted: others on the way can read your API key. Use https.")
    check_galaxy(address)
    connection = Connection(address, key)
    connection.on_trouble = warn
    _check_key(connection)
    return connection


def _checked_address(url: str) -> str:
    """Return the address without a slash at the end."""
    try:
        parts = urlsplit(url.strip())
        well_formed = bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, well_formed = SplitResult("", "", "", "", ""), False
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        # Not shown: it may hold a password or a key.
        raise GalaxyUnreachableError(
            "The Galaxy address has a user name, a query or a fragment in it. "
            "Give only the address, such as https://usegalaxy.org, and the key by GALAXY_API_KEY."
        )
    if parts.scheme not in ("http", "https") or not well_formed:
        raise GalaxyUnreachableError(
            f"{url!r} is not the address of a Galaxy: it has to begin with https:// (or http://) "
            "and name a host, such as https://usegalaxy.org."
        )
    return parts.geturl().rstrip("/").removesuffix("/api")


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_key(connection: Connection) -> None:
    url = f"{connection.url}/whoami"
    with connection.explained("log in"):
        response = connection.make_get_request(url)
    said = connection.hide_key(galaxy_message(response.content)).rstrip(".")
    if response.status_code in (401, 403):
        raise GalaxyKeyError(
            f"Galaxy at {connection.base_url} refuses the API key ({said}). "
            "Make a new one under User > Preferences > Manage API Key."
        )
    try:
        user = response.json() if response.status_code == requests.codes.ok else None
    except (ValueError, RecursionError):
        user = None
    if not isinstance(user, dict):
        raise GalaxyKeyError(
            f"Galaxy at {connection.base_url} does not take the API key: it answers as to a "
            "visitor who is not logged in. Check that a proxy lets the header x-api-key through."
        )
