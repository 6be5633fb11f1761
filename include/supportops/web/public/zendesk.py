"""The address to which Zendesk's webhooks are sent: it makes the next sync come now, no more."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from supportops.clock import Clock
from supportops.context import OpenContext
from supportops.db.migrate import SchemaError
from supportops.flows.tickets import ticket_sync as flow
from supportops.tickets.zendesk.webhook import (
    LARGEST_BODY,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    NotOurs,
    verify,
)
from supportops.web.public.push import read_bounded

log = logging.getLogger(__name__)

SECRET = "zendesk_webhook"  # noqa: S105 - the name of a secret


def add_webhook_route(app: FastAPI, open_context: OpenContext, clock: Clock) -> None:
    """Adds the address `/webhooks/zendesk`; without its secret there is nothing."""

    def answer(timestamp: str, signature: str, body: bytes) -> Response:
        try:
            with open_context() as context:
                secret, now = context.secrets(SECRET), clock()
                if not secret:
                    return PlainTextResponse("not found\n", 404)
                verify(secret, timestamp, signature, body, now)
                if not flow.record_nudge(context, "zendesk", signature, now):
                    return PlainTextResponse("it was received before\n", 409)
        except NotOurs as error:
            return PlainTextResponse(f"refused: {error}\n", 401)
        except SchemaError as error:
            log.error("%s", error)
            return PlainTextResponse("it could not be recorded; try again\n", 503)
        except Exception:
            log.exception("a webhook could not be recorded")
            return PlainTextResponse("it could not be recorded; try again\n", 503)
        return PlainTextResponse("ok\n")

    @app.post("/webhooks/zendesk")
    async def _webhook(request: Request) -> Response:
        body = await read_bounded(request, LARGEST_BODY)
        if isinstance(body, Response):
            return body
        timestamp = request.headers.get(TIMESTAMP_HEADER, "")
        signature = request.headers.get(SIGNATURE_HEADER, "")
        return await run_in_threadpool(answer, timestamp, signature, body)
