"""One round for one customer: troubles join threads, and each thread is brought up to date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.operations import operations_alert
from supportops.alerts.policy import Target
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config.configuration import Configuration
from supportops.flows.alerts.acting import note_log
from supportops.flows.customers.noticing import publishing
from supportops.flows.customers.noticing.troubles import KnownTroubles
from supportops.notices import store
from supportops.notices.announcing import announced
from supportops.notices.deciding import Act, Decision, decide
from supportops.notices.joining import join, troubles_of
from supportops.notices.lateness import Late, Word, late
from supportops.notices.notice import OURSELVES, Notice, NoticeKind, NoticeState, Thread
from supportops.notices.settings import NoticeSettings
from supportops.notices.trouble import Trouble
from supportops.notices.wording import Reader, Text, end, first, foreign, update
from supportops.rendering.render import local, one_line

# Withdrawn, drafted anew and sent is the most that one round does with a thread.
_MOST_STEPS = 6
NO_NOTICES = "no notices are configured for the customer any more"
_NOTIFIED = "the customer has been notified, or need not be"
_LATE = {
    Word.FIRST: "the first notice to {customer} was due at {time}",
    Word.NEXT: "the next update to {customer} was promised for {time}",
    Word.END: "the end was to be announced to {customer} by {time}",
    Word.ANY: "notices to {customer} reach nobody by mail: customers.yaml names no contact",
}


@dataclass(slots=True)
class CustomerRound:
    """A customer's threads at `now`, with what is wrong with their sites. `done` counts acts."""

    connection: Connection
    configuration: Configuration
    customer: str
    troubles: Sequence[Trouble]
    sure: bool
    now: datetime
    done: Counter[str] = field(default_factory=Counter)

    @property
    def names(self) -> frozenset[str]:
        """What the customer's threads may be called: the customer had another name, maybe."""
        return self.configuration.customers.also_called([self.customer])

    def is_idle(self, threads: Sequence[Thread], late: Mapping[str, str]) -> bool:
        """Whether a round would change nothing; `done` counts what stays late. It only reads.

        `threads` with those closed lately; `late`: the headlines of the open alerts on words that
        are late, by their subjects.
        """
        settings, lasting = self._settings(), [each for each in threads if each.closed_at is None]
        if settings is None:
            return not lasting
        if join(threads, self.troubles, self.now):
            return False
        for thread in lasting:
            if self.decision(thread, settings).act is not Act.WAIT:
                return False
            found = self._late(thread, settings)
            headline = None if found is None else self._headline(thread, found)
            if headline != late.get(_subject(thread)):
                return False
            self.done["late"] += found is not None
        return True

    def run(self, threads: Sequence[Thread]) -> None:
        """Brings every thread of the customer up to date; `threads` with those closed lately."""
        settings = self._settings()
        if settings is None:
            for thread in threads:
                self._stop(thread)
            return
        changes = join(threads, self.troubles, self.now)
        for joined in changes:
            sites, incidents = joined.sites, joined.incidents
            if joined.thread is None:
                store.begin(self.connection, self.customer, sites, incidents, self.now)
            else:
                store.extend(self.connection, joined.thread.id, sites, incidents)
        if changes:
            threads = store.threads(self.connection, customers=self.names)
        for thread in threads:
            if thread.closed_at is None:
                self.advance(thread, settings)

    def advance(self, thread: Thread, settings: NoticeSettings) -> None:
        """Does what is to be done about one thread, and says what is late of it."""
        for _ in range(_MOST_STEPS):
            decision = self.decision(thread, settings)
            if decision.act is Act.CLOSE:
                store.close(self.connection, thread.id, decision.why, self.now)
                self.done["closed"] += 1
                self._not_late(thread, _NOTIFIED)
                return
            if not self._do(thread, decision, settings):
                break
            thread = store.thread(self.connection, thread.id)
        self._watch(thread, settings)

    def decision(
        self, thread: Thread, settings: NoticeSettings, at: datetime | None = None
    ) -> Decision:
        """What is to be done about a thread, now or at another instant."""
        mine = troubles_of(thread, self.troubles)
        over = not any(each.until is None for each in mine)
        cause = self._cause(thread) if over or _ends(thread) else ""
        return decide(thread, mine, settings, at or self.now, sure=self.sure, cause=cause)

    def redraft(self, thread: Thread, waiting: Notice, why: str) -> None:
        """Writes a draft anew, if it is still what it was."""
        settings = self._settings()
        assert settings is not None
        draft = self._written(thread, waiting.kind, settings)
        if store.rewrite(self.connection, waiting, draft, OURSELVES, why, self.now):
            self.done["redrafted"] += 1
            thread, notice = _required(self.connection, waiting.id)
            publishing.waits(self.connection, thread, notice, self._zone, self.now)

    def _settings(self) -> NoticeSettings | None:
        known = self.configuration.customers.get(self.customer)
        return self.configuration.notices.of(known)

    def _stop(self, thread: Thread) -> None:
        if thread.closed_at is not None:
            return
        if thread.waiting is not None:
            self._end(thread.waiting, NoticeState.WITHDRAWN, NO_NOTICES)
        store.close(self.connection, thread.id, NO_NOTICES, self.now)
        self._not_late(thread, NO_NOTICES)

    def _do(self, thread: Thread, decision: Decision, settings: NoticeSettings) -> bool:
        """Does it; whether the thread is to be decided about again."""
        waiting = thread.waiting
        match decision.act:
            case Act.WAIT | Act.CLOSE:
                return False
            case Act.DRAFT:
                assert decision.kind is not None
                self._draft(thread, decision.kind, settings, decision.why)
                return True
            case Act.REDRAFT:
                assert waiting is not None
                self.redraft(thread, waiting, decision.why)
                return True
            case Act.SEND:
                assert waiting is not None
                self.done["sent"] += publishing.send(
                    self.connection,
                    self.configuration,
                    thread,
                    waiting,
                    OURSELVES,
                    decision.why,
                    self.now,
                )
                return True
            case Act.DROP:
                assert waiting is not None
                self._end(waiting, NoticeState.DROPPED, decision.why)
                return True
            case Act.WITHDRAW:
                assert waiting is not None
                self._end(waiting, NoticeState.WITHDRAWN, decision.why)
                return True
            case _:
                assert_never(decision.act)

    def _end(self, notice: Notice, state: NoticeState, why: str) -> None:
        if publishing.end(self.connection, notice, state, OURSELVES, why, self.now):
            self.done[state.value] += 1

    def _draft(self, thread: Thread, kind: NoticeKind, settings: NoticeSettings, why: str) -> None:
        draft = self._written(thread, kind, settings)
        number = store.draft(self.connection, thread.id, draft, OURSELVES, why, self.now)
        self.done["drafted"] += 1
        if settings.waits:
            thread, notice = _required(self.connection, number)
            publishing.waits(self.connection, thread, notice, self._zone, self.now)

    def _written(self, thread: Thread, kind: NoticeKind, settings: NoticeSettings) -> store.Draft:
        mine = self._announced(thread)
        cause = self._cause(thread)
        active = [each for each in mine if each.until is None]
        return store.Draft(
            kind=kind,
            text=self._text(kind, mine, cause),
            language=self.configuration.customers.get(self.customer).language,
            items=frozenset(each.item for each in active or mine),
            cause=cause if kind is NoticeKind.END else "",
            decide_at=self.now + settings.waits,
            timeout=settings.timeout,
            every=settings.every,
        )

    def _text(self, kind: NoticeKind, mine: Sequence[Trouble], cause: str) -> Text:
        language = self.configuration.customers.get(self.customer).language
        reader = Reader(language, self._zone)
        match kind:
            case NoticeKind.FIRST:
                return first(mine, reader)
            case NoticeKind.UPDATE:
                return update(mine, reader)
            case NoticeKind.END:
                return end(mine, cause, reader)

    def _contacts(self, thread: Thread) -> Sequence[Target]:
        return publishing.contacts(self.configuration, thread.customer)

    def _announced(self, thread: Thread) -> list[Trouble]:
        return announced(thread, troubles_of(thread, self.troubles), self.now)

    @property
    def _zone(self) -> str:
        return self.configuration.alerts.timezone

    def _cause(self, thread: Thread) -> str:
        """What somebody wrote down as the cause, unless it names what is not the customer's."""
        noted = note_log.noted(self.connection, thread.incidents)
        cause = next((noted[key].cause for key in sorted(noted) if noted[key].cause), "")
        if not cause:
            return ""
        names = foreign_names(self.configuration, self.customer)
        return "" if foreign(cause, names) else one_line(cause)

    def _late(self, thread: Thread, settings: NoticeSettings) -> Late | None:
        found = late(thread, self._announced(thread), settings, self.now)
        if found is None and (thread.sent or thread.waiting) and not self._contacts(thread):
            return Late(Word.ANY, thread.opened_at)
        return found

    def _watch(self, thread: Thread, settings: NoticeSettings) -> None:
        found = self._late(thread, settings)
        if found is None:
            self._not_late(thread, _NOTIFIED)
            return
        self.done["late"] += 1
        alert = _alert(thread, found, self._headline(thread, found), self.now)
        raise_alert(self.connection, alert, self.now)

    def _headline(self, thread: Thread, found: Late) -> str:
        time = local(found.by, self._zone)
        return _LATE[found.word].format(customer=one_line(thread.customer), time=time)

    def _not_late(self, thread: Thread, over: str) -> None:
        resolve_alert(self.connection, Kind.NOTICE_LATE, _subject(thread), self.now, {"over": over})


