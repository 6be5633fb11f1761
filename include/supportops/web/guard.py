"""The board's protection: who is let in where, headers of responses, and a check of every write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fastapi import Depends, HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from supportops.config.yaml_source import ConfigurationError
from supportops.context import OpenContext
from supportops.db.engine import reading
from supportops.db.migrate import SchemaError
from supportops.rendering.printable import printable_line
from supportops.rendering.render import sentence
from supportops.web.page import ActiveConfiguration, Unavailable, Viewer

log = logging.getLogger(__name__)

HEADERS: Mapping[str, str] = {
    # No inline script and no inline style: a site's name that slipped through stays text.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

# A page that shows a report in a frame may frame documents of its own origin, no others.
FRAME_HEADERS = {
    "content-security-policy": f"{HEADERS['content-security-policy']}; frame-src 'self'",
}
# An issued report: no script at all, its own inline styles, pictures of its own origin.
ISSUED_REPORT_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'self'"
    ),
}

WRITE_HEADER = "x-supportops"
_STATIC = "/static/{name}"
LARGEST_BODY = 4 * 1024 * 1024
"""Bytes. The largest act takes five hundred alerts with keys of four thousand characters."""


def admitting(
    viewer: Callable[..., Viewer],
    open_context: OpenContext,
    active_configuration: ActiveConfiguration,
    opened: frozenset[str],
) -> Callable[..., Viewer]:
    """The dependency that every address of the board goes through: who looks at it.

    A login that access.yaml binds to customers gets what `opened` has, paths of routes, and 404
    everywhere else, as if there were nothing; it needs no right in Airflow, and acts nowhere. Any
    other needs the right to read. Raises HTTPException, or Unavailable where the rights could not
    be read.
    """

    def customers_of(who: Viewer) -> frozenset[str] | None:
        try:
            with open_context() as context, reading(context.engine) as connection:
                access = active_configuration(connection).access
        except ConfigurationError:
            raise Unavailable("access.yaml cannot be used; see `supportops config check`") from None
        except LookupError:  # before the first configuration there is nothing to see
            return None
        except SchemaError as error:
            raise Unavailable(sentence(error)) from None
        except Exception as error:
            log.exception("the board could not read who may see what")
            words = f"Its store did not answer as expected ({type(error).__name__})."
            raise Unavailable(words) from None
        return access.customers_of(who.name, may_act=who.may_act)

    asked: Any = Depends(viewer)
    named = set[str]()

    def name_once(who: Viewer) -> None:
        if who.may_read and who.name not in named:
            named.add(who.name)
            log.warning(
                "%s is bound to customers and has a role in Airflow, whose own API shows it every "
                "customer's tasks: take the role away",
                printable_line(who.name),
            )

    def admitted(request: Request, who: Viewer = asked) -> Viewer:
        path = route_path(request)
        if path == _STATIC:
            return who
        customers = customers_of(who)
        if customers is None:
            if not who.may_read:
                raise HTTPException(403, "Forbidden")
            return who
        name_once(who)
        if path not in opened:
            log.info("%s is bound to customers: %s is closed", printable_line(who.name), path)
            raise HTTPException(404)
        return replace(who, may_act=False, customers=customers)

    return admitted


def route_path(request: Request) -> str:
    """The path of the route that answers, with its parameters by name."""
    route: Any = request.scope.get("route")
    return getattr(route, "path", "")


def write_refusal(headers: Mapping[str, str]) -> str | None:
    """Why a write is refused; None if it comes from the board's own page.

    A page of another site can send neither our header nor JSON without a CORS preflight, and the
    browser says where a request comes from. Both are checked, since Airflow's only protection is
    SameSite=Lax. `headers` by lower-case name.
    """
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return "only JSON is taken"
    is_script = "origin" not in headers and "sec-fetch-site" not in headers
    if is_script and headers.get("authorization", "").lower().startswith("bearer "):
        return None  # a browser says where a request comes from; a page cannot send a token
    if WRITE_HEADER not in headers:
        return "the board's own header is missing"
    fetched = headers.get("sec-fetch-site")
    if fetched is not None:
        return None if fetched == "same-origin" else "the request comes from another site"
    origin = headers.get("origin", "").partition("://")[2]
    if not origin or origin != headers.get("host"):
        return "the request comes from another site"
    return None


class BoundedBody:
    """`app` without bodies above LARGEST_BODY: 413, without reading on. FastAPI reads a body whole
    before it asks who sends it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BODY:
                raise HTTPException(413, f"at most {LARGEST_BODY >> 20} MiB")
            return message

        await self.app(scope, bounded if scope["type"] == "http" else receive, send)
