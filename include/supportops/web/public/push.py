"""The addresses to which jobs push: `/push/<token>`, `/push/<token>/fail`, `/push/<token>/<code>`.

Answers are one line of plain text for the log of a job, with nothing in it of what was sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response
from starlette.requests import ClientDisconnect

from supportops.clock import Clock
from supportops.context import OpenContext
from supportops.db.engine import reading
from supportops.db.migrate import SchemaError
from supportops.flows.sites import push_check as flow
from supportops.sites.push.content import LARGEST_BODY
from supportops.sites.push.proof import SIGNATURE_HEADER, TIMESTAMP_HEADER
from supportops.web.page import ActiveConfiguration

log = logging.getLogger(__name__)

BEAT_SECONDS = 20.0
BODY_SECONDS = 10.0
LONGEST_TOKEN = 200
# What browsers and their prefetching send, and programs that jobs call do not.
_OF_BROWSERS = ("sec-fetch-mode", "sec-purpose", "purpose", "x-moz")
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def add_push_routes(
    app: FastAPI,
    open_context: OpenContext,
    active_configuration: ActiveConfiguration,
    clock: Clock,
) -> None:
    """Adds the addresses of pushes to the public endpoint."""

    def answer(request: flow.Request) -> Response:
        try:
            with open_context() as context:
                try:
                    with reading(context.engine) as connection:
                        configuration = active_configuration(connection)
                except LookupError as error:
                    # Before the first, as while a backup is restored, nobody knows whose push it
                    # is: that is an error, after which the job sends it again.
                    log.warning("a push could not be recorded: %s", error)
                    found = flow.Answer(503, "the push could not be recorded; try again", 30)
                else:
                    found = flow.receive(context, configuration, request, clock())
        except SchemaError as error:
            log.error("%s", error)
            found = flow.Answer(503, "the push could not be recorded; try again", 30)
        except Exception:
            log.exception("a push could not be recorded")
            found = flow.Answer(503, "the push could not be recorded; try again", 30)
        headers = {"retry-after": str(found.retry_after)} if found.retry_after else None
        return PlainTextResponse(f"{found.text}\n", found.status, headers)

    async def push(request: Request, token: str, ending: str = "") -> Response:
        body = await read_bounded(request, LARGEST_BODY)
        if isinstance(body, Response):
            return body
        if len(token) > LONGEST_TOKEN:
            token = ""
        by_browser = any(name in request.headers for name in _OF_BROWSERS)
        pushed = flow.Request(
            token=token,
            ending=ending,
            # Opened in a browser, or by a browser ahead of its user, it is no push.
            method="BROWSER" if by_browser else request.method,
            body=body,
            timestamp=request.headers.get(TIMESTAMP_HEADER, ""),
            signature=request.headers.get(SIGNATURE_HEADER, ""),
        )
        return await run_in_threadpool(answer, pushed)

    @app.api_route("/push/{token}", methods=_METHODS)
    async def _push(token: str, request: Request) -> Response:
        return await push(request, token)

    @app.api_route("/push/{token}/{ending}", methods=_METHODS)
    async def _push_ending(token: str, ending: str, request: Request) -> Response:
        return await push(request, token, ending)


async def read_bounded(request: Request, most: int) -> bytes | Response:
    """The body, or the answer to one that is too large or does not come."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    return PlainTextResponse(f"at most {most:,} bytes\n", 413)
    except TimeoutError:
        return PlainTextResponse("the body did not come in time\n", 408)
    except ClientDisconnect:
        return PlainTextResponse("the body is not whole\n", 400)  # nobody is left to read it
    return body


def serving(
    open_context: OpenContext, clock: Clock
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What says in the store that the endpoint serves, from its start to its end."""

    def beat(started: bool) -> None:
        try:
            with open_context() as context:
                flow.beat(context, clock(), started=started)
        except Exception as error:  # the next one records the stop
            log.warning("the store was not reached: %s", type(error).__name__)

    async def beats() -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await run_in_threadpool(beat, False)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(beat, True)
        task = asyncio.create_task(beats())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    return lifespan
