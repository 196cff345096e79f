"""A server extension that imports others only when their first request comes.

JupyterLab's heavy extensions take seconds and memory at every start, also where nobody uses
them. Jupyter Server is told not to load them (``ServerApp.jpserver_extensions``) and this
extension, which of their URLs stand for them::

    c.LazyExtensions.prefixes = {"voila.server_extension": ["voila"]}

The first request of somebody who is signed in loads the extension and goes on to its handlers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.config import ExtensionConfigManager
from jupyter_server.utils import url_path_join
from tornado.routing import PathMatches, Rule
from traitlets import Dict, List, Unicode
from traitlets.config import LoggingConfigurable

from notebook_runner.lab.lazy_loading import LazyExtension, LazyRouter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_server.serverapp import ServerApp


class LazyExtensions(LoggingConfigurable):
    """Which server extensions wait for their first request."""

    prefixes = Dict(
        key_trait=Unicode(),
        value_trait=List(Unicode()),
        help="Name of a server extension -> the URLs below the base URL that it answers.",
    ).tag(config=True)

    def defer(self, server: ServerApp) -> list[str]:
        """Put a router in front of the URLs of each extension that is to wait.

        What a person has disabled stays out; what the server has loaded already (it was enabled
        on the command line) is left alone.

        Returns
        -------
        list of str
            The extensions that wait.
        """
        settings = ExtensionConfigManager(read_config_path=server.config_file_paths)
        enabled = settings.get_jpserver_extensions()
        loaded = server.extension_manager.extensions
        waiting = [
            name
            for name in self.prefixes
            if enabled.get(name) and not (name in loaded and loaded[name].enabled)
        ]
        for name in waiting:
            router = LazyRouter(server.web_app, LazyExtension(name, server))
            matcher = PathMatches(_pattern(server.base_url, self.prefixes[name]))
            # Before all others: once its extension is loaded it lets every request pass.
            server.web_app.default_router.rules.insert(0, Rule(matcher, router))
        return waiting


def _pattern(base_url: str, prefixes: Sequence[str]) -> str:
    """Match the prefixes and what is below them: ``git`` and ``git/status``, not ``github``."""
    roots = "|".join(re.escape(url_path_join(base_url, prefix)) for prefix in prefixes)
    return f"(?:{roots})(?:/.*)?$"


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    waiting = LazyExtensions(parent=server).defer(server)
    server.log.info("Loaded when first used: %s", ", ".join(waiting) or "nothing")
