"""The sites' answers: by the script at the probe's seam, or from a server that is really asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from bench.month.script import Script

from supportops.sites.check import Phases, ProbeResult, Reason, State
from supportops.sites.probe import probe as seam
from supportops.sites.probe.request_state import Target
from supportops.sites.site import CheckPolicy

PACE = 0.025
_PHASES = Phases(dns=4.0, connect=19.0, tls=46.0, first_byte=70.0, total=85.0)
_DETAIL = "connection reset by the server"


class Moving(Protocol):
    """A clock that a pause moves on."""

    def __call__(self) -> datetime: ...

    def pause(self, seconds: float) -> None: ...


class Answers:
    """Answers as the script has it, in no time of this machine; counts what it was asked."""

    def __init__(self, script: Script, clock: Moving) -> None:
        self.script, self.clock = script, clock
        self.asked = 0

    def probe(
        self,
        targets: Sequence[Target],
        _policy: CheckPolicy,
        clock: Callable[[], datetime],
        *,
        on_result: Callable[[int, ProbeResult], None],
        feed: Any,
        **_more: Any,
    ) -> list[ProbeResult]:
        """As `supportops.sites.probe.probe.probe`, for what a shard's round asks of it."""
        assert not targets
        index = 0
        while True:
            due = feed.take()
            for target in due:
                on_result(index, self._answer(target.url, clock()))
                index += 1
                self.clock.pause(PACE)
            if not due:
                wait = feed.wait()
                if wait is None:
                    return []
                self.clock.pause(wait)

    def _answer(self, url: str, at: datetime) -> ProbeResult:
        self.asked += 1
        if self.script.is_down(url.rpartition("/")[2], at):
            return ProbeResult(url, State.DOWN, Reason.RESET, at, _DETAIL, address="127.0.0.1")
        return ProbeResult(
            url, State.UP, Reason.OK, at, status=200, phases=_PHASES, address="127.0.0.1", bytes=2
        )


@contextmanager
def answering(answers: Answers) -> Iterator[None]:
    """While it lasts no site is really asked, except within `script.real`."""
    real = seam.probe

    def probe(targets: Any, policy: Any, clock: Any, **more: Any) -> Any:
        span, now = answers.script.real, clock()
        asks = span is not None and span[0] <= now < span[1]
        return (real if asks else answers.probe)(targets, policy, clock, **more)

    seam.probe = probe
    try:
        yield
    finally:
        seam.probe = real


@contextmanager
def websites(script: Script, clock: Callable[[], datetime]) -> Iterator[str]:
    """A server of all sites: one that is down hangs up."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if script.is_down(self.path.strip("/"), clock()):
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Clock:
    """Simulated time, which pauses and the running of the month alone move."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
