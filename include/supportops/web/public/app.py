"""The public endpoint: one page for each signed address, where its receiver takes the alert, or
decides about the notice to a customer that waits.

It is an ASGI app of its own, published without Airflow. GET and HEAD only read: a mail scanner or a
chat room's preview that opens an address takes nothing. POST acts, and needs no script and no
cookie: the address itself is what authorises.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response
from starlette.requests import ClientDisconnect

from supportops.alerts.acts.link import LinkError, Links
from supportops.clock import Clock
from supportops.context import OpenContext
from supportops.db.migrate import SchemaError
from supportops.rendering.render import render
from supportops.web.page import ActiveConfiguration
from supportops.web.public.answers import Form, PublicError
from supportops.web.public.approving import Draft, decide
from supportops.web.public.push import BODY_SECONDS, add_push_routes, serving
from supportops.web.public.taking import Page, page_of, take
from supportops.web.public.zendesk import add_webhook_route

log = logging.getLogger(__name__)

HEADERS = {
    # The page has its style in itself and nothing else: no script, no picture, no frame.
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
    "referrer-policy": "no-referrer",  # the address is a key to one alert
    "cache-control": "no-store",
}
# The text of a draft with every sign of it escaped.
LARGEST_FORM = 65_536


def make_public_app(
    open_context: OpenContext,
    active_configuration: ActiveConfiguration,
    links: Links | None,
    clock: Clock,
) -> FastAPI:
    """The endpoint over the store that `open_context` opens; `links` reads the addresses of alerts,
    None where nothing signs them."""
    lifespan = serving(open_context, clock)
    app = FastAPI(
        docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, lifespan=lifespan
    )
    add_push_routes(app, open_context, active_configuration, clock)
    add_webhook_route(app, open_context, clock)

    def answer(token: str, act: Callable[[Page | Draft, datetime], str] | None) -> HTMLResponse:
        now = clock()
        try:
            if links is None:
                raise LinkError("There is nothing here.")
            link = links.read(token, now)
            with open_context() as context:
                said = ""
                page = page_of(context, active_configuration, link, now)
                if act is not None:
                    said = act(page, now)
                    page = page_of(context, active_configuration, link, now)
            return _page(200, page=page, said=said)
        except LinkError as error:
            return _page(404, refused=str(error))
        except PublicError as error:
            return _page(error.status, page=error.page, refused=str(error))
        except SchemaError as error:
            # Who opens a link learns nothing of the store.
            log.error("%s", error)
            return _page(503, refused="This is being upgraded. Try again in a few minutes.")
        except Exception as error:
            # What went wrong may hold an address with its password: the log masks, a page cannot.
            log.exception("the public endpoint failed")
            return _page(503, refused=f"This cannot be shown now ({type(error).__name__}).")

    @app.api_route("/{token}", methods=["GET", "HEAD"])
    def _read(token: str) -> Response:
        return answer(token, None)

    @app.post("/{token}")
    async def _take(token: str, request: Request) -> Response:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                form = await _form(request)
        except TimeoutError:
            return _page(408, refused="The form did not come in time.")
        except ClientDisconnect:
            return _page(400)  # nobody is left to read it
        except ValueError:
            return _page(400, refused="This form is not the one of this page.")
        if form is None:
            return _page(413, refused="The form is too large.")
        return await run_in_threadpool(answer, token, lambda page, now: _acted(page, form, now))

    @app.middleware("http")
    async def _guard(request: Request, call_next: Callable[[Request], object]) -> Response:
        response: Response = await call_next(request)  # type: ignore[misc]
        kind = response.headers.get("content-type", "")
        if response.status_code in (404, 405) and "application/json" in kind:
            response = _page(response.status_code, refused="There is nothing here.")
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response

    return app


async def _form(request: Request) -> Form | None:
    """The fields of the form, which may all be missing; None for one that is too large.

    Raises ValueError for one with too many fields, or with a field twice, which a proxy before us
    may read otherwise; ClientDisconnect where its client is gone.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return None
    found = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    if any(len(values) > 1 for values in found.values()):
        raise ValueError("a field is there twice")
    return Form(**{name: found.get(name, [""])[0] for name in Form.__slots__})


def _acted(page: Page | Draft, form: Form, now: datetime) -> str:
    return decide(page, form, now) if isinstance(page, Draft) else take(page, form, now)


def _page(status: int, *, page: object = None, said: str = "", refused: str = "") -> HTMLResponse:
    template = "approve" if isinstance(page, Draft) else "take"
    html = render(f"web/public/{template}.html", page=page, said=said, refused=refused)
    return HTMLResponse(html, status)
