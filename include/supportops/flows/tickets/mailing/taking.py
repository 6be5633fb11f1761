"""Takes one message: what becomes of it is stored in one transaction, before it is moved."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)

from supportops.alerts.store import raise_alert
from supportops.config.configuration import Configuration, File
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.tickets.mailing.arrivals import PAGES_WITHIN, arrival, outside_hours
from supportops.flows.tickets.mailing.contents import Contents, creation, joining, number_of
from supportops.flows.tickets.own_tickets.call_alert import Caller as AlertCaller
from supportops.flows.tickets.own_tickets.call_alert import (
    call_alert,
    hint_note,
    hint_of,
    key_of,
    pages,
)
from supportops.mailbox import store
from supportops.mailbox.account import Account, Mailboxes
from supportops.mailbox.caller import Caller, caller_of
from supportops.mailbox.classification import Category, Classified, classify
from supportops.mailbox.folder import Listed
from supportops.mailbox.mail import Mail
from supportops.mailbox.parsing import Unreadable, identity_of_unreadable, parse
from supportops.mailbox.store import Outcome, Record
from supportops.tickets.log.quarantine import reject, set_aside
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.source import MAILBOX
from supportops.tickets.ticket import Author, Event, EventKind, Status, fold
from supportops.tickets.triage import with_tiers
from supportops.tickets.validation import clean

log = logging.getLogger(__name__)
OUT_OF_HOURS = "a message on the answerphone outside office hours"
NO_RULES = "a message on the answerphone"
_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message; `new`: now, and not when it was read before; `paged`: it raised an
    alert."""

    outcome: Outcome
    new: bool = True
    paged: bool = False


def take(
    engine: Engine,
    configuration: Configuration,
    account: Account,
    folder: str,
    listed: Listed,
    content: bytes,
    now: datetime,
) -> Taken:
    """Takes the message whose `content` was read, or the beginning of it.

    A message that cannot be read or stored gets a row in the quarantine; the store's own failures
    are passed on.
    """
    try:
        size = listed.size if listed.size > len(content) else None
        mail = parse(content, size)
        taking = _Taking(configuration, account, folder, listed, mail, now)
        with writing(engine) as connection:
            advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
            known = store.outcome_of(connection, mail.identity)
            if known is None or (known is Outcome.IGNORED and taking.makes_ticket):
                return taking.store(connection)
            return Taken(known, new=False)
    except Unreadable as why:
        reason, identity = str(why), identity_of_unreadable(content)
    except (OperationalError, InterfaceError):
        raise
    except (DBAPIError, StatementError) as error:
        reason = f"it cannot be stored ({type(error).__name__})"
        identity = identity_of_unreadable(content)
    except SQLAlchemyError:
        raise
    except Exception as error:
        # Whatever a hostile message makes of a library stops no other message.
        log.exception("a message cannot be read")
        reason = f"it cannot be read ({type(error).__name__})"
        identity = identity_of_unreadable(content)
    return _quarantine(engine, account, folder, listed, content, reason, identity, now)


