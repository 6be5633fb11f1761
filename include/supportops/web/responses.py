"""Responses of the board: pages rendered from one snapshot of the store, and errors as pages."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy import Connection

from supportops.db.engine import reading, writing
from supportops.rendering.render import render
from supportops.web.guard import ISSUED_REPORT_HEADERS
from supportops.web.page import (
    Acknowledge,
    ActiveConfiguration,
    Clock,
    NotFound,
    OpenContext,
    PageContext,
    Redirect,
)
from supportops.web.pages.report import ServedFile

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript"}

NavigationItem = tuple[str, str, str]
"""The name of a page's template, its address and its title."""


class Responses:
    """Makes responses from the store that `open_context` opens, one snapshot for each."""

    def __init__(
        self,
        open_context: OpenContext,
        active_configuration: ActiveConfiguration,
        clock: Clock,
        acknowledge: Acknowledge,
        navigation: tuple[NavigationItem, ...],
    ) -> None:
        self.open_context = open_context
        self.active_configuration = active_configuration
        self.clock = clock
        self.acknowledge = acknowledge
        self.navigation = navigation

    def page(
        self,
        name: str,
        make: Callable[[PageContext], dict[str, Any]],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The template `name`, filled with what `make` returns."""

        def respond(connection: Connection) -> HTMLResponse:
            now = self.clock()
            try:
                configuration = self.active_configuration(connection)
            except LookupError:
                return self._notice(200, "No check has run yet", "The first one reads the sites.")
            values = make(
                PageContext(connection, configuration, now, self.active_configuration.fleet_of)
            )
            return HTMLResponse(self._render(name, values), headers=headers)

        return self._from_store(name, respond)

    def file(self, find: Callable[[Connection], ServedFile]) -> Response:
        """A file of a report; a browser shows it where it has no name."""

        def respond(connection: Connection) -> Response:
            file = find(connection)
            headers = dict(ISSUED_REPORT_HEADERS)
            if file.name is not None:
                headers["content-disposition"] = f'attachment; filename="{file.name}"'
            return Response(file.content, media_type=file.media_type, headers=headers)

        return self._from_store("a file", respond)

    def acknowledgement(self, key: str, who: str) -> JSONResponse:
        """Records that `who` takes the alert `key`; 409 where it is over or somebody has it."""
        try:
            with self.open_context() as context, writing(context.engine) as connection:
                taken = self.acknowledge(connection, key, who, self.clock())
        except Exception as error:
            log.exception("%s could not acknowledge %r", who, key)
            return JSONResponse({"detail": f"the store failed ({type(error).__name__})"}, 503)
        log.info("%s acknowledged %r: %s", who, key, "taken" if taken else "was taken or over")
        return JSONResponse({"acknowledged": taken}, 200 if taken else 409)

    def _from_store(self, name: str, respond: Callable[[Connection], Response]) -> Response:
        try:
            with self.open_context() as context, reading(context.engine) as connection:
                return respond(connection)
        except Redirect as error:
            return RedirectResponse(error.to, 307)
        except NotFound as error:
            return self._notice(404, "Not found", f"{error}.".capitalize())
        except Exception as error:
            # What went wrong may hold an address with its password: the log masks, a page cannot.
            log.exception("the board could not show %s", name)
            words = f"Its store did not answer as expected ({type(error).__name__})."
            return self._notice(503, "The board cannot be shown", words)

    def _notice(self, status: int, title: str, words: str) -> HTMLResponse:
        values = {"title": title, "words": words, "check": None}
        return HTMLResponse(self._render("notice", values), status)

    def _render(self, name: str, values: Mapping[str, Any]) -> str:
        version = static_version()
        return render(f"web/{name}.html", version=version, navigation=self.navigation, **values)


def static_file(name: str) -> Response:
    """A style sheet or script by its name; 404 where there is none."""
    found = _static_files().get(name)
    if found is None:
        return Response(status_code=404)
    body, media_type = found
    headers = {"cache-control": "private, max-age=86400"}
    return Response(body, media_type=media_type, headers=headers)


@cache
def _static_files() -> dict[str, tuple[bytes, str]]:
    """The content and media type of every static file by its name, read once."""
    return {
        path.name: (path.read_bytes(), _MEDIA_TYPES[path.suffix])
        for path in STATIC.iterdir()
        if path.suffix in _MEDIA_TYPES
    }


@cache
def static_version() -> str:
    """Changes with the static files, so that a browser never mixes two releases."""
    digest = hashlib.sha256(b"".join(body for _, (body, _) in sorted(_static_files().items())))
    return digest.hexdigest()[:8]
