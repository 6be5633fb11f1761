"""From claimed messages to letters with an address, and each letter's one attempt."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.digest import compose_digest
from supportops.alerts.message import Notice, compose
from supportops.alerts.outbox import Message
from supportops.alerts.policy import AlertPolicy, OfficeHours, Target
from supportops.alerts.rate_limit import bundles
from supportops.context import Secrets
from supportops.flows.reporting.messages import letter as report_letter
from supportops.notify.send import Delivery, Letter, Outcome
from supportops.reports.formats.mail import NothingKept, Parcel

Clock = Callable[[], datetime]


class Send(Protocol):
    """What `supportops.notify.send.send` is."""

    def __call__(self, url: str, letter: Letter, *, timeout: float) -> Delivery: ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """One letter for one target and the messages in it; `known` is what becomes of it unsent.

    It is not posted any more from `until` on.
    """

    target: str
    messages: list[Message]
    until: datetime
    url: str = ""
    letter: Letter | None = None
    known: Delivery | None = None

    @property
    def bundle(self) -> str:
        """Names this attempt in the ledger."""
        return f"{self.messages[0].id}/{self.messages[0].attempt}"


@dataclass(frozen=True, slots=True)
class NotTried(Delivery):
    """A letter to a target that just kept us waiting: it shares that attempt, `bundle`."""

    bundle: str


# Files may take longer than words: a line carries so many bytes a second at the least. But no
# letter may hold up a dispatch for so long that its task runs out of time.
SLOWEST_LINE, LONGEST_EXTRA = 250_000, 100.0

# Its batch took too long; the letter is given back and goes with the next one.
NOT_SENT = Delivery(Outcome.FAILED, "not sent", 0.0)


class Letters:
    """Composes and posts the letters of one dispatch."""

    def __init__(
        self,
        policy: AlertPolicy,
        office: OfficeHours,
        secrets: Secrets,
        send: Send,
        clock: Clock,
        attach_at_most: int,
    ) -> None:
        self._policy = policy
        self._office = office
        self._secrets = secrets
        self._send = send
        self._clock = clock
        self._attach_at_most = attach_at_most
        self._targets = policy.targets()
        self._timeout = policy.retry.timeout.total_seconds()
        self._slow: dict[str, NotTried] = {}

    def seal(
        self,
        taken: Sequence[Message],
        alerts: Mapping[str, Alert],
        reports: Mapping[str, Parcel],
        allowances: Mapping[str, int],
        until: datetime,
    ) -> list[Sealed]:
        """Letters for the messages `taken`: one for a target's digest, one each for others while
        its allowance lasts, then one for the rest. The urgent first.

        A report has a letter of its own or waits: in a bundle it would be a line. `reports` are
        what was found of them, by their alerts' keys.
        """
        by_target: defaultdict[str, list[Message]] = defaultdict(list)
        digests: defaultdict[str, list[Message]] = defaultdict(list)
        posted: defaultdict[str, list[Message]] = defaultdict(list)
        for message in taken:
            is_report = alerts[message.alert].kind is Kind.REPORT
            kind = digests if message.digest else posted if is_report else by_target
            kind[message.target].append(message)
        groups = list(digests.values())
        for target, messages in by_target.items():
            left = allowances.get(target, 1) - (target in digests)
            groups += bundles(messages, max(1, left))
        used = Counter(group[0].target for group in groups)
        waiting: list[Sealed] = []
        for target, messages in posted.items():
            left = max(0, allowances.get(target, 1) - used[target])
            groups += [[message] for message in messages[:left]]
            waiting += [Sealed(target, [m], until, known=NOT_SENT) for m in messages[left:]]
        place = {message.id: number for number, message in enumerate(taken)}
        groups.sort(key=lambda group: place[group[0].id])
        return [self._sealed(group, alerts, reports, until) for group in groups] + waiting

    def _sealed(
        self,
        group: list[Message],
        alerts: Mapping[str, Alert],
        reports: Mapping[str, Parcel],
        until: datetime,
    ) -> Sealed:
        """A letter that cannot be written or addressed fails alone, and not the batch with it."""
        name = group[0].target
        target = self._targets.get(name)
        if target is None:
            known = _nobody("no receiver of this name is configured any more")
            return Sealed(name, group, until, known=known)
        try:
            url = self._secrets(target.secret)
        except Exception as error:  # its text may hold a secret, its kind does not
            why = f"connection {target.secret} could not be read: {type(error).__name__}"
            return Sealed(name, group, until, known=_failed(why))
        if not url:
            known = _nobody(f"nobody set the connection {target.secret}")
            return Sealed(name, group, until, known=known)
        try:
            letter = self._composed(group, alerts, reports, target)
        except NothingKept as error:
            return Sealed(name, group, until, known=_failed(str(error)))
        except Exception as error:
            known = _failed(f"could not be put into words: {type(error).__name__}")
            return Sealed(name, group, until, known=known)
        return Sealed(name, group, until, url, letter)

    def _composed(
        self,
        group: Sequence[Message],
        alerts: Mapping[str, Alert],
        reports: Mapping[str, Parcel],
        target: Target,
    ) -> Letter:
        first = group[0]
        if alerts[first.alert].kind is Kind.REPORT:
            return self._report(first, reports, target)
        notices = [
            Notice(
                alert=alerts[message.alert],
                phase=message.phase,
                step=message.step,
                reminder=message.reminder > 0,
                repeated=message.maybe_sent,
            )
            for message in group
        ]
        zone, board = self._policy.timezone, self._policy.board_url
        if all(message.digest for message in group):
            now = self._clock()
            return compose_digest(notices, target.channel, zone, board, now, self._office)
        return compose(notices, target.channel, zone, board)

    def _report(self, message: Message, reports: Mapping[str, Parcel], target: Target) -> Letter:
        parcel = reports.get(message.alert)
        if parcel is None:
            raise NothingKept("the report is not kept any more")
        most = self._attach_at_most
        return report_letter(parcel, target.channel, most, repeated=message.maybe_sent)

    def post(self, sealed: Sealed) -> Delivery:
        """One attempt, or what is known without one. Called by several threads.

        A target that kept us waiting for nothing is not asked again in this dispatch: forty
        messages to a hung server would hold up everybody else's for a quarter of an hour.
        """
        if sealed.known is not None:
            return sealed.known
        if sealed.target in self._slow:
            return self._slow[sealed.target]
        if sealed.letter is None or self._clock() >= sealed.until:
            return NOT_SENT
        files = (*sealed.letter.attachments, *sealed.letter.images)
        patience = self._timeout + extra_time(sum(len(file.content) for file in files))
        delivery = self._send(sealed.url, sealed.letter, timeout=patience)
        if delivery.outcome is not Outcome.HANDED_OVER and delivery.seconds >= self._timeout / 2:
            words = f"not tried, as a moment ago: {delivery.detail}"
            self._slow[sealed.target] = NotTried(Outcome.FAILED, words, 0.0, sealed.bundle)
        return delivery


def extra_time(size: int) -> float:
    """Seconds that a letter with files of `size` bytes has beyond the timeout."""
    return min(size / SLOWEST_LINE, LONGEST_EXTRA)


def _nobody(why: str) -> Delivery:
    return Delivery(Outcome.NOBODY, why, 0.0)


def _failed(why: str) -> Delivery:
    return Delivery(Outcome.FAILED, why, 0.0)
