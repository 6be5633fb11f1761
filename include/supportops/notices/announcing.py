"""Which of a thread's troubles its notices name, and which the customer need not know of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from supportops.notices.notice import Item, Thread
from supportops.notices.trouble import Trouble, joined

TOO_YOUNG = "it does not fail for long enough to be announced"


def announced(thread: Thread, troubles: Sequence[Trouble], now: datetime) -> list[Trouble]:
    """What the customer was notified of, or is to be by now; one for each item.

    A site in maintenance, one whose alert is silenced and a fault that is too young stand in no
    notice about others. What the customer was notified of goes on to its end, and only of that it
    is said that it works again.
    """
    return joined(each for each in troubles if _is_named(thread, each, troubles, now))


def unannounced(thread: Thread, troubles: Sequence[Trouble], now: datetime) -> str:
    """Why something that lasts is not announced; empty where all of it is."""
    hidden = (
        each
        for each in troubles
        if each.until is None and not _is_named(thread, each, troubles, now)
    )
    return next((each.quiet or TOO_YOUNG for each in hidden), "")


def _is_named(thread: Thread, trouble: Trouble, troubles: Sequence[Trouble], now: datetime) -> bool:
    names = {trouble.item, *_former(trouble, troubles)}
    if trouble.until is not None:
        return thread.last_sent is None or bool(names & thread.named)
    return bool(names & thread.failing) or (trouble.notify_at <= now and not trouble.quiet)


def _former(trouble: Trouble, troubles: Sequence[Trouble]) -> list[Item]:
    """What it was called before its site was renamed."""
    follows = [each.item for each in troubles if each.renamed and each.incident in trouble.follows]
    return [*follows, *((site, trouble.page) for site in trouble.formerly)]
