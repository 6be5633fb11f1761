"""The address `metrics`, for Prometheus: guarded by a token of its own, since no login lasts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from threading import Lock

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from supportops.clock import Clock
from supportops.context import OpenContext, Secrets
from supportops.flows.operations import scraping
from supportops.web.examinations import Examinations
from supportops.web.metrics.collect import metrics_text, without_store
from supportops.web.page import ActiveConfiguration

log = logging.getLogger(__name__)

# Prometheus gives up after ten seconds unless it is told otherwise, and says by when.
LONGEST_SECONDS = 8.0
_TIMEOUT_HEADER = "x-prometheus-scrape-timeout-seconds"


def metrics_endpoint(
    open_context: OpenContext,
    active_configuration: ActiveConfiguration,
    clock: Clock,
    examinations: Examinations,
    secrets: Secrets,
) -> Callable[[Request], Awaitable[Response]]:
    """The answers to scrapes: 401 without the token, or where none is set; `?sites=1`: with
    metrics of each site.

    While the store does not answer in time the text is `supportops_up 0`, with 200: Prometheus
    throws away the body of anything else.
    """
    one_at_a_time = Lock()

    def read(per_site: bool, seconds: float) -> bytes:
        if not one_at_a_time.acquire(timeout=seconds):
            return without_store()
        try:
            return metrics_text(
                open_context,
                active_configuration,
                clock(),
                per_site=per_site,
                examination=examinations.latest(),
                airflow=examinations.airflow(),
            )
        finally:
            one_at_a_time.release()

    async def answer(request: Request) -> Response:
        seconds = _seconds(request.headers.get(_TIMEOUT_HEADER, ""))
        in_thread = asyncio.get_running_loop().run_in_executor
        try:
            token = await asyncio.wait_for(in_thread(None, secrets, scraping.SECRET), seconds)
        except Exception as error:
            log.warning("the token of metrics cannot be read: %s", type(error).__name__)
            return PlainTextResponse("the token cannot be read\n", 503)
        if not scraping.may_scrape(request.headers.get("authorization", ""), token):
            return PlainTextResponse("unauthorized\n", 401, {"www-authenticate": "Bearer"})
        per_site = request.query_params.get("sites", "") not in ("", "0", "false")
        try:
            # A thread that waits for the store is left to itself: it ends when the store answers.
            text = await asyncio.wait_for(in_thread(None, read, per_site, seconds), seconds)
        except TimeoutError:
            log.warning("the store did not answer a scrape within %.1f s", seconds)
            text = without_store()
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return answer


def _seconds(header: str) -> float:
    """How long a scrape may take: a little less than Prometheus waits for it."""
    try:
        wanted = float(header) * 0.8
    except ValueError:
        return LONGEST_SECONDS
    return min(wanted, LONGEST_SECONDS) if wanted > 0 else LONGEST_SECONDS
