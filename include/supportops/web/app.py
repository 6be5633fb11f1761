"""The board as a FastAPI app: its pages, the files of reports, and one write, behind a guard.

A new page is a file in `pages/`, a template of the same name, a route here (and a line in
NAVIGATION, if the head of every page leads to it), and a test.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from supportops.db.storable import storable
from supportops.reports.period import Cadence
from supportops.web.guard import FRAME_HEADERS, HEADERS, write_refusal
from supportops.web.page import Acknowledge, ActiveConfiguration, Clock, OpenContext
from supportops.web.pages import board, reports
from supportops.web.pages.alerts import alerts
from supportops.web.pages.incident import incident
from supportops.web.pages.report import ReportAddress, report, served_file
from supportops.web.pages.site import site
from supportops.web.responses import Responses, static_file
from supportops.web.tiles import Status

NAVIGATION = (
    ("board", "./", "Board"),
    ("alerts", "alerts", "Alerts"),
    ("reports", "reports", "Reports"),
)
_LONGEST = 4000

Text = Annotated[str, Query(max_length=_LONGEST)]


class Acknowledgement(BaseModel):
    """What the button sends."""

    key: str = Field(min_length=1, max_length=_LONGEST, pattern=r"^[^\x00]+$")


def make_app(
    open_context: OpenContext,
    active_configuration: ActiveConfiguration,
    clock: Clock,
    acknowledge: Acknowledge,
    *,
    authorise_read: Callable[..., Any],
    authorise_write: Callable[..., Any],
) -> FastAPI:
    """The board over the store that `open_context` opens.

    `acknowledge` writes that somebody takes an alert. `authorise_read` and `authorise_write` are
    FastAPI dependencies that refuse by raising an HTTPException; the first guards every address,
    the second returns the name of who acts.
    """
    app = FastAPI(
        dependencies=[Depends(authorise_read)], docs_url=None, redoc_url=None, openapi_url=None
    )
    app.middleware("http")(_only_texts)
    app.middleware("http")(_with_headers)
    app.exception_handler(RequestValidationError)(_refused)
    responses = Responses(open_context, active_configuration, clock, acknowledge, NAVIGATION)
    _add_pages(app, responses)
    _add_files(app, responses)

    @app.post("/acknowledge")
    def _acknowledge(
        request: Request,
        body: Acknowledgement,
        who: str = Depends(authorise_write),
    ) -> JSONResponse:
        if refused := write_refusal(request.headers):
            return JSONResponse({"detail": refused}, 403)
        return responses.acknowledgement(body.key, who)

    return app


def _add_pages(app: FastAPI, responses: Responses) -> None:
    @app.get("/")
    def _board(
        customer: Text = "", state: Status | None = None, page: Annotated[int, Query(ge=1)] = 1
    ) -> Response:
        filters = board.Filters(customer, state.value if state else "", page)
        return responses.page("board", lambda context: board.board(context, filters))

    @app.get("/incident")
    def _incident(key: Text) -> Response:
        return responses.page("incident", lambda context: incident(context, key))

    @app.get("/alerts")
    def _alerts() -> Response:
        return responses.page("alerts", alerts)

    @app.get("/site")
    def _site(name: Text) -> Response:
        return responses.page("site", lambda context: site(context, name))

    @app.get("/reports")
    def _reports(
        cadence: Cadence | None = None,
        audience: Text = "",
        page: Annotated[int, Query(ge=1, le=reports.MOST_PAGES)] = 1,
    ) -> Response:
        filters = reports.Filters(cadence, audience, page)
        return responses.page("reports", lambda context: reports.reports(context, filters))

    @app.get("/report")
    def _report(cadence: Text, period: Text, audience: Text, edition: Text = "") -> Response:
        parts = (cadence, period, audience, edition)
        return responses.page(
            "report", lambda context: report(context, ReportAddress.of(*parts)), FRAME_HEADERS
        )


def _add_files(app: FastAPI, responses: Responses) -> None:
    @app.get("/reports/{cadence}/{period}/{audience}/{edition}/{name}")
    def _file(cadence: str, period: str, audience: str, edition: str, name: str) -> Response:
        parts = (cadence, period, audience, edition)
        return responses.file(
            lambda connection: served_file(connection, ReportAddress.of(*parts), name)
        )

    @app.get("/static/{name}")
    def _static(name: str) -> Response:
        return static_file(name)


async def _only_texts(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """400 for an address that is not UTF-8 or holds a NUL, which no store could look for."""
    address = request.scope.get("raw_path", b"") + b"?" + request.scope["query_string"]
    if _is_text(unquote_to_bytes(address)):
        return await call_next(request)
    return JSONResponse({"detail": "the address is not UTF-8, or has a NUL"}, 400)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


async def _refused(_request: Request, error: Exception) -> Response:
    """400 for a body, 422 for an address, that is not what is expected; without what was sent,
    which JSON cannot always hold."""
    assert isinstance(error, RequestValidationError)
    wrong = [{"loc": list(each["loc"]), "msg": each["msg"]} for each in error.errors()]
    in_body = any(each["loc"][0] == "body" for each in error.errors())
    return JSONResponse({"detail": storable(wrong)}, 400 if in_body else 422)


async def _with_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
