"""Which troubles belong to which thread of a customer, and which begin a new one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from supportops.notices.deciding import REOPENED_WITHIN
from supportops.notices.notice import NoticeKind, Thread
from supportops.notices.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Joined:
    """A thread that is to have these troubles too; `thread` None: a new one begins."""

    thread: Thread | None
    sites: frozenset[str]
    incidents: frozenset[str]


def join(threads: Sequence[Thread], troubles: Iterable[Trouble], now: datetime) -> list[Joined]:
    """What is to change, so that each trouble of one customer that lasts is in a thread.

    `threads`: the open ones, and those that were closed lately. A trouble belongs to the thread
    of its incident, of what it follows, or of its site; at most one of them is open. What is to be
    announced and belongs to none goes into the first notice that still waits, or all together
    begins a thread: sites that fail at once are one matter for their customer.
    """
    lasting = [each for each in troubles if each.until is None]
    more: dict[int, list[Trouble]] = {}
    new: list[Trouble] = []
    begun = next((each for each in threads if _waits_to_begin(each)), None)
    for trouble in lasting:
        if any(_has(thread, trouble) for thread in threads if thread.closed_at is None):
            continue
        thread = next((t for t in threads if _goes_on(t, trouble, now)), None)
        if thread is not None:
            more.setdefault(thread.id, []).append(trouble)
        elif trouble.notify_at <= now and not trouble.quiet:
            (new if begun is None else more.setdefault(begun.id, [])).append(trouble)
    by_id = {thread.id: thread for thread in threads}
    return [
        *(_joined(by_id[number], added) for number, added in more.items()),
        *([_joined(None, new)] if new else []),
    ]


def troubles_of(thread: Thread, troubles: Iterable[Trouble]) -> list[Trouble]:
    """Those that belong to the thread."""
    return [
        each
        for each in troubles
        if each.sites & thread.sites
        and (each.incident in thread.incidents or each.follows & thread.incidents)
    ]


def _has(thread: Thread, trouble: Trouble) -> bool:
    return bool(trouble.sites & thread.sites) and trouble.incident in thread.incidents


def _waits_to_begin(thread: Thread) -> bool:
    """Whether its first notice is a draft that can still be written anew."""
    waiting = thread.waiting
    first = waiting is not None and waiting.kind is NoticeKind.FIRST
    return thread.closed_at is None and waiting is not None and first and not waiting.edited


def _goes_on(thread: Thread, trouble: Trouble, now: datetime) -> bool:
    """Whether the trouble is of an open thread, or of one that was over a moment ago."""
    same = trouble.incident in thread.incidents or bool(trouble.follows & thread.incidents)
    if thread.closed_at is None:
        return same or bool(trouble.sites & thread.sites)
    last = thread.last_sent
    if last is None or last.kind is not NoticeKind.END or last.decided_at is None:
        return False
    lately = now - last.decided_at <= REOPENED_WITHIN
    to_announce = trouble.notify_at <= now and not trouble.quiet
    return lately and to_announce and bool(trouble.sites & thread.sites)


def _joined(thread: Thread | None, troubles: Sequence[Trouble]) -> Joined:
    sites = frozenset(each.site for each in troubles)
    incidents = frozenset(each.incident for each in troubles)
    if thread is not None:
        sites, incidents = sites | thread.sites, incidents | thread.incidents
    return Joined(thread, sites, incidents)
