"""Ask a running Jupyter server what its kernels and terminals do."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_ANSWER_LIMIT_S = 10


class JupyterSilentError(Exception):
    """The server does not answer, or not with what was asked for."""


@dataclass(frozen=True)
class ServerActivity:
    """What a server says of itself.

    Attributes
    ----------
    busy_kernels
        How many kernels execute something.
    traces
        When each kernel and each terminal last did something: a text that changes with it.
    """

    busy_kernels: int
    traces: str


class JupyterApi:
    """The REST API of one Jupyter server.

    Parameters
    ----------
    url
        Its address with the base URL: ``http://127.0.0.1:8888/lab/``.
    token
        Sent in a header; empty for a server that asks for none.
    """

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or 80
        self._base = parts.path.rstrip("/")
        self._headers = {"Authorization": f"token {token}"} if token else {}

    def activity(self) -> ServerActivity:
        """Ask for the present activity; asking counts as none.

        Raises
        ------
        JupyterSilentError
            There is no answer, or not that of a Jupyter server.
        """
        # Not /api/status: an open tab asks for this and that all the time, which counts there.
        kernels, terminals = self._get("/api/kernels"), self._get("/api/terminals")
        try:
            busy = sum(kernel["execution_state"] == "busy" for kernel in kernels)
            traces = [(kernel["id"], kernel["last_activity"]) for kernel in kernels]
            traces += [(terminal["name"], terminal["last_activity"]) for terminal in terminals]
        except (KeyError, TypeError) as error:
            raise JupyterSilentError(f"an answer that is not Jupyter's ({error!r})") from error
        return ServerActivity(busy, repr(sorted(traces)))

    def _get(self, path: str) -> Any:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_ANSWER_LIMIT_S)
        try:
            connection.request(
                "GET", f"{self._base}{path}?no_track_activity=1", headers=self._headers
            )
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != http.client.OK:
                raise JupyterSilentError(f"{path} answers {answer.status} {answer.reason}")
            return json.loads(body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise JupyterSilentError(f"{path}: {error}") from error
        finally:
            connection.close()
