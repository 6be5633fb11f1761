"""What is done about a thread of notices: every state of the draft against every turn of events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from alert_builders import NOON, minutes
from supportops.notices.deciding import Act, decide
from supportops.notices.notice import OURSELVES, Notice, NoticeKind, NoticeState, Thread
from supportops.notices.settings import Approval, NoticeSettings, Timeout
from supportops.notices.trouble import Trouble, What

SHOP, BLOG = ("shop", ""), ("blog", "")


def trouble(site: str = "shop", **changes: Any) -> Trouble:
    known = Trouble(f"outage:{site}", site, "", What.UNREACHABLE, NOON, NOON + minutes(1))
    return replace(known, **changes)


def notice(
    kind: NoticeKind = NoticeKind.FIRST, state: NoticeState = NoticeState.WAITING, **changes: Any
) -> Notice:
    decided = state is not NoticeState.WAITING
    sent = state is NoticeState.SENT and kind is not NoticeKind.END
    known = Notice(
        id=changes.pop("number", 1),
        thread=1,
        number=1,
        kind=kind,
        state=state,
        version=1,
        language="en",
        subject="subject",
        text="text",
        items=frozenset({SHOP}),
        cause="",
        drafted_at=NOON + minutes(1),
        decide_at=NOON + minutes(6),
        timeout=Timeout.SEND,
        edited=False,
        every=minutes(60),
        decided_by=OURSELVES if decided else None,
        decided_at=NOON + minutes(6) if decided else None,
        next_at=NOON + minutes(66) if sent else None,
    )
    return replace(known, **changes)


def thread(*notices: Notice) -> Thread:
    return Thread(1, "Acme", NOON, frozenset({"shop"}), frozenset({"outage:shop"}), notices)


SENT = notice(state=NoticeState.SENT)
ENDED = notice(NoticeKind.END, NoticeState.SENT, decided_at=NOON + minutes(30))
SOON, DOWN, USUAL = NOON + minutes(2), (trouble(),), NoticeSettings()
OVER = trouble(until=NOON + minutes(20))


def act(
    *notices: Notice,
    now: datetime = SOON,
    troubles: tuple[Trouble, ...] = DOWN,
    settings: NoticeSettings = USUAL,
    **known: Any,
) -> str:
    found = decide(thread(*notices), troubles, settings, now, **known)
    return f"{found.act.value} {found.kind.value}" if found.kind else found.act.value


def test_what_is_confirmed_is_drafted() -> None:
    assert act() == "draft first"


@pytest.mark.parametrize(
    ("now", "done"), [(1, "wait"), (5.99, "wait"), (6, "send"), (36, "send"), (36.01, "withdraw")]
)
def test_a_draft_is_sent_when_its_time_is_over_and_not_much_later(now: float, done: str) -> None:
    assert act(notice(), now=NOON + minutes(now)) == done


def test_a_draft_is_dropped_when_its_time_is_over_where_that_is_configured() -> None:
    assert act(notice(timeout=Timeout.DROP), now=NOON + minutes(6)) == "drop"


def test_what_cannot_be_seen_is_neither_drafted_nor_sent() -> None:
    assert act(sure=False) == "wait"
    assert act(notice(), now=NOON + minutes(7), sure=False) == "wait"
    assert act(SENT, now=NOON + minutes(64), sure=False) == "wait"


def test_what_works_again_without_being_confirmed_is_neither_drafted_nor_sent() -> None:
    answering = (trouble(answers=True),)
    assert act(troubles=answering) == "wait"
    assert act(notice(), now=NOON + minutes(7), troubles=answering) == "wait"


def test_maintenance_and_silences_keep_a_beginning_back_and_nothing_that_was_begun() -> None:
    quiet = (trouble(quiet="the site is in maintenance"),)
    assert act(troubles=quiet) == "wait"
    assert act(notice(), troubles=quiet) == "withdraw"
    assert act(SENT, now=NOON + minutes(64), troubles=quiet) == "draft update"
    assert act(troubles=(*quiet, trouble("blog"))) == "draft first"


def test_the_next_word_is_drafted_in_time_to_be_approved() -> None:
    assert act(SENT, now=NOON + minutes(58)) == "wait"
    assert act(SENT, now=NOON + minutes(59)) == "draft update"
    at_once = NoticeSettings(approval=Approval.NONE)
    assert act(SENT, now=NOON + minutes(63), settings=at_once) == "wait"
    assert act(SENT, now=NOON + minutes(64), settings=at_once) == "draft update"


def test_where_no_next_word_was_promised_none_is_drafted() -> None:
    assert act(replace(SENT, every=None, next_at=None), now=NOON + minutes(600)) == "wait"


def test_what_is_over_before_its_beginning_was_sent_is_not_announced_at_all() -> None:
    assert act(notice(), troubles=(OVER,), now=NOON + minutes(21)) == "withdraw"
    withdrawn = notice(state=NoticeState.WITHDRAWN)
    assert act(withdrawn, troubles=(OVER,), now=NOON + minutes(21)) == "close"


def test_the_end_follows_what_was_sent_and_nothing_else() -> None:
    assert act(SENT, troubles=(OVER,), now=NOON + minutes(21)) == "draft end"
    update = notice(NoticeKind.UPDATE)
    assert act(SENT, update, troubles=(OVER,), now=NOON + minutes(21)) == "withdraw"
    assert act(SENT, ENDED, troubles=(OVER,), now=NOON + minutes(31)) == "close"


def test_an_end_that_waits_is_withdrawn_where_it_fails_again() -> None:
    assert act(SENT, notice(NoticeKind.END), now=NOON + minutes(25)) == "withdraw"


def test_an_end_is_written_anew_once_somebody_wrote_down_the_cause() -> None:
    end = notice(NoticeKind.END, decide_at=NOON + minutes(30))
    now = NOON + minutes(26)
    assert act(SENT, end, troubles=(OVER,), now=now, cause="a full disk") == "redraft end"
    edited = replace(end, edited=True)
    assert act(SENT, edited, troubles=(OVER,), now=now, cause="a full disk") == "wait"


def test_an_end_of_long_ago_is_not_sent_any_more() -> None:
    late = OVER.until + timedelta(days=1)  # type: ignore[operator]
    assert act(SENT, troubles=(OVER,), now=late) == "draft end"
    assert act(SENT, troubles=(OVER,), now=late + minutes(1)) == "close"
    assert act(SENT, troubles=(), now=late) == "close", "nothing is known of it any more"


def test_what_fails_again_after_its_end_is_an_update_and_over_once_it_is_steady() -> None:
    again = trouble(since=NOON + minutes(40), notify_at=NOON + minutes(41))
    assert act(SENT, ENDED, troubles=(again,), now=NOON + minutes(42)) == "draft update"
    update = notice(NoticeKind.UPDATE, NoticeState.SENT, decided_at=NOON + minutes(45))
    over = (replace(again, until=NOON + minutes(50)),)
    assert act(SENT, ENDED, update, troubles=over, now=NOON + minutes(64)) == "wait"
    assert act(SENT, ENDED, update, troubles=over, now=NOON + minutes(65)) == "draft end"


def test_a_draft_that_waits_is_written_anew_where_more_is_affected_unless_it_was_edited() -> None:
    both = (trouble(), trouble("blog"))
    assert act(notice(), troubles=both) == "redraft first"
    assert act(notice(edited=True), troubles=both) == "wait"


def test_what_is_added_after_the_first_notice_is_an_update_after_a_few_minutes() -> None:
    both = (trouble(), trouble("blog"))
    assert act(SENT, troubles=both, now=NOON + minutes(10)) == "wait"
    assert act(SENT, troubles=both, now=NOON + minutes(11)) == "draft update"
    told = notice(NoticeKind.UPDATE, NoticeState.SENT, items=frozenset({SHOP, BLOG}))
    assert act(SENT, told, troubles=both, now=NOON + minutes(12)) == "wait"


def test_a_first_notice_that_a_person_dropped_is_not_drafted_again_until_more_is_affected() -> None:
    dropped = notice(state=NoticeState.DROPPED, decided_by="Ada")
    assert act(dropped, now=NOON + minutes(600)) == "wait"
    both = (trouble(), trouble("blog"))
    assert act(dropped, troubles=both, now=NOON + minutes(8)) == "draft first"
    assert act(dropped, troubles=(OVER,), now=NOON + minutes(21)) == "close"


def test_what_was_dropped_for_lack_of_time_is_drafted_again_at_the_next_interval() -> None:
    dropped = notice(state=NoticeState.DROPPED)
    assert act(dropped, now=NOON + minutes(65)) == "wait"
    assert act(dropped, now=NOON + minutes(66)) == "draft first"


def test_a_dropped_end_ends_the_thread() -> None:
    dropped = notice(NoticeKind.END, NoticeState.DROPPED, decided_by="Ada")
    assert act(SENT, dropped, troubles=(OVER,), now=NOON + minutes(30)) == "close"


def test_every_decision_has_its_reason() -> None:
    found = decide(thread(notice()), (trouble(),), NoticeSettings(), NOON + minutes(2))
    assert (found.act, found.why) == (Act.WAIT, "it waits for approval")
