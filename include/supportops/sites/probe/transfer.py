"""One HTTP request over one fresh connection; its end is a value whatever the server does.

A libcurl handle is used for one request after another, a connection never, because an open one
would hide a dead listener, an expired certificate and a changed address from the next check.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from typing import Any

import pycurl

from supportops.addresses import read
from supportops.sites.certificates import MOST_CERTIFICATES, Fields
from supportops.sites.check import Phases, Reason
from supportops.sites.probe import curl_errors
from supportops.sites.probe.body.content_coding import ACCEPTED, BodyDecoder, UndecodableError
from supportops.sites.probe.local_limits import SHORTAGES
from supportops.sites.probe.page import CAP
from supportops.sites.probe.presented import LONGEST_FIELD, LONGEST_LIST, instant_of
from supportops.sites.probe.request_state import Certificate, RequestState, Response
from supportops.sites.probe.trust import Trust
from supportops.sites.probe.web_address import WebAddress
from supportops.sites.site import Expectation

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_STOP = -1
# Each piece of a body costs a call: an endless row of tiny ones would starve the other requests.
_MOST_PIECES = CAP // 64
# Without OpenSSL's post-quantum default: it takes a sixth of the CPU of a check, and nothing is
# sent that has to stay secret for years.
_CURVES = "X25519:P-256:P-384:P-521"
# All that OpenSSL offers, in the order in which browsers do: its own begins with the one whose
# longer keys and hashes cost a handshake more.
_CIPHERS = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"


class Transfer:
    """A libcurl handle and what has come in of its current request.

    `trust` are the certificate authorities, `user_agent` the header of that name. `ran_short`:
    the request that ended last failed because this machine was short of files, ports or memory.
    """

    def __init__(self, *, user_agent: str, trust: Trust) -> None:
        self.curl = pycurl.Curl()
        self.ran_short = False
        self._trust = trust
        self._pinned: str | None = None
        self._headers_set: tuple[object, ...] | None = None
        self._sockets: list[socket.socket] = []
        self._reset(Expectation(), (), by_libcurl=False)
        self._user_agent = user_agent
        self._set_up(trust.path)

    def _set_up(self, trust: str) -> None:
        for option, value in (
            (pycurl.CAINFO, trust),
            (pycurl.SSL_VERIFYPEER, 1),
            (pycurl.SSL_VERIFYHOST, 2),
            (pycurl.SSL_SESSIONID_CACHE, 0),
            (pycurl.SSL_EC_CURVES, _CURVES),
            (pycurl.TLS13_CIPHERS, _CIPHERS),
            (pycurl.OPT_CERTINFO, 1),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.COOKIEFILE, ""),
            (pycurl.FRESH_CONNECT, 1),
            (pycurl.FORBID_REUSE, 1),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.NOSIGNAL, 1),
            (pycurl.PROXY, ""),
            (pycurl.NOPROXY, "*"),
            (pycurl.NETRC, 0),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.HEADERFUNCTION, self._on_header),
            (pycurl.WRITEFUNCTION, self._on_body),
            (pycurl.XFERINFOFUNCTION, self._on_progress),
            (pycurl.NOPROGRESS, 0),
            (pycurl.OPENSOCKETFUNCTION, self._open_socket),
            (pycurl.SOCKOPTFUNCTION, self._socket_is_open),
        ):
            self.curl.setopt(option, value)

    def _reset(self, expect: Expectation, addresses: Sequence[str], *, by_libcurl: bool) -> None:
        self._expect = expect
        self._allowed = frozenset(map(read, addresses))
        self._reads = expect.reads_text
        self._status: int | None = None
        self._location: bytes | None = None
        self._is_framed = self._has_head = False
        self._content_type = b""
        self._content_encoding = b""
        self._decoder = BodyDecoder()
        self._by_libcurl = by_libcurl
        self._undecodable = ""
        self._body = bytearray()
        self._decoded = 0
        self._pieces = 0
        self._capped = False
        self._is_complete = False
        self._strayed: str | None = None
        self._our_error: Exception | None = None
        self.ran_short = False

    def start(self, request: RequestState, addresses: Sequence[str]) -> None:
        """Prepares the request at one of `addresses`. Raises where it has no address to go to."""
        web_address = request.web_address
        assert web_address is not None
        self._reset(request.target.expect, addresses, by_libcurl=request.by_libcurl)
        curl = self.curl
        curl.setopt(pycurl.URL, web_address.url)
        self._set_headers(request)
        curl.setopt(pycurl.RESOLVE, self._pins(web_address, addresses))
        milliseconds = max(1, int(request.seconds_left * 1000))
        curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, milliseconds)
        if web_address.login is None:
            curl.unsetopt(pycurl.USERPWD)
        else:
            curl.setopt(pycurl.USERPWD, ":".join(web_address.login).encode())

    def _set_headers(self, request: RequestState) -> None:
        curl = self.curl
        agent = request.target.options.user_agent or self._user_agent
        # Most requests are alike in this, and libcurl keeps what it was told.
        wanted = (request.headers, request.by_libcurl, agent)
        if wanted != self._headers_set:
            self._headers_set = None
            self._set_other_headers(request, agent)
            self._headers_set = wanted
        curl.setopt(pycurl.COOKIELIST, "ALL")
        for cookie in request.cookies:
            curl.setopt(pycurl.COOKIELIST, cookie)

    def _set_other_headers(self, request: RequestState, agent: str) -> None:
        curl, sent = self.curl, {"accept": "Accept: */*", "connection": "Connection: close"}
        curl.unsetopt(pycurl.COOKIE)
        for name, value in request.headers:
            if name.lower() == "cookie":
                curl.setopt(pycurl.COOKIE, value)
            else:
                sent[name.lower()] = f"{name}: {value}" if value else f"{name};"
        if request.by_libcurl:
            curl.setopt(pycurl.ACCEPT_ENCODING, "")
        else:
            curl.unsetopt(pycurl.ACCEPT_ENCODING)
            sent["accept-encoding"] = f"Accept-Encoding: {ACCEPTED}"
        curl.setopt(pycurl.HTTP_CONTENT_DECODING, int(request.by_libcurl))
        curl.setopt(pycurl.HTTPHEADER, list(sent.values()))
        curl.setopt(pycurl.USERAGENT, agent)

    def _pins(self, web_address: WebAddress, addresses: Sequence[str]) -> list[str]:
        """What libcurl's own DNS cache shall hold: this name, and no longer the one before it."""
        pins = [] if self._pinned is None else [f"-{self._pinned}"]
        self._pinned = None
        if web_address.ip is None:
            self._pinned = f"{web_address.host}:{web_address.port}"
            listed = ",".join(f"[{a}]" if ":" in a else a for a in addresses)
            pins.append(f"{self._pinned}:{listed}")
        return pins

    def _open_socket(self, _purpose: int, endpoint: Any) -> Any:
        """The second check: only allowed addresses are reached, however libcurl reads the URL."""
        family, kind, protocol, where = endpoint
        if read(where[0]) not in self._allowed:
            self._strayed = str(where[0])
            return pycurl.SOCKET_BAD
        self._notice_unused_sockets()
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError as error:
            self._our_error = error
            return pycurl.SOCKET_BAD
        self._sockets.append(opened)
        return opened

    def _socket_is_open(self, _fd: int, _purpose: int) -> int:
        """pycurl has duplicated our socket: two open files a connection are one too many."""
        self._close_sockets()
        return 0

    def _notice_unused_sockets(self) -> None:
        """A socket is still ours if pycurl found no open file left to duplicate it."""
        if self._sockets:
            self._our_error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            self._close_sockets()

    def _on_header(self, line: bytes) -> int | None:
        if line[:5] == b"HTTP/":
            self._status = _status(line)
            self._location = None
            self._is_framed = False
            self._content_type = self._content_encoding = b""
        elif line in (b"\r\n", b"\n"):
            return self._headers_end()
        else:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"location":
                self._location = value.strip()
            elif name in (b"content-length", b"transfer-encoding"):
                self._is_framed = True
            elif name == b"content-type":
                self._content_type = value.strip()
            elif name == b"content-encoding":
                self._content_encoding += b"," + value.strip()
        return None

    def _headers_end(self) -> int | None:
        """Stops where the body cannot change the result: a redirect, a wrong status."""
        status = self._status
        if status is None or status < 200:
            return None
        self._has_head = True
        if self._is_followed(status) or not self._expect.accepts(status):
            self._is_complete = True
            return _STOP
        if self._by_libcurl:
            return None
        try:
            self._decoder = BodyDecoder(self._content_encoding)
        except UndecodableError as error:
            self._undecodable = str(error)
            return _STOP
        return None

    def _is_followed(self, status: int) -> bool:
        """A redirect is followed, unless it is itself what is expected of this page."""
        if status not in REDIRECTS or self._location is None:
            return False
        return self._expect.accepts(200) or not self._expect.accepts(status)

    def _on_body(self, chunk: bytes) -> int | None:
        room = CAP - self._decoded
        try:
            text = self._decoder.feed(chunk, room + 1)
        except UndecodableError as error:
            self._undecodable = str(error)
            return _STOP
        self._decoded += len(text)
        self._pieces += 1
        if self._reads:
            self._body += text[:room]
        if len(text) > room or self._pieces > _MOST_PIECES:
            self._capped = self._is_complete = True
            return _STOP
        return None

    def _on_progress(self, _total: int, wire: int, _up_total: int, _up: int) -> int | None:
        if wire > CAP:
            self._capped = self._is_complete = True
            return 1
        return None

    def finish(self, code: int, message: str) -> Response:
        """The end of the request; `code` and `message` are libcurl's, 0 where it had no error."""
        self._notice_unused_sockets()
        phases = self._phases()
        if self._is_complete or self._ends_with_connection(code, message):
            code = 0
        if self._undecodable:
            reason, detail = Reason.ENCODING, self._undecodable
        elif code != 0:
            reason, detail = self._failure(code, message, phases)
        elif not self._is_complete and not self._decoder.is_complete:
            reason, detail = Reason.TRUNCATED, "the compressed body is cut short"
        else:
            reason, detail = Reason.OK, ""
        return Response(
            reason,
            detail,
            self._status,
            self._redirect(),
            bytes(self._body),
            tuple(self.curl.getinfo_raw(pycurl.INFO_COOKIELIST)),
            self._content_type,
            self._capped,
            phases,
            self._certificates(),
            self.curl.getinfo(pycurl.PRIMARY_IP) or None,
            int(self.curl.getinfo(pycurl.SIZE_DOWNLOAD_T)),
            self._decoder.foreign,
        )

    def _ends_with_connection(self, code: int, message: str) -> bool:
        """Whether a page without a length ended as its connection did, without TLS's own goodbye.

        Many servers leave that out, and browsers show the page.
        """
        is_end = code == pycurl.E_RECV_ERROR and curl_errors.is_unexpected_end(message)
        return is_end and self._has_head and not self._is_framed

    def _failure(self, code: int, message: str, phases: Phases) -> tuple[Reason, str]:
        if self._strayed is not None:
            return Reason.BLOCKED_ADDRESS, f"{self._strayed} is not an allowed address"
        if self._our_error is not None and phases.connect is None:
            self.ran_short = getattr(self._our_error, "errno", None) in SHORTAGES
            return Reason.INTERNAL, f"no socket could be opened: {self._our_error}"
        error = curl_errors.CurlError(
            code,
            message,
            self.curl.getinfo(pycurl.OS_ERRNO),
            self.curl.getinfo(pycurl.SSL_VERIFYRESULT),
            phases,
        )
        self.ran_short = error.is_shortage and not self._trust.lacking
        if error.reason is Reason.TLS_UNTRUSTED and self._trust.lacking:
            return Reason.INTERNAL, self._trust.lacking
        return error.reason, error.detail

    def _redirect(self) -> str | None:
        if self._status is None or not self._is_followed(self._status) or self._location is None:
            return None
        return self._location.decode("utf-8", "replace")

    def _phases(self) -> Phases:
        read = self.curl.getinfo
        return Phases(
            connect=_ms(read(pycurl.CONNECT_TIME)),
            tls=_ms(read(pycurl.APPCONNECT_TIME)),
            first_byte=_ms(read(pycurl.STARTTRANSFER_TIME)) if self._status else None,
            total=read(pycurl.TOTAL_TIME) * 1000,
        )

    def _certificates(self) -> tuple[Certificate, ...]:
        """The chain as it was served, the site's own certificate first."""
        chain = self.curl.getinfo_raw(pycurl.INFO_CERTINFO)
        return tuple(_certificate(dict(fields)) for fields in chain[:MOST_CERTIFICATES])

    def _close_sockets(self) -> None:
        for opened in self._sockets:
            opened.close()
        self._sockets.clear()

    def close(self) -> None:
        """Closes the handle and its sockets."""
        self._close_sockets()
        self.curl.close()


def _ms(seconds: float) -> float | None:
    return seconds * 1000 if seconds > 0 else None


def _status(line: bytes) -> int | None:
    parts = line.split(None, 2)
    number = parts[1] if len(parts) > 1 else b""
    return int(number) if number.isdigit() and len(number) == 3 else None


def _certificate(found: dict[bytes, bytes]) -> Certificate:
    names, ends = found.get(b"X509v3 Subject Alternative Name", b""), found.get(b"Expire date", b"")
    subject, issuer = found.get(b"Subject", b""), found.get(b"Issuer", b"")
    return Certificate(
        expires=instant_of(ends),
        has_names=b"DNS:" in names or b"IP Address:" in names,
        self_signed=subject == issuer,
        fields=Fields(
            subject[:LONGEST_FIELD],
            issuer[:LONGEST_FIELD],
            names[:LONGEST_LIST],
            names.count(b":"),
            found.get(b"Start date", b"")[:LONGEST_FIELD],
            ends[:LONGEST_FIELD],
        ),
    )
