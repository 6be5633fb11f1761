"""Reads one mailbox: takes each message, then moves it, and goes on where a killed run ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import Engine

from supportops.config.configuration import Configuration
from supportops.flows.tickets.mailing.taking import take
from supportops.mailbox.account import Account
from supportops.mailbox.folder import Fault, Listed, MailboxError, MailFolders
from supportops.mailbox.store import Outcome

Clock = Callable[[], datetime]

# Of a message that is too large only so much is read: its headers and its text.
BEGINNING = 256 * 1024
MOVED_AT_ONCE = 20
# A mailbox whose messages cannot be fetched several times in a row is not readable.
_MOST_FAILURES = 3


@dataclass(slots=True)
class Counts:
    """What became of the messages of one mailbox. `again`: those that were read before, and are
    moved now; `left`: those for which there was no time."""

    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    again: int = 0
    paged: int = 0
    left: int = 0

    def to_json(self) -> dict[str, Any]:
        named = {outcome.value: count for outcome, count in self.outcomes.items()}
        return {**named, "again": self.again, "paged": self.paged, "left": self.left}


def read(
    engine: Engine,
    configuration: Configuration,
    account: Account,
    folders: MailFolders,
    clock: Clock,
    until: datetime,
    counts: Counts,
) -> None:
    """Reads the messages of all folders until `until`; `counts` grows with each.

    A folder that is missing and a message that the server does not hand out stop none of the
    others; MailboxError is raised for them at the end. What was taken is moved in any case.
    """
    faults: list[MailboxError] = []
    missing: list[MailboxError] = []
    for folder in account.folders:
        one = _Folder(engine, configuration, account, folders, folder, clock, counts)
        try:
            listed = folders.listed(folder)
        except MailboxError as error:
            if error.fault is not Fault.FOLDER:
                raise
            missing.append(error)
            continue
        waiting = [each for each in listed if _counts(account, each)]
        for place, each in enumerate(waiting):
            if clock() >= until:
                counts.left += len(waiting) - place
                break
            try:
                one.read(each)
                one.failed = 0
            except MailboxError as error:
                faults.append(error)
                one.failed += 1
                if one.failed >= _MOST_FAILURES:
                    break
        one.move()
    if missing:
        raise missing[0]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise MailboxError(faults[0].fault, f"a message cannot be read: {faults[0]}{more}")


def _counts(account: Account, each: Listed) -> bool:
    """Whether a message is to be read: it did not arrive before the day of `since`."""
    if account.since is None or each.arrived_at is None:
        return True
    return each.arrived_at >= datetime.combine(account.since, time(), UTC)


class _Folder:
    """One folder in one run, with what is to be moved out of it."""

    def __init__(
        self,
        engine: Engine,
        configuration: Configuration,
        account: Account,
        folders: MailFolders,
        folder: str,
        clock: Clock,
        counts: Counts,
    ) -> None:
        self.engine, self.configuration, self.account = engine, configuration, account
        self.folders, self.folder, self.clock, self.counts = folders, folder, clock, counts
        self.failed = 0
        self._taken: dict[str, list[str]] = {account.handled: [], account.quarantine: []}

    def read(self, each: Listed) -> None:
        largest = self.account.largest_message
        most = largest + 1 if each.size <= largest else BEGINNING
        content = self.folders.content(self.folder, each.key, most)
        if content is None:
            return
        # Servers exist that only estimate sizes: what ended before `most` is whole.
        size = len(content) if len(content) < most else max(each.size, most + 1)
        known = replace(each, size=size)
        taken = take(
            *(self.engine, self.configuration, self.account, self.folder, known, content),
            self.clock(),
        )
        if taken.new:
            self.counts.outcomes[taken.outcome] += 1
        else:
            self.counts.again += 1
        self.counts.paged += taken.paged
        aside = taken.outcome is Outcome.QUARANTINED
        to = self._taken[self.account.quarantine if aside else self.account.handled]
        to.append(each.key)
        if len(to) >= MOVED_AT_ONCE:
            self.move()

    def move(self) -> None:
        """Moves what was taken; a run that is killed before it finds them again, and moves them."""
        for to, keys in self._taken.items():
            if keys:
                self.folders.move(self.folder, keys, to)
                keys.clear()


def unreadable(error: MailboxError) -> str:
    """What is wrong with a mailbox, in a few words."""
    return f"{_TITLES.get(error.fault, 'not readable')}: {error}"


_TITLES = {
    Fault.LOGIN: "login refused",
    Fault.TLS: "no safe connection",
    Fault.FOLDER: "a folder is missing",
    Fault.SECRET: "no login",
    Fault.TIMEOUT: "no answer",
    Fault.UNREACHABLE: "not reachable",
}
