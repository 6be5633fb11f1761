"""libcurl's error codes as reasons of a check (https://curl.se/libcurl/c/libcurl-errors.html)."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import pycurl

from supportops.sites.check import Phases, Reason
from supportops.sites.probe.local_limits import LOCAL_ERRORS, SHORTAGES

# Of curl.h, where pycurl has no name for them.
_WEIRD_SERVER_REPLY = 8
_SSL_CIPHER = 59
_SSL_SHUTDOWN_FAILED = 80
_SSL_INVALID_STATUS = 91
_TOO_LARGE = 100

# OpenSSL's x509_vfy.h: what the verification of a chain found.
_X509_NOT_YET_VALID = 9
_X509_EXPIRED = 10
_X509_HOSTNAME_MISMATCH = 62

_BY_CODE = {
    pycurl.E_UNSUPPORTED_PROTOCOL: Reason.INVALID_HTTP,  # an answer without a status line
    pycurl.E_URL_MALFORMAT: Reason.BAD_URL,
    _WEIRD_SERVER_REPLY: Reason.INVALID_HTTP,
    pycurl.E_PARTIAL_FILE: Reason.TRUNCATED,
    pycurl.E_GOT_NOTHING: Reason.RESET,
    pycurl.E_SEND_ERROR: Reason.RESET,
    pycurl.E_BAD_CONTENT_ENCODING: Reason.ENCODING,
    _SSL_CIPHER: Reason.TLS,
    _SSL_SHUTDOWN_FAILED: Reason.TLS,
    _SSL_INVALID_STATUS: Reason.TLS_UNTRUSTED,
    _TOO_LARGE: Reason.INVALID_HTTP,
    pycurl.E_WRITE_ERROR: Reason.ENCODING,  # our callbacks never fail: the decoder did
}

_BY_ERRNO = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.ETIMEDOUT: Reason.CONNECT_TIMEOUT,
    errno.ECONNRESET: Reason.RESET,
}


def is_unexpected_end(message: str) -> bool:
    """Whether a TLS connection was closed without the alert that announces it."""
    return "unexpected eof" in message.lower()


@dataclass(frozen=True, slots=True)
class CurlError:
    """How a request failed, as libcurl reports it."""

    code: int
    message: str
    os_error: int
    verify_result: int
    phases: Phases

    @property
    def reason(self) -> Reason:
        """The reason of the check.

        INTERNAL for an error of this machine, and for a code that no server can cause: out of
        memory, unreadable certificate authorities, a failed set-up.
        """
        if self.code == pycurl.E_OPERATION_TIMEDOUT:
            return Reason.CONNECT_TIMEOUT if self.phases.connect is None else Reason.TIMEOUT
        if self.code == pycurl.E_COULDNT_CONNECT:
            if self.os_error in LOCAL_ERRORS:
                return Reason.INTERNAL
            return _BY_ERRNO.get(self.os_error, Reason.UNREACHABLE)
        if self.code == pycurl.E_SSL_CONNECT_ERROR:
            return self._handshake()
        if self.code == pycurl.E_PEER_FAILED_VERIFICATION:
            return self._certificate()
        if self.code == pycurl.E_RECV_ERROR:
            return self._received()
        return _BY_CODE.get(self.code, Reason.INTERNAL)

    @property
    def is_shortage(self) -> bool:
        """Whether this machine lacked something that it may have a moment later.

        Authorities that cannot be read are: they were readable when the run began.
        """
        if self.code in (pycurl.E_OUT_OF_MEMORY, pycurl.E_SSL_CACERT_BADFILE):
            return True
        return self.code == pycurl.E_COULDNT_CONNECT and self.os_error in SHORTAGES

    def _handshake(self) -> Reason:
        return Reason.RESET if self._is_reset else Reason.TLS

    @property
    def _is_reset(self) -> bool:
        message = self.message.lower()
        return (
            "reset by peer" in message or "syscall" in message or self.os_error == errno.ECONNRESET
        )

    def _certificate(self) -> Reason:
        if self.verify_result == _X509_EXPIRED:
            return Reason.TLS_EXPIRED
        if self.verify_result == _X509_NOT_YET_VALID:
            return Reason.TLS_NOT_YET_VALID
        if self.verify_result == _X509_HOSTNAME_MISMATCH or "matc" in self.message:
            return Reason.TLS_NAME
        return Reason.TLS_UNTRUSTED

    def _received(self) -> Reason:
        """Invalid framing and a broken connection share a code; only the text differs."""
        if self._is_reset:
            return Reason.RESET
        if is_unexpected_end(self.message):
            return Reason.TRUNCATED
        return Reason.INVALID_HTTP

    @property
    def detail(self) -> str:
        """libcurl's message; at the deadline, how far the request had come."""
        if self.code != pycurl.E_OPERATION_TIMEDOUT:
            return self.message
        if self.phases.connect is None:
            return "no connection was made before the deadline"
        if self.phases.first_byte is None:
            return "nothing was answered before the deadline"
        return "the answer was not complete at the deadline"
