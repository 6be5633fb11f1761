"""The state of one target's request, response by response, until it has a result. Does no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from supportops.addresses import refusal
from supportops.sites.certificates import Fields, Presented
from supportops.sites.check import Phases, ProbeResult, Reason, State
from supportops.sites.probe.page import judge_text, one_line, text_of
from supportops.sites.probe.web_address import BadUrl, WebAddress, parse, without_login
from supportops.sites.site import PLAIN, Expectation, RequestOptions

NOT_REACHED = Phases()
# What a server may seem to do that this machine did not answer or did not listen to.
_MAY_BE_OUR_DELAY = frozenset(
    {
        Reason.DNS,
        Reason.CONNECT_TIMEOUT,
        Reason.TIMEOUT,
        Reason.RESET,
        Reason.TRUNCATED,
        Reason.TLS,
        Reason.SLOW,
    }
)
# A site that had three quarters of the deadline had its time.
_MOST_LOST = 0.25


@dataclass(frozen=True, slots=True)
class Target:
    """The URL to request and what is expected of it. `login`: user and password.

    `unready` says why the request cannot be made as it should be, such as a secret that is not set.
    """

    url: str
    expect: Expectation
    allow_private: bool = False
    options: RequestOptions = PLAIN
    login: tuple[str, str] | None = field(default=None, repr=False)
    unready: str = ""


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """The addresses of a name, IPv6 and IPv4 as given; or, when there are none, why.

    `local`: nothing was learnt about the name, because no name server could be asked or answers
    anything.
    """

    addresses: tuple[str, ...] = ()
    error: str = ""
    local: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate of a served chain. `has_names`: of a host, where browsers look for them.

    `fields`: what it says.
    """

    expires: datetime | None = None
    has_names: bool = True
    self_signed: bool = False
    fields: Fields | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The end of one request. `reason` OK: a complete response, or as much of it as was wanted.

    `location` is set when the response is a redirect to be followed; `capped` when the body went
    on beyond the cap. `cookies` are in libcurl's form, for the next request of the same check;
    `undecoded` names a content coding that could not be taken off. Phases are in ms from the start
    of the request, without DNS.
    """

    reason: Reason
    detail: str = ""
    status: int | None = None
    location: str | None = None
    body: bytes = b""
    cookies: tuple[bytes, ...] = ()
    content_type: bytes = b""
    capped: bool = False
    phases: Phases = NOT_REACHED
    certificates: tuple[Certificate, ...] = ()
    address: str | None = None
    bytes: int = 0
    undecoded: str = ""


# Statuses of 3xx that are no page: a redirect that says not where to, and answers to questions that
# were not asked (a condition, a proxy). Browsers show nothing or an error.
_NO_PAGE = frozenset({301, 302, 303, 304, 305, 306, 307, 308})


class RequestState:
    """How far one target is. `result` is set at the end.

    Until then: with `addresses` the request can start, without them its host must be resolved
    first. `seconds_left` is what remains of the deadline; time spent waiting for a slot does not
    count. `shortages` counts the tries that this machine was too short of something to make.
    """

    __slots__ = (
        "_certificate_expires",
        "_chain",
        "_checked_at",
        "_dns",
        "_origin",
        "_seconds",
        "_spent",
        "addresses",
        "by_libcurl",
        "cookies",
        "index",
        "redirects",
        "result",
        "shortages",
        "target",
        "web_address",
    )

    def __init__(self, index: int, target: Target, seconds: float, checked_at: datetime) -> None:
        self.index = index
        self.target = target
        self.addresses: tuple[str, ...] = ()
        self.redirects = 0
        self.shortages = 0
        self.by_libcurl = False
        self.cookies: tuple[bytes, ...] = ()
        self.result: ProbeResult | None = None
        self.web_address: WebAddress | None = None
        self._seconds = seconds
        self._spent = 0.0
        self._dns: float | None = None
        self._checked_at = checked_at
        self._certificate_expires: datetime | None = None
        self._chain: Presented | None = None
        self._origin: tuple[str, str, int] | None = None
        if target.unready:
            self._finish(Reason.INTERNAL, target.unready)
            return
        try:
            first = parse(target.url)
            self._origin = first.origin
            self._request(first)
        except BadUrl as why:
            self._finish(Reason.BAD_URL, str(why))

    @property
    def seconds_left(self) -> float:
        """What remains of the deadline, at least 0."""
        return max(0.0, self._seconds - self._spent)

    @property
    def host(self) -> str:
        """The host of the next request, in ASCII; empty where the URL is not valid."""
        return self.web_address.host if self.web_address is not None else ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that the site's own origin gets, and no other that it redirects to."""
        return self.target.options.headers if self._is_at_home else ()

    @property
    def _is_at_home(self) -> bool:
        return self.web_address is not None and self.web_address.origin == self._origin

    def _request(self, web_address: WebAddress) -> None:
        if self.target.login is not None and web_address.origin == self._origin:
            web_address = replace(web_address, login=self.target.login)
        self.web_address, self.addresses, self._dns = web_address, (), None
        self.by_libcurl = False
        if web_address.ip is not None:
            self._dns = 0.0
            self._allow((str(web_address.ip),))

    def _allow(self, addresses: Sequence[str]) -> None:
        """Takes the addresses that may be connected to; without any, the target is blocked."""
        private = self.target.allow_private
        refused = {a: refusal(a, allow_private=private) for a in addresses}
        self.addresses = tuple(address for address, words in refused.items() if words is None)
        if not self.addresses:
            reasons = "; ".join(f"{a}: {w}" for a, w in refused.items())
            self._finish(Reason.BLOCKED_ADDRESS, reasons)

    def resolved(self, answer: DnsAnswer, seconds: float) -> None:
        """The host was looked up, in `seconds`."""
        self._spent += seconds
        if answer.addresses:
            self._dns = seconds * 1000
            self._allow(answer.addresses)
        else:
            reason = Reason.INTERNAL if answer.local else Reason.DNS
            self._finish(reason, f"{self.host}: {answer.error}")

    def resolve_timed_out(self, *, local: bool = False) -> None:
        """The deadline came before the look-up of the host was answered. `local`: no name server
        answered anything in that time."""
        self._spent = self._seconds
        if local:
            self._finish(Reason.INTERNAL, f"{self.host}: no name server answers anything")
        else:
            self._finish(Reason.DNS, f"{self.host}: no answer before the deadline")

    def asked_again(self, response: Response) -> None:
        """The body is in a coding that only libcurl can take off: the request is made once more."""
        self._spent += (response.phases.total or 0.0) / 1000
        self.by_libcurl = True

    def not_made(self, why: str) -> None:
        """This machine could not check anything."""
        self._finish(Reason.INTERNAL, f"this machine cannot check anything: {why}")

    def failed_here(self, error: Exception) -> None:
        """The program itself failed on this target: that is no result of the site's."""
        self._finish(Reason.INTERNAL, f"{type(error).__name__} in the check")

    def stood_still(self, seconds: float) -> None:
        """This process stood still for `seconds` of the check: a failure may be due to that."""
        if self.result is None or self.result.reason not in _MAY_BE_OUR_DELAY:
            return
        if seconds > _MOST_LOST * self._seconds:
            self._finish(Reason.INTERNAL, f"this machine stood still for {seconds:.1f} s")

    def responded(self, response: Response) -> None:
        """A request ended: that is the result, or a redirect to the next request."""
        self._spent += (response.phases.total or 0.0) / 1000
        self._note_certificates(response)
        self.cookies = response.cookies
        if response.reason is Reason.OK and not all(c.has_names for c in response.certificates[:1]):
            why = "the certificate has a common name only, which browsers do not read"
            self._finish(Reason.TLS_NAME, why, response)
        elif response.reason is not Reason.OK:
            self._finish(response.reason, response.detail, response)
        elif response.location is not None:
            self._redirect(response, response.location)
        else:
            self._judge(response)

    def _note_certificates(self, response: Response) -> None:
        """Of all certificates on the way the first to expire counts: it fails first.

        Intermediate ones count too, but neither a root, of which clients have their own, nor one
        that has ended and without which the chain was found good.
        """
        ends = [] if self._certificate_expires is None else [self._certificate_expires]
        for number, certificate in enumerate(response.certificates):
            counts = number == 0 or not certificate.self_signed
            if certificate.expires is not None and counts:
                is_needed = certificate.expires > self._checked_at or response.status is None
                if number == 0 or is_needed:
                    ends.append(certificate.expires)
        self._certificate_expires = min(ends, default=None)
        presented = tuple(c.fields for c in response.certificates if c.fields is not None)
        if presented:
            self._chain = Presented(self.host, presented)

    def _redirect(self, response: Response, location: str) -> None:
        most = self.target.options.most_redirects
        if self.redirects >= most:
            self._finish(Reason.TOO_MANY_REDIRECTS, f"more than {most}", response)
            return
        if self.seconds_left == 0.0:
            self._finish(Reason.TIMEOUT, "the deadline came between two redirects", response)
            return
        self.redirects += 1
        try:
            self._request(
                self.web_address.follow(location) if self.web_address else parse(location)
            )
        except BadUrl as why:
            self._finish(Reason.BAD_REDIRECT, f"to {without_login(location)!a}: {why}", response)

    def _judge(self, response: Response) -> None:
        expect = self.target.expect
        reason, detail = Reason.OK, ""
        if response.status is None or not expect.accepts(response.status):
            reason, detail = Reason.STATUS, f"status {response.status}"
        elif self._is_no_page(response.status):
            reason, detail = _why_no_page(response.status)
        elif expect.final_host is not None and self.host != expect.final_host:
            reason, detail = Reason.WRONG_HOST, f"{self.host}, not {expect.final_host}"
        elif expect.reads_text and response.undecoded:
            reason, detail = Reason.ENCODING, f"{response.undecoded} was not asked for"
        elif expect.reads_text:
            text = text_of(response.body, response.content_type, visible=expect.visible_text)
            reason, detail = judge_text(expect, text, capped=response.capped)
        if reason is Reason.OK and self._is_slow():
            reason, detail = Reason.SLOW, f"{self._spent:.2f} s"
        self._finish(reason, detail, response)

    def _is_no_page(self, status: int) -> bool:
        """Whether the status is accepted only as one of a range with those of real pages."""
        expect = self.target.expect
        return status in _NO_PAGE and expect.accepts(200) and not expect.names(status)

    def _is_slow(self) -> bool:
        ceiling = self.target.expect.latency
        return ceiling is not None and self._spent > ceiling.total_seconds()

    def _finish(self, reason: Reason, detail: str, response: Response | None = None) -> None:
        self.result = ProbeResult(
            url=without_login(self.target.url),
            state=State.of(reason),
            reason=reason,
            checked_at=self._checked_at,
            detail=one_line(detail),
            status=response.status if response else None,
            phases=self._phases(response),
            certificate_expires=self._certificate_expires,
            address=response.address if response else None,
            bytes=response.bytes if response else 0,
            redirects=self.redirects,
            chain=self._chain,
        )

    def _phases(self, response: Response | None) -> Phases:
        """The phases of the last request with its DNS look-up before them."""
        phases = response.phases if response else NOT_REACHED
        before = self._dns or 0.0
        return replace(
            phases,
            dns=self._dns,
            connect=_later(phases.connect, before),
            tls=_later(phases.tls, before),
            first_byte=_later(phases.first_byte, before),
            total=self._spent * 1000,
        )


def _why_no_page(status: int) -> tuple[Reason, str]:
    if status in (304, 305, 306):
        return Reason.STATUS, f"status {status}, which nothing in the request asked for"
    return Reason.BAD_REDIRECT, f"status {status} without a Location"


def _later(milliseconds: float | None, before: float) -> float | None:
    return None if milliseconds is None else milliseconds + before
