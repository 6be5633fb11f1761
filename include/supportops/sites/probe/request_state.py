"""One target's way from its URL to its result, hop by hop; decides, and does no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from supportops.sites.check import Phases, ProbeResult, Reason, State
from supportops.sites.probe.address import refusal
from supportops.sites.probe.page import judge_text, one_line, text_of
from supportops.sites.probe.response import NOT_REACHED, Answer, Hop
from supportops.sites.probe.web_address import BadUrl, WebAddress, parse, without_login
from supportops.sites.site import Expectation

MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Target:
    """What to ask and what to expect of it."""

    url: str
    expect: Expectation
    allow_private: bool = False


class Inquiry:
    """Where one target stands. `result` is set when it has come to its end.

    Otherwise: with `addresses` it can be asked, without them its host must be named first.
    `seconds_left` is what remains of the deadline; time spent waiting for a turn does not count.
    """

    __slots__ = (
        "_certificate_expires",
        "_checked_at",
        "_dns",
        "_seconds",
        "_spent",
        "addresses",
        "index",
        "redirects",
        "result",
        "target",
        "there",
    )

    def __init__(self, index: int, target: Target, seconds: float, checked_at: datetime) -> None:
        self.index = index
        self.target = target
        self.addresses: tuple[str, ...] = ()
        self.redirects = 0
        self.result: ProbeResult | None = None
        self.there: WebAddress | None = None
        self._seconds = seconds
        self._spent = 0.0
        self._dns: float | None = None
        self._checked_at = checked_at
        self._certificate_expires: datetime | None = None
        try:
            self._go(parse(target.url))
        except BadUrl as why:
            self._end(Reason.BAD_URL, str(why))

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._seconds - self._spent)

    @property
    def host(self) -> str:
        return self.there.host if self.there is not None else ""

    def _go(self, there: WebAddress) -> None:
        self.there, self.addresses, self._dns = there, (), None
        if there.ip is not None:
            self._dns = 0.0
            self._agree((str(there.ip),))

    def _agree(self, addresses: Sequence[str]) -> None:
        """Keeps the addresses that may be connected to; without any, the target is blocked."""
        private = self.target.allow_private
        refused = {a: refusal(a, allow_private=private) for a in addresses}
        self.addresses = tuple(address for address, words in refused.items() if words is None)
        if not self.addresses:
            self._end(Reason.BLOCKED_ADDRESS, "; ".join(f"{a}: {w}" for a, w in refused.items()))

    def named(self, answer: Answer, seconds: float) -> None:
        """The host's name was answered after `seconds`."""
        self._spent += seconds
        if answer.addresses:
            self._dns = seconds * 1000
            self._agree(answer.addresses)
        else:
            self._end(Reason.DNS, f"{self.host}: {answer.error}")

    def unnamed(self) -> None:
        """The deadline came before the name's answer did."""
        self._spent = self._seconds
        self._end(Reason.DNS, f"{self.host}: no answer before the deadline")

    def answered(self, hop: Hop) -> None:
        """A request came to its end: the target's end, or the next hop's beginning."""
        self._spent += (hop.phases.total or 0.0) / 1000
        self._note_certificate(hop.certificate_expires)
        if hop.reason is not Reason.OK:
            self._end(hop.reason, hop.detail, hop)
        elif hop.location is not None:
            self._redirect(hop, hop.location)
        else:
            self._judge(hop)

    def _note_certificate(self, expires: datetime | None) -> None:
        """Of several hops the certificate that ends first counts: it breaks the way first."""
        known = [moment for moment in (self._certificate_expires, expires) if moment is not None]
        self._certificate_expires = min(known, default=None)

    def _redirect(self, hop: Hop, location: str) -> None:
        if self.redirects == MOST_REDIRECTS:
            self._end(Reason.TOO_MANY_REDIRECTS, f"more than {MOST_REDIRECTS}", hop)
            return
        if self.seconds_left == 0.0:
            self._end(Reason.TIMEOUT, "the deadline came between two redirects", hop)
            return
        self.redirects += 1
        try:
            self._go(self.there.follow(location) if self.there else parse(location))
        except BadUrl as why:
            self._end(Reason.BAD_REDIRECT, f"to {without_login(location)!a}: {why}", hop)

    def _judge(self, hop: Hop) -> None:
        expect = self.target.expect
        reason, detail = Reason.OK, ""
        if hop.status is None or not expect.accepts(hop.status):
            reason, detail = Reason.STATUS, f"status {hop.status}"
        elif expect.contains or expect.not_contains:
            text = text_of(hop.body, hop.content_type)
            reason, detail = judge_text(expect, text, capped=hop.capped)
        if reason is Reason.OK and self._slow():
            reason, detail = Reason.SLOW, f"{self._spent:.2f} s"
        self._end(reason, detail, hop)

    def _slow(self) -> bool:
        ceiling = self.target.expect.latency
        return ceiling is not None and self._spent > ceiling.total_seconds()

    def _end(self, reason: Reason, detail: str, hop: Hop | None = None) -> None:
        self.result = ProbeResult(
            url=without_login(self.target.url),
            state=State.UP if reason is Reason.OK else State.DOWN,
            reason=reason,
            checked_at=self._checked_at,
            detail=one_line(detail),
            status=hop.status if hop else None,
            phases=self._phases(hop),
            certificate_expires=self._certificate_expires,
            address=hop.address if hop else None,
            bytes=hop.bytes if hop else 0,
            redirects=self.redirects,
        )

    def _phases(self, hop: Hop | None) -> Phases:
        """The hop's phases with the naming before them: each from the start of the hop."""
        found = hop.phases if hop else NOT_REACHED
        before = self._dns or 0.0
        return replace(
            found,
            dns=self._dns,
            connect=_later(found.connect, before),
            tls=_later(found.tls, before),
            first_byte=_later(found.first_byte, before),
            total=self._spent * 1000,
        )


def _later(milliseconds: float | None, before: float) -> float | None:
    return None if milliseconds is None else milliseconds + before
