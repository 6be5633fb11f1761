"""What is to be done about a thread of notices now, and why: computed anew each time.

The answer depends on the notices that exist and on the troubles as they are, never on which event
led to the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from supportops.notices.announcing import announced, unannounced
from supportops.notices.notice import Item, Notice, NoticeKind, Thread
from supportops.notices.settings import NoticeSettings, Timeout
from supportops.notices.trouble import Trouble

# What nobody decided about for so long is not sent: its text is old. It is written anew.
LONGEST_WAIT = timedelta(minutes=30)
# An end that is older is not announced any more.
LATEST_END = timedelta(days=1)
# What fails again this soon after its end goes on in the same thread,
REOPENED_WITHIN = timedelta(hours=1)
# and is over once it has worked for so long.
STEADY = timedelta(minutes=15)
# What is added to a trouble goes into one update, not into one for each site.
GATHERED = timedelta(minutes=5)
# For the flow to run and the mail to go, before the promised time.
MARGIN = timedelta(minutes=2)
# Why a draft is written anew that names what does not fail any more.
IN_PART = "part of it works again"


class Act(StrEnum):
    """What is done with a thread, or with the notice of it that waits."""

    WAIT = "wait"
    DRAFT = "draft"
    REDRAFT = "redraft"
    SEND = "send"
    DROP = "drop"
    WITHDRAW = "withdraw"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Decision:
    """One act and its reason, a few words. `kind`: of what is drafted."""

    act: Act
    why: str
    kind: NoticeKind | None = None


def decide(
    thread: Thread,
    troubles: Sequence[Trouble],
    settings: NoticeSettings,
    now: datetime,
    *,
    sure: bool = True,
    cause: str = "",
) -> Decision:
    """What is to be done about `thread` at `now` (aware).

    `troubles` are the thread's own, announced or not. `sure`: whether sites are being checked and
    our own connection works, so that what is open is known to last. `cause`: what somebody wrote
    down as the cause. After an act is done, the thread is to be decided about again.
    """
    named = announced(thread, troubles, now)
    active = [each for each in named if each.until is None]
    if active:
        return _lasting(thread, active, settings, now, sure)
    if thread.last_sent is None and (hidden := unannounced(thread, troubles, now)):
        return Decision(Act.WITHDRAW if thread.waiting is not None else Act.WAIT, hidden)
    return _over(thread, named, settings, now, cause)


def _lasting(
    thread: Thread, active: Sequence[Trouble], settings: NoticeSettings, now: datetime, sure: bool
) -> Decision:
    waiting, last = thread.waiting, thread.last_sent
    answering = all(each.answers for each in active)
    if waiting is not None:
        if waiting.kind is NoticeKind.END:
            return Decision(Act.WITHDRAW, "it fails again")
        if not waiting.edited and items(active) != waiting.items:
            more = not items(active) <= waiting.items
            why = "more is affected" if more else IN_PART
            return Decision(Act.REDRAFT, why, waiting.kind)
        return _by_time(waiting, now, sure and not answering)
    if last is None:
        return _first(thread, active, settings, now, sure, answering)
    if last.kind is NoticeKind.END:
        return _next("it fails again", sure, answering)
    if not items(active) <= thread.failing and now >= _decided_at(last) + GATHERED:
        return _declined_or(thread, active, settings, now, "more is affected", sure, answering)
    if last.next_at is None:
        return Decision(Act.WAIT, "no further update was promised")
    if now < last.next_at - settings.waits - MARGIN:
        return Decision(Act.WAIT, "the next update is not due yet")
    return _declined_or(thread, active, settings, now, "the next update is due", sure, False)


def _first(
    thread: Thread,
    active: Sequence[Trouble],
    settings: NoticeSettings,
    now: datetime,
    sure: bool,
    answering: bool,
) -> Decision:
    dropped = thread.dropped
    if dropped is not None and items(active) <= dropped.items:
        if dropped.by_person:
            return Decision(Act.WAIT, "it was decided not to notify the customer")
        if now < _decided_at(dropped) + settings.every:
            return Decision(Act.WAIT, "nobody approved it in time")
    if not sure or answering:
        return _unsure(sure)
    return Decision(Act.DRAFT, "it is confirmed", NoticeKind.FIRST)


def _declined_or(
    thread: Thread,
    active: Sequence[Trouble],
    settings: NoticeSettings,
    now: datetime,
    why: str,
    sure: bool,
    answering: bool,
) -> Decision:
    """An update, unless one was dropped just now."""
    dropped = thread.dropped
    known = dropped is not None and items(active) <= dropped.items
    if dropped is not None and known and now < _decided_at(dropped) + settings.every:
        return Decision(Act.WAIT, "the last draft was dropped")
    return _next(why, sure, answering)


def _next(why: str, sure: bool, answering: bool) -> Decision:
    if not sure or answering:
        return _unsure(sure)
    return Decision(Act.DRAFT, why, NoticeKind.UPDATE)


def _unsure(sure: bool) -> Decision:
    why = "it works again, which is being confirmed" if sure else "sites cannot be seen now"
    return Decision(Act.WAIT, why)


def _over(
    thread: Thread,
    troubles: Sequence[Trouble],
    settings: NoticeSettings,
    now: datetime,
    cause: str,
) -> Decision:
    waiting, last = thread.waiting, thread.last_sent
    if waiting is not None:
        if waiting.kind is not NoticeKind.END:
            return Decision(Act.WITHDRAW, "it is over")
        if not waiting.edited and waiting.cause != cause:
            return Decision(Act.REDRAFT, "the cause was written down", NoticeKind.END)
        return _by_time(waiting, now, True)
    if last is None:
        return Decision(Act.CLOSE, "over before anything was sent")
    if last.kind is NoticeKind.END:
        return Decision(Act.CLOSE, "its end was sent")
    dropped = thread.dropped
    ends = dropped is not None and dropped.kind is NoticeKind.END
    if dropped is not None and ends and dropped.by_person:
        return Decision(Act.CLOSE, "it was decided not to announce its end")
    if not troubles:
        return Decision(Act.CLOSE, "nothing is known of it any more")
    ended = max((each.until for each in troubles if each.until), default=now)
    if now - ended > LATEST_END:
        return Decision(Act.CLOSE, "its end is too old to be sent")
    if dropped is not None and ends and now < _decided_at(dropped) + settings.every:
        return Decision(Act.WAIT, "nobody approved its end in time")
    if thread.was_over and now - ended < STEADY:
        return Decision(Act.WAIT, "it failed again before; it is over once it is steady")
    return Decision(Act.DRAFT, "it is over", NoticeKind.END)


def _by_time(waiting: Notice, now: datetime, may_send: bool) -> Decision:
    if now < waiting.decide_at:
        return Decision(Act.WAIT, "it waits for approval")
    if now > waiting.decide_at + LONGEST_WAIT:
        return Decision(Act.WITHDRAW, "its text is too old")
    if waiting.timeout is Timeout.DROP:
        return Decision(Act.DROP, "nobody approved it in time")
    if not may_send:
        return Decision(Act.WAIT, "what it says cannot be confirmed now")
    why = "no approval is needed" if waiting.decide_at <= waiting.drafted_at else "nobody objected"
    return Decision(Act.SEND, why)


def items(troubles: Iterable[Trouble]) -> frozenset[Item]:
    """What the troubles are about."""
    return frozenset(each.item for each in troubles)


def _decided_at(notice: Notice) -> datetime:
    return notice.decided_at or notice.drafted_at
