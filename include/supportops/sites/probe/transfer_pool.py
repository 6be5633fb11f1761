"""The requests on the wire: libcurl's multi interface, driven by the run's loop."""

from __future__ import annotations

import logging
from collections import deque
from time import monotonic

import pycurl

from supportops.sites.check import Reason
from supportops.sites.probe.local_limits import has_route, requests_at_once
from supportops.sites.probe.request_state import RequestState, Response
from supportops.sites.probe.sockets import SocketWatcher
from supportops.sites.probe.transfer import Transfer
from supportops.sites.probe.trust import Trust

log = logging.getLogger(__name__)

# A request that found this machine out of files, ports or memory is tried again after a pause.
MOST_SHORTAGES = 20
# Without any that succeeds in between, so many in a row end the patience for all others.
_MOST_IN_A_ROW = 60
_SHORTAGE_PAUSE = 0.2


# A server that has not answered for so long costs this machine nothing while we wait for it, so
# it takes no place away from others. In all there are so many times as many requests at once.
PATIENCE = 2.0
MOST_WAITING = 8
# Many sites share a server.
_ROUTE_SECONDS = 1.0
# What libcurl can decode and Python cannot; a server that sends it unasked is asked once more.
_LIBCURL_DECODES = frozenset(
    coding for coding, library in (("br", "brotli"), ("zstd", "zstd")) if library in pycurl.version
)


class TransferPool:
    """Up to `most` requests at once, beside those that have waited for a server for a while.

    Handles are used again, connections are not.

    Where the machine runs out of what a connection needs, fewer are made at once, and the request
    is made again.
    """

    def __init__(self, watcher: SocketWatcher, *, most: int, user_agent: str, trust: Trust) -> None:
        self._watcher = watcher
        self._most = most
        self._most_open = max(most, requests_at_once(MOST_WAITING * most))
        self._starts: deque[float] = deque(maxlen=most)
        self._user_agent = user_agent
        self._trust = trust
        self._routes: dict[str, float] = {}
        self._idle: list[Transfer] = []
        self._busy: dict[pycurl.Curl, tuple[Transfer, RequestState]] = {}
        self._done: list[RequestState] = []
        self._due: float | None = None
        self._paused_until = 0.0
        self._short_in_a_row = 0
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    @property
    def has_room(self) -> bool:
        """Whether another request may start."""
        return self.wait_for_room(monotonic()) == 0.0

    def wait_for_room(self, now: float) -> float | None:
        """Seconds until another request may start; None: not before one ends."""
        pause = max(0.0, self._paused_until - now)
        if len(self._busy) < self._most:
            return pause
        if len(self._busy) >= self._most_open:
            return None
        return max(pause, self._starts[0] + PATIENCE - now)

    def start(self, request: RequestState) -> None:
        """Starts the request; past its deadline it ends at once with TIMEOUT."""
        transfer = self._idle.pop() if self._idle else self._new()
        if request.seconds_left == 0.0:
            request.responded(Response(Reason.TIMEOUT, "the deadline came before the request"))
            self._done.append(request)
            self._idle.append(transfer)
            return
        addresses = [address for address in request.addresses if self._has_route(address)]
        if not addresses:
            listed = ", ".join(request.addresses)
            request.responded(Response(Reason.INTERNAL, f"this machine has no route to {listed}"))
            self._done.append(request)
            self._idle.append(transfer)
            return
        try:
            transfer.start(request, addresses)
        except Exception as error:
            log.exception("a request could not be prepared")
            request.failed_here(error)
            transfer.close()
            self._done.append(request)
            return
        self._busy[transfer.curl] = (transfer, request)
        self._starts.append(monotonic())
        self._multi.add_handle(transfer.curl)

    def _has_route(self, address: str) -> bool:
        """A way that was there a second ago is; if not, the connection's error says so."""
        now = monotonic()
        if self._routes.get(address, now) <= now:
            self._routes.pop(address, None)
            if not has_route(address):
                return False
            self._routes[address] = now + _ROUTE_SECONDS
        return True

    def _new(self) -> Transfer:
        return Transfer(user_agent=self._user_agent, trust=self._trust)

    def _watch_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        read = what in (pycurl.POLL_IN, pycurl.POLL_INOUT)
        write = what in (pycurl.POLL_OUT, pycurl.POLL_INOUT)
        self._watcher.watch(fd, read, write, self._ready)

    def _ready(self, fd: int, read: bool, write: bool) -> None:
        bits = (pycurl.CSELECT_IN if read else 0) | (pycurl.CSELECT_OUT if write else 0)
        self._multi.socket_action(fd, bits)

    def _set_timer(self, milliseconds: int) -> None:
        self._due = None if milliseconds < 0 else monotonic() + milliseconds / 1000

    def wait(self, now: float) -> float | None:
        """Seconds until libcurl's timer is due or a pause ends; None: it waits for sockets only."""
        if self._done:
            return 0.0
        waits = [self._due] if self._due is not None else []
        if self._paused_until > now:
            waits.append(self._paused_until)
        return max(0.0, min(waits) - now) if waits else None

    def done(self) -> list[RequestState]:
        """The requests that ended since the last call, and those to be made again."""
        if self._due is not None and self._due <= monotonic():
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        more = 1
        while more:
            more, good, bad = self._multi.info_read()
            for curl in good:
                self._end(curl, 0, "")
            for curl, code, message in bad:
                self._end(curl, code, message)
        done, self._done = self._done, []
        return done

    def _end(self, curl: pycurl.Curl, code: int, message: str) -> None:
        transfer, request = self._busy.pop(curl)
        response = transfer.finish(code, message)
        self._multi.remove_handle(curl)
        self._idle.append(transfer)
        self._done.append(request)
        self._short_in_a_row = self._short_in_a_row + 1 if transfer.ran_short else 0
        if transfer.ran_short and self._is_patient_with(request):
            request.shortages += 1
            self._most = self._most_open = max(1, min(self._most, len(self._busy)))
            self._paused_until = monotonic() + _SHORTAGE_PAUSE
            return
        if response.undecoded in _LIBCURL_DECODES and not request.by_libcurl:
            request.asked_again(response)
            return
        try:
            request.responded(response)
        except Exception as error:  # one page that breaks the program must not end the whole run
            log.exception("a response could not be judged")
            request.failed_here(error)

    def _is_patient_with(self, request: RequestState) -> bool:
        return request.shortages < MOST_SHORTAGES and self._short_in_a_row < _MOST_IN_A_ROW

    def close(self) -> None:
        """Aborts all requests and closes all handles."""
        for transfer, _ in self._busy.values():
            self._multi.remove_handle(transfer.curl)
            transfer.close()
        for transfer in self._idle:
            transfer.close()
        self._multi.close()
