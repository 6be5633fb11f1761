"""A site breaks and is mended: checks, alarm, notice, mail, status page and their end, as one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.customers.noticing.story.whole_chain import (
    BIKES,
    BLOG,
    BOOKS,
    CYCLES,
    SHOP,
    SITES,
    Story,
)
from supportops.flows.customers import notice_acts, show_notices
from supportops.flows.sites import maintenance
from supportops.sites.announced.window import Scope
from web.boards import site_entry

NOT_WORKING = f"{SHOP}: Not working since"
on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


@pytest.fixture
def story(store: Engine, tmp_path: Path) -> Story:
    found = Story(store, tmp_path)
    found.breaks(SHOP)
    found.pass_minutes(6)
    return found


def test_everything_begins_and_everything_ends(story: Story) -> None:
    assert "outage" in story.kinds()
    assert story.states() == ["first waiting"]
    assert NOT_WORKING in story.shown()
    assert story.to("books") == []
    story.approve()
    story.pass_minutes(1)
    assert story.to("books") == [f"{SHOP} cannot be reached"]
    assert "We are working on it." in story.shown()
    assert "We are working on it." in story.page("Bluebird Books", "feed.xml")
    story.note("a full disk")
    story.is_mended(SHOP)
    story.pass_minutes(11)
    assert story.states() == ["first sent", "end waiting"]
    story.approve()
    story.pass_minutes(5)
    assert story.to("books") == [f"{SHOP} cannot be reached", f"{SHOP} works again"]
    assert "It lasted " in story.last("books")
    assert "The cause: a full disk" in story.last("books")
    assert "All sites work." in story.shown()
    assert f"{SHOP}: Not working from" in story.shown()
    assert "The cause: a full disk" in story.shown()
    assert not {"outage", "notice_waiting", "notice_late"} & set(story.kinds())
    assert story.incident().closed_at is not None
    assert story.to("cycles") == []
    assert SHOP not in story.page("Kestrel Cycles")
    before = len(story.mails)
    story.pass_minutes(11)
    assert (len(story.mails), len(story.states())) == (before, 2), "nothing follows the end"


@on_sqlite
def test_an_approval_after_the_site_came_back_sends_nothing(story: Story) -> None:
    draft = story.waiting()
    story.is_mended(SHOP)
    story.later(2)
    with pytest.raises(show_notices.NoticeError, match="it was not sent: "):
        notice_acts.approve(story.context, draft.id, "Ada", story.now)
    story.pass_minutes(10)
    assert story.to("books") == []
    assert story.states() == ["first withdrawn"]
    assert not {"outage", "notice_waiting", "notice_late"} & set(story.kinds())


@on_sqlite
def test_a_draft_that_is_dropped_has_no_end(story: Story) -> None:
    notice_acts.drop(story.context, story.waiting().id, "Ada", story.now, why="a test")
    story.pass_minutes(10)
    story.is_mended(SHOP)
    story.pass_minutes(15)
    assert story.states() == ["first dropped"]
    assert story.to("books") == []
    assert not {"outage", "notice_waiting", "notice_late"} & set(story.kinds())
    assert "All sites work." in story.shown()


@on_sqlite
def test_of_two_who_approve_at_once_one_sends(story: Story) -> None:
    draft = story.waiting()
    story.approve("Ada")
    with pytest.raises(notice_acts.AlreadyDecided, match="Ada"):
        notice_acts.approve(story.context, draft.id, "Ben", story.now, draft.version)
    story.pass_minutes(1)
    assert len(story.to("books")) == 1


@on_sqlite
def test_an_outage_that_ends_before_the_draft_is_sent_by_itself_is_not_announced(
    store: Engine, tmp_path: Path
) -> None:
    story = Story(store, tmp_path)
    story.begin(SITES, after="9m")
    story.breaks(SHOP)
    story.pass_minutes(5)
    story.is_mended(SHOP)
    story.pass_minutes(20)
    assert story.states() == ["first withdrawn"]
    assert story.to("books") == []


@on_sqlite
def test_a_customer_who_is_renamed_meanwhile_gets_the_end_and_keeps_the_history(
    story: Story,
) -> None:
    story.approve()
    story.pass_minutes(1)
    renamed = {**BOOKS, "name": "Bluebird Group", "aliases": ["Bluebird Books"]}
    story.begin(SITES, renamed, CYCLES)
    story.is_mended(SHOP)
    story.pass_and_approve(16)
    assert story.to("books") == [f"{SHOP} cannot be reached", f"{SHOP} works again"]
    assert "works again" in story.shown("Bluebird Group")


@on_sqlite
def test_a_site_that_moves_to_another_customer_tells_them_nothing_of_before(story: Story) -> None:
    story.approve()
    story.pass_minutes(1)
    story.begin([site_entry(SHOP, "Kestrel Cycles"), *SITES[1:]])
    story.pass_minutes(10)
    story.is_mended(SHOP)
    story.pass_and_approve(18)
    assert len(story.to("books")) <= 2
    assert not [title for title in story.to("cycles") if "Update" in title]
    assert not {"outage", "notice_waiting", "notice_late"} & set(story.kinds())


@on_sqlite
def test_maintenance_that_begins_meanwhile_keeps_a_beginning_back_and_no_end(
    story: Story,
) -> None:
    story.approve()
    story.pass_minutes(1)
    end = story.now + timedelta(minutes=10)
    maintenance.announce(
        story.context, Scope.SITE, SHOP, end, "a new disk", "Ada", story.now, story.now
    )
    story.breaks(BLOG)
    story.pass_minutes(6)
    assert "Maintenance" in story.shown()
    story.is_mended(SHOP, BLOG)
    story.pass_and_approve(24)
    assert story.to("books")[-1] in (f"{SHOP} works again", "Your sites work again")
    assert "notice_late" not in story.kinds()


@on_sqlite
def test_a_cause_that_is_written_after_the_end_changes_nothing_that_was_sent(
    story: Story,
) -> None:
    story.approve()
    story.pass_minutes(1)
    story.is_mended(SHOP)
    story.pass_and_approve(16)
    before = [message.text for _, message in story.mails]
    story.note("a full disk")
    story.pass_minutes(10)
    assert [message.text for _, message in story.mails] == before
    assert "a full disk" not in story.shown()


@on_sqlite
def test_another_customers_outage_is_never_in_it(story: Story) -> None:
    story.breaks(BIKES)
    story.pass_minutes(6)
    for each in story.notices():
        assert BIKES not in each.text or SHOP not in each.text
    assert BIKES not in story.page("Bluebird Books")
    assert SHOP not in story.page("Kestrel Cycles")
