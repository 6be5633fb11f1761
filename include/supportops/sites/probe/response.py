"""What the network told about one hop: the answer to its name, and the end of its request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from supportops.sites.check import Phases, Reason

NOT_REACHED = Phases()


@dataclass(frozen=True, slots=True)
class Answer:
    """The addresses of a name, IPv6 and IPv4 as given; or, when there are none, why."""

    addresses: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """What one request came to. `reason` OK: a complete answer, or as much as was wanted.

    `location` is set when the answer leads elsewhere; `capped` when the body went on beyond the
    cap. Phases are in ms from the start of the request, without DNS.
    """

    reason: Reason
    detail: str = ""
    status: int | None = None
    location: str | None = None
    body: bytes = b""
    content_type: bytes = b""
    capped: bool = False
    phases: Phases = NOT_REACHED
    certificate_expires: datetime | None = None
    address: str | None = None
    bytes: int = 0
