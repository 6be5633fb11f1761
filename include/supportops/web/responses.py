"""Responses of the board: pages rendered from one snapshot of the store, and errors as pages."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from supportops.clock import Clock
from supportops.context import Context, OpenContext
from supportops.db.engine import reading
from supportops.db.migrate import SchemaError
from supportops.rendering.printable import printable_line
from supportops.rendering.render import render, sentence
from supportops.web.acts.act import Act, Acting, Refused
from supportops.web.as_json import as_json
from supportops.web.customers.pages import require
from supportops.web.examinations import Examinations
from supportops.web.guard import ISSUED_REPORT_HEADERS
from supportops.web.page import (
    ActiveConfiguration,
    MadeFile,
    NotFound,
    OpenSources,
    Page,
    PageContext,
    Redirect,
    Viewer,
)
from supportops.web.pages.report import ReportAddress, served_file
from supportops.web.tickets.recordings import recording_file

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

Respond = Callable[[Context, Connection], Response]
NavigationItem = tuple[str, str, str]
"""The name of a page's template, its address and its title."""
ONLY_TO_ACT = frozenset({"call"})
"""Pages with nothing for whoever may only read; the head of a page leaves them out for those."""
TO_CUSTOMERS = "reports"
"""The page that the head of a page names to a login that is bound to customers."""


