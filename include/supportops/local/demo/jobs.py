"""The demo's jobs: each reports to the public endpoint twice a minute, unless it is broken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import requests

from supportops.local.demo.breakage import FailureMode
from supportops.sites.push.monitor import Monitor

INTERVAL = 30.0  # seconds
_PATIENCE = 5.0  # seconds
HOWS: Mapping[FailureMode, str] = {
    FailureMode.REFUSED: "does not run any more",
    FailureMode.ERROR: "reports a failure",
    FailureMode.TEXT: "reports a disk that is 97 % full",
}
"""How a job can be broken, in words."""


@dataclass(frozen=True, slots=True)
class Push:
    """What one run of a job sends: the end of the address, and the body."""

    path: str
    body: str


def token(monitor: Monitor) -> str:
    """The secret of a job; everybody on this machine may know it."""
    return f"of-the-demo-{monitor.name}-on-this-machine"


def push(monitor: Monitor, how: FailureMode | None) -> Push | None:
    """What the job sends; None where it does not run."""
    if how is FailureMode.REFUSED:
        return None
    if how is FailureMode.ERROR:
        return Push("/1", "no space left on the backup's volume")
    values: dict[str, object] = {"message": "done"}
    if monitor.limits.disk is not None:
        values["disk"] = 97.0 if how is FailureMode.TEXT else 61.5
    return Push("", json.dumps(values))


async def run(
    public_url: str,
    monitors: tuple[Monitor, ...],
    failures: Callable[[], Mapping[str, FailureMode]],
) -> None:
    """Every job, again and again until cancelled. The endpoint may come later, or be away."""
    while True:
        broken = failures()
        for monitor in monitors:
            sent = push(monitor, broken.get(monitor.name))
            if sent is not None:
                url = f"{public_url.rstrip('/')}/push/{token(monitor)}{sent.path}"
                with suppress(requests.RequestException):
                    await asyncio.to_thread(
                        requests.post, url, data=sent.body.encode(), timeout=_PATIENCE
                    )
        await asyncio.sleep(INTERVAL)
