"""A small web server for the folder of status pages; any other one does as well.

It needs neither Airflow nor the store. What is not a file of a page is not served, whatever else
lies in the folder, and nothing is listed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from supportops.status_pages.address import FOLDER, is_token
from supportops.status_pages.rendering import FEED, JSON, LEVELS, LEVELS_STYLE, PAGE, SCRIPT, STYLE
from supportops.status_pages.store import LOGOS

MEDIA_TYPES = {
    PAGE: "text/html; charset=utf-8",
    JSON: "application/json",
    FEED: "application/rss+xml; charset=utf-8",
    STYLE: "text/css; charset=utf-8",
    **dict.fromkeys(LEVELS.values(), "text/html; charset=utf-8"),
    LEVELS_STYLE: "text/css; charset=utf-8",
    SCRIPT: "text/javascript; charset=utf-8",
    LOGOS[0]: "image/png",
    LOGOS[1]: "image/svg+xml",
}
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
    "referrer-policy": "no-referrer",  # the address is a key to the page
    "cache-control": "no-cache",  # kept, and asked for again each time
}


def make_status_app(folder: Path) -> FastAPI:
    """Serves the pages in `folder`, which may come later."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.api_route("/", methods=["GET", "HEAD"])
    def _public(request: Request) -> Response:
        return _file(request, folder, PAGE)

    @app.api_route("/{name}", methods=["GET", "HEAD"])
    def _public_file(request: Request, name: str) -> Response:
        return _file(request, folder, name)

    @app.api_route(f"/{FOLDER}/{{token}}", methods=["GET", "HEAD"])
    def _without_slash(token: str) -> Response:
        return RedirectResponse(f"{token}/", 308) if is_token(token) else _nothing()

    @app.api_route(f"/{FOLDER}/{{token}}/", methods=["GET", "HEAD"])
    def _customer(request: Request, token: str) -> Response:
        return _customer_file(request, token, PAGE)

    @app.api_route(f"/{FOLDER}/{{token}}/{{name}}", methods=["GET", "HEAD"])
    def _customer_file(request: Request, token: str, name: str) -> Response:
        if not is_token(token):
            return _nothing()
        return _file(request, folder / FOLDER / token, name)

    @app.middleware("http")
    async def _guard(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response

    return app


def _file(request: Request, folder: Path, name: str) -> Response:
    media_type = MEDIA_TYPES.get(name)
    if media_type is None:
        return _nothing()
    try:
        content = (folder / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return _nothing()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    return Response(content, media_type=media_type, headers={"etag": tag})


def _nothing() -> Response:
    return PlainTextResponse("There is nothing here.\n", 404)