def round_of(
    connection: Connection,
    configuration: Configuration,
    found: KnownTroubles,
    customer: str,
    now: datetime,
) -> CustomerRound:
    """The round of one customer, with what was `found` wrong with their sites."""
    troubles = found.troubles.get(customer, [])
    return CustomerRound(connection, configuration, customer, troubles, found.sure, now)


def foreign_names(configuration: Configuration, customer: str) -> set[str]:
    """The names of other customers, of their sites and of servers, unless they are the customer's
    own words too."""
    customers, mine = configuration.customers, configuration.customers.key(customer)
    names = {alias for each in customers.listed for alias in (each.name, *each.aliases)}
    found = {name for name in names if customers.key(name) != mine}
    own = {customer, *customers.get(customer).aliases}
    for site in configuration.displayed().fleet.sites:
        if customers.key(site.customer) == mine:
            own.add(site.name)
        else:
            found |= {site.name, site.customer}
        if site.host:
            found.add(site.host)
    return found - own


def _required(connection: Connection, number: int) -> tuple[Thread, Notice]:
    found = store.find(connection, number)
    assert found is not None
    return found


def _subject(thread: Thread) -> str:
    return f"notices to {one_line(thread.customer)} ({thread.id})"


def _ends(thread: Thread) -> bool:
    waiting = thread.waiting
    return waiting is not None and waiting.kind is NoticeKind.END


def _alert(thread: Thread, found: Late, headline: str, now: datetime) -> Alert:
    return operations_alert(
        Kind.NOTICE_LATE,
        _subject(thread),
        headline,
        now,
        severity=Severity.CRITICAL,
        key=f"{Kind.NOTICE_LATE}:{thread.id}:{found.word}:{found.by.isoformat()}",
        facts={"thread": thread.id, "word": found.word.value},
    )
