"""The result of checking one address once: a value, whatever the server did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from supportops.sites.certificates import Presented


class State(StrEnum):
    """Whether an address answered as expected; UNKNOWN: the check itself failed."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, reason: Reason) -> State:
        """The state that a check with this reason found."""
        if reason is Reason.INTERNAL:
            return cls.UNKNOWN
        return cls.UP if reason is Reason.OK else cls.DOWN


class Reason(StrEnum):
    """Why a check failed; `OK` when it did not. A closed set: stored, shown and routed on."""

    OK = "ok"
    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_EXPIRED = "tls_expired"
    TLS_NOT_YET_VALID = "tls_not_yet_valid"
    TLS_NAME = "tls_name"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS = "tls"
    TIMEOUT = "timeout"
    RESET = "reset"
    TRUNCATED = "truncated"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    BAD_REDIRECT = "bad_redirect"
    WRONG_HOST = "wrong_host"
    BLOCKED_ADDRESS = "blocked_address"
    BAD_URL = "bad_url"
    STATUS = "status"
    TEXT_MISSING = "text_missing"
    TEXT_FORBIDDEN = "text_forbidden"
    TEXT_BEYOND_CAP = "text_beyond_cap"
    SLOW = "slow"
    INVALID_HTTP = "invalid_http"
    ENCODING = "encoding"
    INTERNAL = "internal"


WORDS: dict[Reason, str] = {
    Reason.OK: "answers as expected",
    Reason.DNS: "name does not resolve",
    Reason.REFUSED: "connection refused",
    Reason.UNREACHABLE: "no route to the server",
    Reason.CONNECT_TIMEOUT: "no connection in time",
    Reason.TLS_EXPIRED: "certificate expired",
    Reason.TLS_NOT_YET_VALID: "certificate not valid yet",
    Reason.TLS_NAME: "certificate is for another name",
    Reason.TLS_UNTRUSTED: "certificate not trusted",
    Reason.TLS: "TLS handshake failed",
    Reason.TIMEOUT: "no complete answer in time",
    Reason.RESET: "connection reset",
    Reason.TRUNCATED: "answer cut short",
    Reason.TOO_MANY_REDIRECTS: "too many redirects",
    Reason.BAD_REDIRECT: "redirect leads nowhere",
    Reason.WRONG_HOST: "redirects end at another host",
    Reason.BLOCKED_ADDRESS: "address is not a public one",
    Reason.BAD_URL: "address cannot be checked",
    Reason.STATUS: "unexpected HTTP status",
    Reason.TEXT_MISSING: "expected text is missing",
    Reason.TEXT_FORBIDDEN: "forbidden text is on the page",
    Reason.TEXT_BEYOND_CAP: "expected text not in the first MiB",
    Reason.SLOW: "slower than its ceiling",
    Reason.INVALID_HTTP: "answer is no HTTP",
    Reason.ENCODING: "body cannot be decoded",
    Reason.INTERNAL: "the check itself failed",
}


@dataclass(frozen=True, slots=True)
class Phases:
    """Milliseconds from the start of the exchange to the end of each phase; None: not reached.

    `dns`, `connect`, `tls`, `first_byte` belong to the last request and count from its start;
    `total` counts over all redirects.
    """

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one check. `checked_at` is aware UTC; `detail` is one printable line.

    `url` is the address checked, `address` the IP connected to last, `bytes` what was read of the
    body on the wire, `certificate_expires` the end of the served certificate, known also when
    verification failed. `chain`: the certificates of the last server asked, where there were any;
    it is recorded apart from the result, when it changes.
    """

    url: str
    state: State
    reason: Reason
    checked_at: datetime
    detail: str = ""
    status: int | None = None
    phases: Phases = Phases()
    certificate_expires: datetime | None = None
    address: str | None = None
    bytes: int = 0
    redirects: int = 0
    chain: Presented | None = field(default=None, compare=False, repr=False)

    @property
    def good(self) -> bool:
        """Whether everything was as expected, speed included."""
        return self.state is State.UP

    @property
    def counts(self) -> bool:
        """Whether it says anything about the site: a check that failed on our side does not."""
        return self.reason is not Reason.INTERNAL


def result_to_json(result: ProbeResult) -> dict[str, Any]:
    """One check in JSON's types: the form of `supportops probe --json` and of stored folds."""
    phases = result.phases
    return {
        "url": result.url,
        "state": result.state.value,
        "reason": result.reason.value,
        "status": result.status,
        "detail": result.detail,
        "checked_at": instant_to_json(result.checked_at),
        "phases": {
            "dns": phases.dns,
            "connect": phases.connect,
            "tls": phases.tls,
            "first_byte": phases.first_byte,
            "total": phases.total,
        },
        "certificate_expires": instant_to_json(result.certificate_expires),
        "address": result.address,
        "bytes": result.bytes,
        "redirects": result.redirects,
    }


def result_from_json(found: dict[str, Any]) -> ProbeResult:
    """The check that `result_to_json` wrote. KeyError or ValueError for anything else."""
    checked_at = instant_from_json(found["checked_at"])
    assert checked_at is not None
    return ProbeResult(
        url=found["url"],
        state=State(found["state"]),
        reason=Reason(found["reason"]),
        checked_at=checked_at,
        detail=found["detail"],
        status=found["status"],
        phases=Phases(**found["phases"]),
        certificate_expires=instant_from_json(found["certificate_expires"]),
        address=found["address"],
        bytes=found["bytes"],
        redirects=found["redirects"],
    )


def instant_to_json(instant: datetime | None) -> str | None:
    """ISO 8601 with the offset."""
    return None if instant is None else instant.isoformat()


def instant_from_json(text: str | None) -> datetime | None:
    """ValueError for text that is no ISO 8601."""
    return None if text is None else datetime.fromisoformat(text)
