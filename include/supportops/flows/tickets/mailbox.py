"""Reads the mailboxes: the answerphone's messages, and e-mail that asks for help.

Each message becomes a ticket once, or joins the one that it answers. Ticket, alert and the record
that it was read are one transaction; the message is moved afterwards. A run that is killed in
between finds it again, knows it, and moves it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from supportops.config.configuration import Configuration, File
from supportops.context import Context
from supportops.db.activity import Flow, worked
from supportops.db.engine import reading, writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.tickets.mailing import standing
from supportops.flows.tickets.mailing.opening import opened
from supportops.flows.tickets.mailing.reading import Counts, read, unreadable
from supportops.flows.tickets.mailing.transcripts import write_transcripts
from supportops.mailbox.account import Account, AccountKind
from supportops.mailbox.folder import MailboxError

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]

# No message is begun after so long: a task ends within eight minutes, the rest comes next time.
LONGEST_RUN = timedelta(minutes=2)
NOT_CONFIGURED = "no mailbox.yaml names a mailbox; nothing to read"


class UnknownMailbox(LookupError):
    """No mailbox of this name is configured; one line."""


def run(context: Context, clock: Clock, names: Sequence[str] = ()) -> dict[str, Any]:
    """Reads the mailboxes called `names`, or every one.

    One that cannot be read stops no other; its fault is in the summary and, by
    `mailing.standing`, an alert. What nobody expected in one is raised after all were read.
    Those of answerphones come first, as people may have to be paged. Raises UnknownMailbox, and
    ConfigurationError where no version of mailbox.yaml can be used.
    """
    configuration = _configuration(context, clock())
    chosen = _chosen(configuration, names)
    accounts = sorted(chosen, key=lambda each: each.kind is not AccountKind.VOICEMAIL)
    if not accounts:
        return {"skipped": NOT_CONFIGURED}
    began = clock()
    until = began + LONGEST_RUN
    found: dict[str, Any] = {}
    alerts, unexpected = 0, list[Exception]()
    for account in accounts:
        counts = Counts()
        try:
            fault, new = _read_one(context, configuration, account, clock, until, counts)
        except SQLAlchemyError:
            raise
        except Exception as error:
            log.exception("the mailbox %s failed", account.name)
            unexpected.append(error)
            continue
        found[account.name] = counts.to_json() | {"fault": fault}
        alerts += new + counts.paged
    transcripts = write_transcripts(context.engine, configuration, clock)
    if unexpected:
        raise unexpected[0]
    with writing(context.engine) as connection:
        known = [each.name for each in configuration.mailboxes.accounts]
        standing.end_of_removed(connection, known, clock())
        ended = clock()
        worked(connection, Flow.MAILBOX, ended, max(ended - began, timedelta(0)))
    return {
        "mailboxes": found,
        "transcripts": transcripts.written,
        "raised": alerts + transcripts.paged,
    }


@dataclass(frozen=True, slots=True)
class Tried:
    """How a mailbox was found when it was tried: the messages that wait, or what is wrong."""

    name: str
    kind: str
    waiting: int | None
    fault: str | None
    last_read: datetime | None

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        at = self.last_read.isoformat() if self.last_read else None
        return {
            "name": self.name,
            "kind": self.kind,
            "waiting": self.waiting,
            "fault": self.fault,
            "last_read": at,
        }


def check(context: Context, now: datetime, names: Sequence[str] = ()) -> list[Tried]:
    """Logs in to the mailboxes and lists what waits there, and changes nothing."""
    return [_try(context, account) for account in _chosen(_configuration(context, now), names)]


def _try(context: Context, account: Account) -> Tried:
    with reading(context.engine) as connection:
        last = standing.last_read(connection, account.name)
    try:
        with opened(account, context) as folders:
            waiting = sum(len(folders.listed(each)) for each in account.folders)
    except MailboxError as error:
        return Tried(account.name, account.kind.value, None, unreadable(error), last)
    return Tried(account.name, account.kind.value, waiting, None, last)


def _configuration(context: Context, now: datetime) -> Configuration:
    configuration, _ = load_or_last_good(context.engine, context.config, now)
    if File.MAILBOX in configuration.faults:
        configuration.require(File.MAILBOX)
    return configuration


def _chosen(configuration: Configuration, names: Sequence[str]) -> Sequence[Account]:
    known = configuration.mailboxes.by_name
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise UnknownMailbox(f"no mailbox {name!r} in mailbox.yaml; there are: {there}")
    return [known[name] for name in names] or list(known.values())


def _read_one(
    context: Context,
    configuration: Configuration,
    account: Account,
    clock: Clock,
    until: datetime,
    counts: Counts,
) -> tuple[str | None, bool]:
    """Reads one mailbox; returns what was wrong with it, and whether that is a new alert."""
    try:
        with opened(account, context) as folders:
            read(context.engine, configuration, account, folders, clock, until, counts)
    except MailboxError as error:
        words = unreadable(error)
        with writing(context.engine) as connection:
            return words, standing.failed(connection, account, error, words, clock())
    with writing(context.engine) as connection:
        standing.was_read(connection, account, clock())
    return None, False
