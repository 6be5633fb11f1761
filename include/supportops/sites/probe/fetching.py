"""The requests on the wire: libcurl's multi interface, turned by the run's loop."""

from __future__ import annotations

from time import monotonic

import pycurl

from supportops.sites.check import Reason
from supportops.sites.probe.request_state import Inquiry
from supportops.sites.probe.response import Hop
from supportops.sites.probe.sockets import Watch
from supportops.sites.probe.transfer import Transfer


class Fetching:
    """Up to `most` requests at once, on handles that are kept while connections are not."""

    def __init__(self, watch: Watch, *, most: int, user_agent: str, trust: str) -> None:
        self._watch = watch
        self._most = most
        self._user_agent = user_agent
        self._trust = trust
        self._idle: list[Transfer] = []
        self._busy: dict[pycurl.Curl, tuple[Transfer, Inquiry]] = {}
        self._done: list[Inquiry] = []
        self._due: float | None = None
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._want)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    @property
    def has_room(self) -> bool:
        return len(self._busy) < self._most

    def start(self, inquiry: Inquiry) -> None:
        transfer = self._idle.pop() if self._idle else self._new()
        there = inquiry.there
        if there is None or inquiry.seconds_left == 0.0:
            inquiry.answered(Hop(Reason.TIMEOUT, "the deadline came before the request"))
            self._done.append(inquiry)
            self._idle.append(transfer)
            return
        transfer.start(there, inquiry.addresses, inquiry.target.expect, inquiry.seconds_left)
        self._busy[transfer.curl] = (transfer, inquiry)
        self._multi.add_handle(transfer.curl)

    def _new(self) -> Transfer:
        return Transfer(user_agent=self._user_agent, trust=self._trust)

    def _want(self, what: int, fd: int, _multi: object, _data: object) -> None:
        read = what in (pycurl.POLL_IN, pycurl.POLL_INOUT)
        write = what in (pycurl.POLL_OUT, pycurl.POLL_INOUT)
        self._watch.want(fd, read, write, self._ready)

    def _ready(self, fd: int, read: bool, write: bool) -> None:
        bits = (pycurl.CSELECT_IN if read else 0) | (pycurl.CSELECT_OUT if write else 0)
        self._multi.socket_action(fd, bits)

    def _set_timer(self, milliseconds: int) -> None:
        self._due = None if milliseconds < 0 else monotonic() + milliseconds / 1000

    def wait(self, now: float) -> float | None:
        """Seconds until libcurl wants its turn; None: it waits for sockets alone."""
        if self._done:
            return 0.0
        return None if self._due is None else max(0.0, self._due - now)

    def done(self) -> list[Inquiry]:
        """The inquiries whose request came to its end since the last call."""
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
        transfer, inquiry = self._busy.pop(curl)
        hop = transfer.finish(code, message)
        self._multi.remove_handle(curl)
        self._idle.append(transfer)
        inquiry.answered(hop)
        self._done.append(inquiry)

    def close(self) -> None:
        for transfer, _ in self._busy.values():
            self._multi.remove_handle(transfer.curl)
            transfer.close()
        for transfer in self._idle:
            transfer.close()
        self._multi.close()
