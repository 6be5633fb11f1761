"""The requests on the wire: libcurl's multi interface, driven by the run's loop."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import certifi
import pycurl

from supportops.sites.check import Reason
from supportops.sites.probe.request_state import RequestState, Response
from supportops.sites.probe.sockets import SocketWatcher
from supportops.sites.probe.transfer import Transfer

# Where the distributions keep theirs (the list of Go's crypto/x509, root_linux.go and root_bsd.go);
# operators add their own authorities there. libcurl's wheel has no default of its own.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class TransferPool:
    """Up to `most` requests at once. Handles are used again, connections are not."""

    def __init__(self, watcher: SocketWatcher, *, most: int, user_agent: str, trust: str) -> None:
        self._watcher = watcher
        self._most = most
        self._user_agent = user_agent
        self._trust = trust
        self._idle: list[Transfer] = []
        self._busy: dict[pycurl.Curl, tuple[Transfer, RequestState]] = {}
        self._done: list[RequestState] = []
        self._due: float | None = None
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    @property
    def has_room(self) -> bool:
        """Whether another request may start."""
        return len(self._busy) < self._most

    def start(self, request: RequestState) -> None:
        """Starts the request; past its deadline it ends at once with TIMEOUT."""
        transfer = self._idle.pop() if self._idle else self._new()
        web_address = request.web_address
        if web_address is None or request.seconds_left == 0.0:
            request.responded(Response(Reason.TIMEOUT, "the deadline came before the request"))
            self._done.append(request)
            self._idle.append(transfer)
            return
        transfer.start(web_address, request.addresses, request.target.expect, request.seconds_left)
        self._busy[transfer.curl] = (transfer, request)
        self._multi.add_handle(transfer.curl)

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
        """Seconds until libcurl's timer is due; None: it waits for sockets only."""
        if self._done:
            return 0.0
        return None if self._due is None else max(0.0, self._due - now)

    def done(self) -> list[RequestState]:
        """The requests that ended since the last call."""
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
        request.responded(response)
        self._done.append(request)

    def close(self) -> None:
        """Aborts all requests and closes all handles."""
        for transfer, _ in self._busy.values():
            self._multi.remove_handle(transfer.curl)
            transfer.close()
        for transfer in self._idle:
            transfer.close()
        self._multi.close()


def system_authorities() -> Path:
    """The system's bundle of certificate authorities, or certifi's where the system has none."""
    found = (Path(path) for path in _SYSTEM_BUNDLES)
    return next((path for path in found if path.is_file()), Path(certifi.where()))


@contextmanager
def trust_file(extra: str | None) -> Iterator[str]:
    """The path of a PEM file with every authority to trust: the system's and those of `extra`.

    OSError when `extra` cannot be read. One file and not a blob in memory, because libcurl parses
    a file once for all its handles.
    """
    system = system_authorities()
    if extra is None:
        yield str(system)
        return
    added = Path(extra).read_bytes()
    handle, name = tempfile.mkstemp(prefix="supportops-trust-", suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(system.read_bytes() + b"\n" + added)
        yield name
    finally:
        Path(name).unlink()
