"""The board as a FastAPI app: pages to read, reports to fetch and one act, behind a guard."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from supportops.alerts.store import acknowledge
from supportops.db.engine import reading, writing
from supportops.rendering.render import render
from supportops.reports.period import Cadence
from supportops.web.alerts_page import alerts
from supportops.web.board import Asked, board
from supportops.web.guard import FRAMING, HEADERS, ISSUED, trespass
from supportops.web.incident_page import incident
from supportops.web.lights import Light
from supportops.web.parts import ActiveConfiguration, Clock, Desk, Elsewhere, NotHere, OpenContext
from supportops.web.report_page import Named, Served, report, served
from supportops.web.reports_page import MOST_PAGES, reports
from supportops.web.reports_page import Asked as AskedReports
from supportops.web.site_page import site

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_LONGEST = 4000

Text = Annotated[str, Query(max_length=_LONGEST)]
Page = Callable[[Desk], dict[str, Any]]


class Acknowledgement(BaseModel):
    """What the button sends."""

    key: str = Field(min_length=1, max_length=_LONGEST)


def make_app(
    open_context: OpenContext,
    active_configuration: ActiveConfiguration,
    clock: Clock,
    *,
    authorise_read: Callable[..., Any],
    authorise_write: Callable[..., Any],
) -> FastAPI:
    """The board over the store that `open_context` opens.

    `authorise_read` and `authorise_write` are FastAPI dependencies that refuse by raising an
    HTTPException; the first guards every address, the second answers the name of who acts.
    """
    app = FastAPI(
        dependencies=[Depends(authorise_read)], docs_url=None, redoc_url=None, openapi_url=None
    )
    app.middleware("http")(_with_headers)
    pages = _Pages(open_context, active_configuration, clock)

    @app.get("/")
    def _board(
        customer: Text = "", state: Light | None = None, page: Annotated[int, Query(ge=1)] = 1
    ) -> Response:
        asked = Asked(customer, state.value if state else "", page)
        return pages.show("board", lambda desk: board(desk, asked))

    @app.get("/incident")
    def _incident(key: Text) -> Response:
        return pages.show("incident", lambda desk: incident(desk, key))

    @app.get("/alerts")
    def _alerts() -> Response:
        return pages.show("alerts", alerts)

    @app.get("/site")
    def _site(name: Text) -> Response:
        return pages.show("site", lambda desk: site(desk, name))

    @app.get("/reports")
    def _reports(
        cadence: Cadence | None = None,
        audience: Text = "",
        page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
    ) -> Response:
        asked = AskedReports(cadence, audience, page)
        return pages.show("reports", lambda desk: reports(desk, asked))

    @app.get("/report")
    def _report(cadence: Text, period: Text, audience: Text, edition: Text = "") -> Response:
        named = (cadence, period, audience, edition)
        return pages.show("report", lambda desk: report(desk, Named.of(*named)), FRAMING)

    @app.get("/reports/{cadence}/{period}/{audience}/{edition}/{name}")
    def _file(cadence: str, period: str, audience: str, edition: str, name: str) -> Response:
        named = (cadence, period, audience, edition)
        return pages.hand_out(lambda connection: served(connection, Named.of(*named), name))

    @app.get("/static/{name}")
    def _static(name: str) -> Response:
        found = _files().get(name)
        if found is None:
            return Response(status_code=404)
        body, kind = found
        keep = {"cache-control": "private, max-age=86400"}
        return Response(body, media_type=kind, headers=keep)

    @app.post("/acknowledge")
    def _acknowledge(
        request: Request,
        body: Acknowledgement,
        who: str = Depends(authorise_write),
    ) -> JSONResponse:
        if refused := trespass(request.headers):
            return JSONResponse({"detail": refused}, 403)
        return pages.acknowledge(body.key, who)

    return app


async def _with_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


class _Pages:
    """Makes pages from the store, one snapshot each, and says so when it cannot."""

    def __init__(
        self, open_context: OpenContext, active_configuration: ActiveConfiguration, clock: Clock
    ) -> None:
        self.open_context = open_context
        self.active_configuration = active_configuration
        self.clock = clock

    def show(self, name: str, page: Page, headers: Mapping[str, str] | None = None) -> Response:
        def answer(connection: Connection) -> HTMLResponse:
            now = self.clock()
            try:
                configuration = self.active_configuration(connection)
            except LookupError:
                return _notice(200, "No check has run yet", "The first one takes up the sites.")
            context = page(Desk(connection, configuration, now))
            body = render(f"web/{name}.html", version=_version(), **context)
            return HTMLResponse(body, headers=headers)

        return self._answered(name, answer)

    def hand_out(self, find: Callable[[Connection], Served]) -> Response:
        def answer(connection: Connection) -> Response:
            file = find(connection)
            headers = dict(ISSUED)
            if file.name is not None:
                headers["content-disposition"] = f'attachment; filename="{file.name}"'
            return Response(file.content, media_type=file.media_type, headers=headers)

        return self._answered("a file", answer)

    def _answered(self, name: str, answer: Callable[[Connection], Response]) -> Response:
        try:
            with self.open_context() as context, reading(context.engine) as connection:
                return answer(connection)
        except Elsewhere as error:
            return RedirectResponse(error.to, 307)
        except NotHere as error:
            return _notice(404, "Not found", f"{error}.".capitalize())
        except Exception as error:
            # What went wrong may hold an address with its password: the log masks, a page cannot.
            log.exception("the board could not show %s", name)
            words = f"Its store did not answer as expected ({type(error).__name__})."
            return _notice(503, "The board cannot be shown", words)

    def acknowledge(self, key: str, who: str) -> JSONResponse:
        try:
            with self.open_context() as context, writing(context.engine) as connection:
                taken = acknowledge(connection, key, who, self.clock())
        except Exception as error:
            log.exception("%s could not acknowledge %r", who, key)
            return JSONResponse({"detail": f"the store failed ({type(error).__name__})"}, 503)
        log.info("%s acknowledged %r: %s", who, key, "taken" if taken else "was taken or over")
        return JSONResponse({"acknowledged": taken}, 200 if taken else 409)


def _notice(status: int, title: str, words: str) -> HTMLResponse:
    body = render("web/notice.html", version=_version(), title=title, words=words, check=None)
    return HTMLResponse(body, status)


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Every static file by its name, read once."""
    return {
        path.name: (path.read_bytes(), _TYPES[path.suffix])
        for path in STATIC.iterdir()
        if path.suffix in _TYPES
    }


@cache
def _version() -> str:
    """Changes with the static files, so that a browser never mixes two releases."""
    digest = hashlib.sha256(b"".join(body for _, (body, _) in sorted(_files().items())))
    return digest.hexdigest()[:8]
