"""What is set up inside a Galaxy that answers: its administrator, its tools, a first job."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import requests

from notebook_runner.errors import StartError
from notebook_runner.local_galaxy.credentials import (
    CONTAINERS_EMAIL,
    Credentials,
    api_key_file,
    containers_key_file,
    password_file,
    read_secret,
    write_secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebook_runner.local_galaxy.home import Home

_ENDED = ("ok", "error", "deleted", "paused", "failed_metadata")


class Administration:
    """The few calls to Galaxy's API that a local server needs, as its administrator."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["x-api-key"] = key

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Call the API and return the JSON of its answer.

        Raises
        ------
        StartError
            When the server refuses or does not answer.
        """
        try:
            answer = self._session.request(
                method, f"{self._url}/api/{path}", timeout=120, **options
            )
        except requests.RequestException as error:
            raise StartError(f"Galaxy at {self._url} stopped answering: {error}") from error
        if not answer.ok:
            raise StartError(
                f"Galaxy at {self._url} refused {method} /api/{path} with status "
                f"{answer.status_code}: {answer.text[:200]}"
            )
        return answer.json() if answer.content else None

    def is_accepted(self) -> bool:
        """Whether the server takes the key for an administrator's."""
        try:
            who = self.call("GET", "users/current")
        except StartError:
            return False
        return bool(isinstance(who, dict) and who.get("is_admin"))

    def email(self) -> str | None:
        """Return the address of the key's account; ``None`` when the server knows no such key."""
        try:
            who = self.call("GET", "users/current")
        except StartError:
            return None
        return who.get("email") if isinstance(who, dict) else None

    def tool_ids(self) -> set[str]:
        """Return the ids of the tools that the server has loaded."""
        found = self.call("GET", "tools", params={"in_panel": "false"})
        return {tool["id"] for tool in found}

    def reload_tools(self, ids: Iterable[str], section: str, *, timeout: float = 60) -> None:
        """Let the server read its list of tools, and those it has already, again.

        Parameters
        ----------
        ids
            The tools to read again.
        section
            Id of a section of the list, by which it is known that it was read.

        Raises
        ------
        StartError
            When the server has not read the list within ``timeout`` seconds.
        """
        for tool in set(ids) & self.tool_ids():
            self.call("GET", f"tools/{tool}/reload")
        self.call("PUT", "configuration/toolbox")
        end = time.monotonic() + timeout
        while section not in self.call("GET", "tool_panels/default"):
            if time.monotonic() > end:
                raise StartError(
                    f"Galaxy at {self._url} did not read its changed tools within "
                    f"{timeout:.0f} s. Start it again: `notebook-runner galaxy down`, then `up`."
                )
            time.sleep(0.1)

    def run_first_job(self, *, timeout: float = 120) -> None:
        """Run the smallest of jobs, so that the worker loads what all jobs need.

        Raises
        ------
        StartError
            When the job does not end well within ``timeout`` seconds: no
            other would either.
        """
        history = self.call("POST", "histories", json={"name": "Warming up"})["id"]
        targets = [
            {
                "destination": {"type": "hdas"},
                "elements": [{"src": "pasted", "paste_content": "warm\n", "ext": "txt"}],
            }
        ]
        sent = self.call(
            "POST", "tools/fetch", json={"history_id": history, "targets": json.dumps(targets)}
        )
        job = sent["jobs"][0]["id"]
        end = time.monotonic() + timeout
        state = "new"
        while time.monotonic() < end:
            state = self.call("GET", f"jobs/{job}")["state"]
            if state in _ENDED:
                break
            time.sleep(0.2)
        if state != "ok":
            raise StartError(
                f"Galaxy at {self._url} answers, but its first job is {state!r} after "
                f"{timeout:.0f} s at most. Its log says why."
            )
        self.call("DELETE", f"histories/{history}", params={"purge": "true"})


def ensure_administrator(home: Home, url: str, credentials: Credentials) -> Administration:
    """Make the administrator's account and API key, where they are not there yet.

    Raises
    ------
    StartError
        When the server refuses.
    """
    key = read_secret(api_key_file(home))
    if key:
        administration = Administration(url, key)
        if administration.is_accepted():
            return administration
    bootstrap = Administration(url, credentials.bootstrap_key)
    key = _make_key(bootstrap, credentials.login_email, credentials.password)
    write_secret(api_key_file(home), key)
    return Administration(url, key)


def ensure_containers_account(home: Home, url: str) -> str:
    """Make the account whose jobs run in containers, where it is not there yet.

    Returns
    -------
    str
        Its API key. Its password is the administrator's.

    Raises
    ------
    StartError
        When the server refuses.
    """
    key = read_secret(containers_key_file(home))
    if key and Administration(url, key).email() == CONTAINERS_EMAIL:
        return key
    administration = Administration(url, read_secret(api_key_file(home)))
    key = _make_key(administration, CONTAINERS_EMAIL, read_secret(password_file(home)))
    write_secret(containers_key_file(home), key)
    return key


def _make_key(administration: Administration, email: str, password: str) -> str:
    """Make an API key for an account, and the account where there is none."""
    user = _find_user(administration, email)
    if user is None:
        account = {
            "username": email.partition("@")[0],
            "email": email,
            "password": password,
        }
        user = administration.call("POST", "users", json=account)["id"]
    return str(administration.call("POST", f"users/{user}/api_key"))


def _find_user(administration: Administration, email: str) -> str | None:
    for user in administration.call("GET", "users", params={"f_email": email}):
        if user["email"] == email:
            return str(user["id"])
    return None
