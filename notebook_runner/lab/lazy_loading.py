"""Load one server extension when its first request comes, and hand the request on."""

from __future__ import annotations

import asyncio
import time
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado.httputil import HTTPMessageDelegate
from tornado.routing import Router
from tornado.web import HTTPError, authenticated

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from jupyter_server.serverapp import ServerApp
    from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine, ResponseStartLine
    from tornado.web import Application


class LazyExtension:
    """An extension that is loaded once, by whoever comes first.

    Attributes
    ----------
    loaded
        Whether its handlers are in place.
    """

    def __init__(self, name: str, server: ServerApp) -> None:
        self.name = name
        self.loaded = False
        self._server = server
        self._loading: asyncio.Task[bool] | None = None

    async def load(self) -> bool:
        """Load the extension, or wait for the load that is going on.

        Returns
        -------
        bool
            Whether it can be used. One that failed is not tried again.
        """
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        # A client that goes away does not end the load for all others.
        return await asyncio.shield(self._loading)

    async def _load(self) -> bool:
        server, manager = self._server, self._server.extension_manager
        started = time.monotonic()
        # Nearly all of the time is import; meanwhile the server answers other requests.
        if not await asyncio.to_thread(manager.add_extension, self.name, enabled=True):
            return False  # The manager has logged why.
        package = manager.extensions[self.name]
        try:
            package.link_all_points(server)
            package.load_all_points(server)
            await package.start_all_points(server)
        except Exception:
            server.log.exception("%s | extension failed to load on its first request", self.name)
            return False
        self.loaded = True
        server.log.info("%s | loaded in %.1f s", self.name, time.monotonic() - started)
        return True


class LazyRouter(Router):
    """Holds the requests to an extension until it is loaded, then is not there any more."""

    def __init__(self, application: Application, extension: LazyExtension) -> None:
        self._application = application
        self._extension = extension

    def find_handler(self, request: HTTPServerRequest, **_: Any) -> HTTPMessageDelegate | None:
        """Return who takes the request; ``None`` leaves it to the routers behind this one."""
        if self._extension.loaded:
            return None
        return _HeldRequest(self._application, self._extension, request)


class _HeldRequest(HTTPMessageDelegate):
    """A request whose handler is chosen when its extension is there.

    Tornado reads the body only after what `headers_received` returns is done, so that
    websockets, uploads and static files all pass as if nobody had held them.
    """

    def __init__(
        self, application: Application, extension: LazyExtension, request: HTTPServerRequest
    ) -> None:
        self._application = application
        self._extension = extension
        self._request = request
        self._delegate: HTTPMessageDelegate | None = None

    async def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        self._delegate = await self._choose()
        waiting = self._delegate.headers_received(start_line, headers)
        if waiting is not None:
            await waiting

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk) if self._delegate else None

    def finish(self) -> None:
        if self._delegate:
            self._delegate.finish()

    def on_connection_close(self) -> None:
        if self._delegate:
            self._delegate.on_connection_close()

    async def _choose(self) -> HTTPMessageDelegate:
        request, application = self._request, self._application
        if not await _is_signed_in(application, request):
            is_page = "text/html" in request.headers.get("Accept", "")
            return application.get_handler_delegate(request, _Login if is_page else _Refusal)
        if not await self._extension.load():
            failed = {"extension": self._extension.name}
            return application.get_handler_delegate(request, _Failure, failed)
        return application.find_handler(request)


async def _is_signed_in(application: Application, request: HTTPServerRequest) -> bool:
    user = application.settings["identity_provider"].get_user(JupyterHandler(application, request))
    return bool(await user if isawaitable(user) else user)


class _Login(JupyterHandler):  # type: ignore[misc]
    """Sends somebody who opened a page to the login."""

    @authenticated
    def get(self) -> None:
        raise HTTPError(403)

    head = post = put = patch = delete = get


class _Refusal(APIHandler):  # type: ignore[misc]
    """Refuses a program that is not signed in."""

    @authenticated
    def get(self) -> None:
        raise HTTPError(403)

    head = post = put = patch = delete = get


class _Failure(APIHandler):  # type: ignore[misc]
    """Says that an extension cannot be used; the rest of the lab can."""

    def initialize(self, extension: str) -> None:
        self._extension = extension

    @authenticated
    def get(self) -> None:
        raise HTTPError(
            500,
            f"The server extension {self._extension} could not be loaded: the log of JupyterLab "
            "says why. Everything else goes on working.",
            reason="Extension failed to load",
        )

    head = post = put = patch = delete = get
