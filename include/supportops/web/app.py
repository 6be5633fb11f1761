"""The board as a FastAPI app: pages, acts and the files of reports, behind a guard.

A new page is a file in `pages/` with a line in `pages/registry.py`, a template of the same name,
and a test. A new act is a function in `acts/` with a line in `acts/registry.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import Parameter, Signature
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel

from supportops.clock import Clock
from supportops.context import OpenContext, Secrets, no_secrets
from supportops.db.storable import storable
from supportops.flows.operations.doctor import ReadAirflow
from supportops.web.acts.act import Act
from supportops.web.acts.registry import ACTS
from supportops.web.examinations import Examinations
from supportops.web.guard import HEADERS, BoundedBody, admitting, write_refusal
from supportops.web.metrics.endpoint import metrics_endpoint
from supportops.web.page import (
    ActiveConfiguration,
    MadeFile,
    OpenSources,
    Page,
    Unavailable,
    Viewer,
    no_sources,
)
from supportops.web.pages.registry import (
    FILES,
    NAVIGATION,
    OPEN_TO_CUSTOMERS,
    PAGES,
    REPORT_FILE,
)
from supportops.web.responses import Responses, static_file
from supportops.web.signing_in import login_address


def make_app(
    open_context: OpenContext,
    active_configuration: ActiveConfiguration,
    clock: Clock,
    *,
    viewer: Callable[..., Viewer],
    open_sources: OpenSources = no_sources,
    login: str | None = None,
    secrets: Secrets = no_secrets,
    read_airflow: ReadAirflow | None = None,
    online: bool = False,
) -> FastAPI:
    """The board over the store that `open_context` opens.

    `viewer` is a FastAPI dependency that guards every address: it names who asks, and refuses by
    raising an HTTPException. What access.yaml says of them is added here. `login` is the path of
    the login outside the board, which takes where to come back to as `next`; a browser that is not
    signed in is sent there. `secrets` has the token of `metrics`, the one address without a viewer.
    `read_airflow` reads Airflow's own list of DAGs for the doctor, and `online` lets it ask other
    machines for the time.
    """
    admitted = admitting(viewer, open_context, active_configuration, OPEN_TO_CUSTOMERS)
    # Starlette's redirects between addresses with and without a slash go to the host that the
    # request names, whoever asks.
    app = FastAPI(
        dependencies=[Depends(admitted)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(BoundedBody)
    app.middleware("http")(_only_texts)
    app.middleware("http")(_with_headers)
    examinations = Examinations(open_context, clock, read_airflow, online=online)
    responses = Responses(
        open_context, active_configuration, clock, NAVIGATION, open_sources, examinations
    )
    scrape = metrics_endpoint(open_context, active_configuration, clock, examinations, secrets)
    app.add_route("/metrics", scrape, ["GET"])
    for page in PAGES:
        app.get(page.path, name=page.name, include_in_schema=False)(
            _showing(responses, page, admitted)
        )
        app.get(f"/api/{page.name}", name=f"{page.name} as JSON", tags=["read"])(
            _telling(responses, page, admitted)
        )
    for file in FILES:
        app.get(file.path, name=file.path)(_making(responses, file, admitted))
    for act in ACTS.values():
        app.post(f"/act/{act.name}", name=f"act {act.name}", tags=["act"])(
            _doing(responses, act, admitted)
        )
    _add_files(app, responses, admitted)

    @app.get("/openapi.json", include_in_schema=False)
    def _openapi() -> JSONResponse:
        """What there is under api/ and act/; guarded as every address is."""
        return JSONResponse(app.openapi())

    @app.exception_handler(RequestValidationError)
    async def _refused(request: Request, error: RequestValidationError) -> Response:
        """400 for a body, a page with 422 for an address, that is not what is expected."""
        if any(each["loc"][0] == "body" for each in error.errors()):
            return JSONResponse(_faults(error), 400)
        if request.url.path.rpartition("/")[0].endswith("/api"):
            return JSONResponse(_faults(error), 422)
        return responses.bad_address()

    @app.exception_handler(Unavailable)
    async def _unavailable(request: Request, error: Unavailable) -> Response:
        is_page = request.method == "GET" and not request.url.path.rpartition("/")[0].endswith(
            "/api"
        )
        if is_page:
            return responses.unavailable(str(error))
        return JSONResponse({"detail": str(error)}, 503)

    @app.exception_handler(HTTPException)
    async def _not_allowed(request: Request, error: HTTPException) -> Response:
        to = login_address(request, login) if login and error.status_code == 401 else None
        if to is not None:
            return RedirectResponse(to, 302)
        return await http_exception_handler(request, error)

    return app


def _showing(
    responses: Responses, page: Page[Any], viewer: Callable[..., Viewer]
) -> Callable[..., Response]:
    def show(query: BaseModel, who: Viewer) -> Response:
        return responses.page(page, query, who)

    return _with_parameters(
        show, query=Annotated[page.query, Query()], who=Annotated[Viewer, Depends(viewer)]
    )


def _telling(
    responses: Responses, page: Page[Any], viewer: Callable[..., Viewer]
) -> Callable[..., Response]:
    def tell(query: BaseModel, who: Viewer) -> Response:
        return responses.page_values(page, query, who)

    return _with_parameters(
        tell, query=Annotated[page.query, Query()], who=Annotated[Viewer, Depends(viewer)]
    )


def _making(
    responses: Responses, file: MadeFile[Any], viewer: Callable[..., Viewer]
) -> Callable[..., Response]:
    def make(query: BaseModel, who: Viewer) -> Response:
        return responses.made_file(file, query, who)

    return _with_parameters(
        make, query=Annotated[file.query, Query()], who=Annotated[Viewer, Depends(viewer)]
    )


def _doing(
    responses: Responses, act: Act[Any], viewer: Callable[..., Viewer]
) -> Callable[..., Response]:
    def do(request: Request, body: Any, who: Viewer) -> Response:
        if not who.may_act:
            return JSONResponse({"detail": "You may only read."}, 403)
        if refused := write_refusal(request.headers):
            return JSONResponse({"detail": refused}, 403)
        return responses.act(act, body, who.name)

    return _with_parameters(
        do, request=Request, body=act.body, who=Annotated[Viewer, Depends(viewer)]
    )


def _with_parameters(
    function: Callable[..., Response], **annotations: Any
) -> Callable[..., Response]:
    """`function` as FastAPI is to read it: with types that are known only here."""
    parameters = [
        Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation)
        for name, annotation in annotations.items()
    ]
    function.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return function


def _add_files(app: FastAPI, responses: Responses, admitted: Callable[..., Viewer]) -> None:
    asked: Any = Depends(admitted)

    @app.get(REPORT_FILE)
    def _file(
        cadence: str, period: str, audience: str, edition: str, name: str, who: Viewer = asked
    ) -> Response:
        parts = (cadence, period, audience, edition)
        return responses.report_file(parts, name, who)

    @app.get("/recording")
    def _recording(request: Request, id: Annotated[int, Query(ge=1, lt=2**63)]) -> Response:
        return responses.recording(id, request.headers.get("range"))

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


def _faults(error: RequestValidationError) -> dict[str, Any]:
    """What is wrong with each field, without what was sent, which JSON cannot always hold."""
    fields = {str(each["loc"][-1]): str(each["msg"]) for each in error.errors()}
    said = storable(fields)
    return {"detail": "What was sent is not what is expected.", "fields": said}


async def _with_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