def _quarantine(
    engine: Engine,
    account: Account,
    folder: str,
    listed: Listed,
    content: bytes,
    reason: str,
    identity: str,
    now: datetime,
) -> Taken:
    at = min(listed.arrived_at or now, now)
    record = Record(identity, account.name, folder, None, Outcome.QUARANTINED, reason, None, at)
    with writing(engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        if store.outcome_of(connection, identity) is not None:
            return Taken(Outcome.QUARANTINED, new=False)
        store.write(connection, record, now)
        beginning = clean(content[:_SHOWN].decode("latin-1"))
        place = f"{account.name}/{folder}"
        rejected = reject(identity, place, reason, {"size": listed.size, "begins": beginning})
        set_aside(connection, MAILBOX, [rejected], now)
    return Taken(Outcome.QUARANTINED)


class _Taking:
    """One message that could be read, and is to be stored."""

    def __init__(
        self,
        configuration: Configuration,
        account: Account,
        folder: str,
        listed: Listed,
        mail: Mail,
        now: datetime,
    ) -> None:
        self.configuration, self.account, self.folder = configuration, account, folder
        self.mail, self.now = mail, now
        self.at = arrival(listed.arrived_at, mail, now)
        self.classified: Classified = classify(mail, account)
        self.mailboxes: Mailboxes = configuration.mailboxes

    @property
    def makes_ticket(self) -> bool:
        """Whether it makes a ticket by today's configuration, or joins one."""
        return self.classified.category.makes_ticket

    def store(self, connection: Connection) -> Taken:
        """In the transaction that the caller has begun.

        What was ignored before, such as mail from an address that was wrongly called our own, and
        was then moved back by a person, is a message like any other.
        """
        if not self.makes_ticket:
            self._record(connection, Outcome.IGNORED, None)
            return Taken(Outcome.IGNORED)
        contents = Contents.of(self.mail, self.account)
        if stored := self._answered(connection):
            number = stored[0].ticket
            events = list(joining(self.mail, self.account, contents, stored, self.at, self.now))
            append_events(connection, events, self.now)
            message = self._record(connection, Outcome.JOINED, number)
            self._keep(connection, message, number, contents)
            return Taken(Outcome.JOINED)
        number = number_of(self.mail.identity)
        events = self._created(contents)
        hint = self._hint(connection, events)
        if hint:
            events.append(hint_note(events[0], hint))
        append_events(connection, events, self.now)
        message = self._record(connection, Outcome.TICKET, number)
        self._keep(connection, message, number, contents)
        return Taken(Outcome.TICKET, paged=self._page(connection, events, hint))

    def _answered(self, connection: Connection) -> Sequence[Event]:
        """The events of the ticket that the message answers; none where it begins one."""
        if self.classified.category is not Category.REQUEST or not self.mail.references:
            return ()
        number = store.ticket_of(connection, self.mail.references)
        stored = events_of(connection, MAILBOX, number) if number else ()
        if not stored:
            return ()
        ticket = fold(stored)
        over = ticket.ended_at is not None or ticket.status is Status.CLOSED
        return () if over else stored

    def _created(self, contents: Contents) -> list[Event]:
        category, caller = self.classified.category, Caller()
        if category is Category.VOICEMAIL:
            caller = caller_of(self.mail, self.region, self.account.own_numbers)
        events = list(
            creation(
                *(self.mail, self.account, category, caller, contents),
                *(self.configuration, self.at, self.now),
            )
        )
        fixed = self._fixed_tier()
        if fixed is not None:
            tier, rule = fixed
            return [*events, self._tier(events[0], tier, rule)] if tier else events
        if self.configuration.has(File.TRIAGE):
            return with_tiers(events, self.configuration.triage)
        return events

    @property
    def region(self) -> str | None:
        """The country of numbers without one."""
        return self.mailboxes.region or self.configuration.customers.region

    def _fixed_tier(self) -> tuple[str | None, str] | None:
        """The tier that no words decide, and why; None where triage decides."""
        if self.classified.category is not Category.VOICEMAIL:
            return None
        levels = self.configuration.has(File.SERVICE_LEVELS)
        calls = self.configuration.tiers.calls if levels else None
        if self._outside:
            return calls, OUT_OF_HOURS
        return None if self.configuration.has(File.TRIAGE) else (calls, NO_RULES)

    @property
    def _outside(self) -> bool:
        return outside_hours(self.configuration, self.at, self.now)

    def _tier(self, created: Event, tier: str, rule: str) -> Event:
        number, key = created.ticket, f"{created.ticket}/{EventKind.TIER.value}"
        where = (MAILBOX, key, number, EventKind.TIER, self.at, self.now, Author.AUTOMATIC)
        return Event(*where, tier, {"rule": rule})

    def _hint(self, connection: Connection, events: Sequence[Event]) -> str:
        """The outage that a voicemail may be about, by the caller's number."""
        if self.classified.category is not Category.VOICEMAIL:
            return ""
        caller = AlertCaller.of(events)
        return hint_of(connection, self.configuration, fold(events), caller, None, self.now)

    def _page(self, connection: Connection, events: Sequence[Event], hint: str) -> bool:
        """Raises the alert of a call, where one was left that cannot wait for the office."""
        if self.classified.category is not Category.VOICEMAIL:
            return False
        if self.now - self.at > PAGES_WITHIN:
            return False
        ticket = fold(events)
        if not self._outside and not pages(self.configuration, ticket.tier):
            return False
        key = key_of(MAILBOX, ticket.ticket)
        alert = call_alert(key, ticket, AlertCaller.of(events), None, None, self.at, hint=hint)
        raise_alert(connection, alert, self.now)
        return True

    def _record(self, connection: Connection, outcome: Outcome, ticket: str | None) -> int:
        classified = self.classified
        record = Record(
            identity=self.mail.identity,
            mailbox=self.account.name,
            folder=self.folder,
            message_id=clean(self.mail.message_id) if self.mail.message_id else None,
            outcome=outcome,
            why=clean(f"{classified.category}: {classified.why}"),
            ticket=ticket,
            received_at=self.at,
        )
        return store.write(connection, record, self.now)

    def _keep(self, connection: Connection, message: int, ticket: str, contents: Contents) -> None:
        waits = self.mailboxes.transcription is not None
        for each in contents.recordings:
            store.keep(
                connection,
                message,
                each.kept_as(ticket, self.at),
                each.content,
                transcribed_at=None if waits else self.now,
            )