class Responses:
    """Makes responses from the store that `open_context` opens, one snapshot for each."""

    def __init__(
        self,
        open_context: OpenContext,
        active_configuration: ActiveConfiguration,
        clock: Clock,
        navigation: tuple[NavigationItem, ...],
        open_sources: OpenSources,
        examinations: Examinations,
    ) -> None:
        self.open_context = open_context
        self.active_configuration = active_configuration
        self.clock = clock
        self.navigation = navigation
        self.open_sources = open_sources
        self.examinations = examinations

    def page(self, page: Page[Any], query: BaseModel, viewer: Viewer) -> Response:
        """The template of `page`, filled with what it makes of `query`."""

        def respond(context: Context, connection: Connection) -> HTMLResponse:
            try:
                found = self._page_context(context, connection, viewer)
            except LookupError:
                return self._notice(200, "No check has run yet", "The first one reads the sites.")
            shown = _for(page, viewer)
            values = shown.make(found, query)
            return HTMLResponse(self._render(shown.name, values, viewer), headers=shown.headers)

        return self._from_store(page.name, respond, viewer)

    def page_values(self, page: Page[Any], query: BaseModel, viewer: Viewer) -> Response:
        """What `page` makes of `query` as JSON: instants in ISO, lengths of time in seconds."""

        def respond(context: Context, connection: Connection) -> Response:
            try:
                found = self._page_context(context, connection, viewer)
            except LookupError:
                return JSONResponse({"detail": "No check has run yet."}, 404)
            return JSONResponse(as_json(_for(page, viewer).make(found, query)))

        try:
            with self.open_context() as context, reading(context.engine) as connection:
                return respond(context, connection)
        except Redirect as error:
            return JSONResponse({"to": error.to}, 307, headers={"location": f"../{error.to}"})
        except NotFound as error:
            return JSONResponse({"detail": sentence(error)}, 404)
        except SchemaError as error:
            return JSONResponse({"detail": sentence(error)}, 503)
        except Exception as error:
            log.exception("the board could not tell %s", page.name)
            return JSONResponse({"detail": f"It failed ({type(error).__name__})."}, 503)

    def made_file(self, file: MadeFile[Any], query: BaseModel, viewer: Viewer) -> Response:
        """What `file` makes of `query`, to be saved where it has a name."""

        def respond(context: Context, connection: Connection) -> Response:
            try:
                found = self._page_context(context, connection, viewer)
            except LookupError:
                raise NotFound("no check has run yet") from None
            if viewer.customers is not None:
                raise NotFound("there is nothing here")
            made = file.make(found, query)
            name = f'attachment; filename="{made.name}"' if made.name else "inline"
            headers = {"content-disposition": name}
            return Response(made.content, media_type=made.media_type, headers=headers)

        return self._from_store(file.path, respond, viewer)

    def report_file(self, parts: tuple[str, str, str, str], name: str, viewer: Viewer) -> Response:
        """A file of a report, by the parts of its address; a browser shows it where it has no
        name."""

        def respond(context: Context, connection: Connection) -> Response:
            address = ReportAddress.of(*parts)
            if viewer.customers is not None:
                require(self._page_context(context, connection, viewer), address)
            file = served_file(connection, address, name)
            headers = dict(ISSUED_REPORT_HEADERS)
            if file.name is not None:
                headers["content-disposition"] = f'attachment; filename="{file.name}"'
            return Response(file.content, media_type=file.media_type, headers=headers)

        return self._from_store("a file", respond, viewer)

    def recording(self, number: int, wanted: str | None) -> Response:
        """A recording to be played; `wanted`: the header Range."""

        def respond(_: Context, connection: Connection) -> Response:
            return recording_file(connection, number, wanted)

        return self._from_store("a recording", respond, None)

    def act(self, act: Act[Any], body: Any, who: str) -> JSONResponse:
        """What `act` did: {"said", "to"} and its values; 409 and {"detail", "fields"} if refused.

        404 for what is not there, 503 where the store failed.
        """
        by = printable_line(who)
        try:
            with self.open_context() as context:
                done = act.do(self._acting(context, who), body)
        except Refused as error:
            log.info("%s: %s was refused: %s", by, act.name, printable_line(error))
            return JSONResponse({"detail": str(error), "fields": error.fields}, 409)
        except LookupError as error:
            return JSONResponse({"detail": str(error)}, 404)
        except SchemaError as error:
            return JSONResponse({"detail": sentence(error)}, 503)
        except Exception as error:
            # As in `_from_store`, only the log may hold more than the name of the error.
            log.exception("%s could not %s", by, act.name)
            return JSONResponse({"detail": f"It failed ({type(error).__name__})."}, 503)
        log.info("%s: %s: %s", by, act.name, printable_line(done.said))
        return JSONResponse({**done.values, "said": done.said, "to": done.to})

    def unavailable(self, words: str) -> Response:
        """A page in place of any other, where nobody can be shown anything."""
        return self._notice(503, "The board cannot be shown", words)

    def _acting(self, context: Context, who: str) -> Acting:
        return Acting(context, who, self.clock(), self.open_sources, self.examinations)

    def bad_address(self) -> Response:
        """A page for an address with a query that no page has."""
        words = "A part of this address is not what the page expects."
        return self._notice(422, "Not a page", words)

    def _page_context(
        self, context: Context, connection: Connection, viewer: Viewer
    ) -> PageContext:
        """What a page is made from. Raises LookupError before the first configuration."""
        now = self.clock()
        return PageContext(
            connection,
            self.active_configuration(connection),
            now,
            self.active_configuration.fleet_of,
            viewer,
            context,
            self.open_sources,
            self.examinations,
        )

    def _from_store(self, name: str, respond: Respond, viewer: Viewer | None) -> Response:
        try:
            with self.open_context() as context, reading(context.engine) as connection:
                return respond(context, connection)
        except Redirect as error:
            return RedirectResponse(error.to, 307)
        except NotFound as error:
            return self._notice(404, "Not found", sentence(error), viewer)
        except SchemaError as error:
            return self._notice(503, "The board and its store are of two versions", sentence(error))
        except Exception as error:
            # What went wrong may hold an address with its password: the log masks, a page cannot.
            log.exception("the board could not show %s", name)
            words = f"Its store did not answer as expected ({type(error).__name__})."
            return self._notice(503, "The board cannot be shown", words, viewer)

    def _notice(
        self, status: int, title: str, words: str, viewer: Viewer | None = None
    ) -> HTMLResponse:
        values = {"title": title, "words": words, "check": None}
        return HTMLResponse(self._render("notice", values, viewer), status)

    def _render(self, name: str, values: Mapping[str, Any], viewer: Viewer | None) -> str:
        may_act = viewer is not None and viewer.may_act
        bound = viewer is not None and viewer.customers is not None
        left_out = set() if may_act else ONLY_TO_ACT
        shown = [each for each in self.navigation if each[0] not in left_out]
        if bound:
            shown = [each for each in shown if each[0] == TO_CUSTOMERS]
        shared: dict[str, Any] = {"version": static_version(), "navigation": shown}
        shared |= {"viewer": viewer, "bound": bound}
        return render(f"web/{name}.html", **shared, **values)


def _for(page: Page[Any], viewer: Viewer) -> Page[Any]:
    """The page that the viewer gets at this address. Raises NotFound where it is closed."""
    if viewer.customers is None:
        return page
    if page.for_customers is None:
        raise NotFound("there is nothing here")
    return page.for_customers


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
