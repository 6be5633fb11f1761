"""A source of another kind than Zendesk works with the same flows, through the contract alone."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, select

from builders import SHIPPED
from flows.tickets.syncing.syncing import everything, quarantined
from supportops.context import Context
from supportops.db.activity import Flow, activities
from supportops.db.engine import reading, writing
from supportops.db.schema import quarantine, sync_marks, ticket_events, tickets
from supportops.flows.tickets import ticket_import, ticket_sync
from supportops.flows.tickets.own_tickets.outage_tickets import record, ticket_number
from supportops.flows.tickets.syncing.freshness import last_synced
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.tickets.log.sync_marks import read_mark
from supportops.tickets.source import SourceError
from tickets.helpline import NAME, NOON, Helpline, HelplineSource

TIER = "mission_critical"
DOWN = Incident(IncidentKind.OUTAGE, "Shop", "refused", NOON, NOON, site="Shop", customer="Acme")
REFERENCE = f"outage/{ticket_number(DOWN.key)}"


@pytest.fixture
def remote() -> Helpline:
    return Helpline()


def fetch(store: Engine, *sources: HelplineSource) -> dict[str, Any]:
    context = Context(store, SHIPPED, lambda _: None)
    return ticket_sync.fetch(context, sources, lambda: sources[0].remote.now)


def a_story(remote: Helpline) -> None:
    """A ticket from its creation to its solution, and another that is new."""
    remote.write("7", "created", "customer", subject="The site is down", text="Error 503")
    remote.write("7", "comment", text="Looking into it")
    remote.write("7", "status", value="solved")
    remote.write("8", "created", "customer", subject="A question")


def an_outage(store: Engine, *, over: bool = False) -> None:
    changes = [Change(ChangeKind.OPENED, DOWN, "3 checks failed")]
    if over:
        ended = replace(DOWN, ended_at=NOON, closed_at=NOON)
        changes.append(Change(ChangeKind.CLOSED, ended, "2 good checks"))
    with writing(store) as connection:
        record(connection, changes, NOON, TIER)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fails", [False, True])
def test_how_long_reading_took_is_noted(store: Engine, remote: Helpline, fails: bool) -> None:
    a_story(remote)
    an_outage(store)
    source, seconds = HelplineSource(remote), count()
    source.fault = "no answer" if fails else None
    context = Context(store, SHIPPED, lambda _: None)
    with pytest.raises(SourceError) if fails else nullcontext():
        ticket_sync.fetch(context, [source], lambda: NOON + next(seconds) * timedelta(seconds=1))
    with reading(store) as connection:
        took = activities(connection)[Flow.TICKET_SYNC].took
    assert took == (next(seconds) - 1) * timedelta(seconds=1)


def test_its_records_become_tickets_with_tiers(store: Engine, remote: Helpline) -> None:
    a_story(remote)
    summary = fetch(store, HelplineSource(remote))
    assert summary == {
        "pages": 2,
        "entries": 4,
        "new_events": 6,
        "quarantined": 0,
        "caught_up": True,
        "notes": [],
        "outages_raised": 0,
        "outages_ended": 0,
    }
    with reading(store) as connection:
        found = connection.execute(select(tickets).order_by(tickets.c.ticket)).all()
    assert [(row.source, row.ticket, row.status) for row in found] == [
        (NAME, "7", "solved"),
        (NAME, "8", "new"),
    ]
    assert all(row.tier for row in found)


def test_the_next_sync_continues_at_the_mark(store: Engine, remote: Helpline) -> None:
    a_story(remote)
    fetch(store, HelplineSource(remote))
    remote.write("8", "comment", text="An answer")
    summary = fetch(store, HelplineSource(remote))
    assert (summary["entries"], summary["new_events"]) == (1, 1)
    with reading(store) as connection:
        assert read_mark(connection, NAME, "journal") == "5"
        assert last_synced(connection, remote.now + timedelta(days=1)) == remote.now


def test_bad_records_are_set_aside_under_its_name(store: Engine, remote: Helpline) -> None:
    a_story(remote)
    remote.write("8", "telepathy")
    remote.write("8", "status", value="sideways")
    remote.write("8", "comment", text="An answer")
    summary = fetch(store, HelplineSource(remote))
    assert summary["quarantined"] == 2
    assert [(row.source, row.record) for row in quarantined(store)] == [
        (NAME, "entry/5"),
        (NAME, "entry/6"),
    ]
    assert "the status 'sideways'" in quarantined(store)[1].reason
    assert summary["new_events"] == 7
    assert fetch(store, HelplineSource(remote))["quarantined"] == 0


def test_an_outage_is_raised_there_once_and_commented_on_at_its_end(
    store: Engine, remote: Helpline
) -> None:
    an_outage(store)
    source = HelplineSource(remote)
    assert fetch(store, source)["outages_raised"] == 1
    assert fetch(store, source)["outages_raised"] == 0
    assert remote.outages == {REFERENCE: "H1"}
    with reading(store) as connection:
        [row] = connection.execute(select(tickets)).all()
    assert (row.source, row.merged_into, row.open) == ("outage", "H1", False)
    an_outage(store, over=True)
    assert fetch(store, source)["outages_ended"] == 1
    assert fetch(store, source)["outages_ended"] == 0
    [(ticket, text)] = remote.comments
    assert ticket == "H1"
    assert "2 good checks" in text


def test_its_files_are_imported_by_a_mapping(store: Engine, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(SHIPPED, config)
    mapping = yaml.safe_load((config / "imports" / "generic.yaml").read_text())
    (config / "imports" / f"{NAME}.yaml").write_text(yaml.safe_dump(mapping | {"source": NAME}))
    file = tmp_path / "export.csv"
    columns = "ticket,event,at,kind,author,value,subject,text,requester,priority,site,customer,tags"
    rows = [
        "7,1,2026-11-23T12:01:00Z,created,customer,,The site is down,,,,,,",
        "7,2,yesterday,comment,agent,,,,,,,,",
        "7,3,2026-11-23T12:03:00Z,status,agent,solved,,,,,,,",
    ]
    file.write_text("\n".join([columns, *rows]) + "\n")
    summary = ticket_import.run(store, config, file, NAME, NOON)
    assert (summary.loaded, summary.bad, summary.new_tickets) == (2, 1, 1)
    assert [row.source for row in quarantined(store)] == [NAME]
    with reading(store) as connection:
        [row] = connection.execute(select(tickets)).all()
        assert last_synced(connection, NOON) == NOON
    assert (row.source, row.status) == (NAME, "solved")
    assert row.tier


class KilledError(BaseException):
    """The process ends here."""


class Points:
    """Counts the points that a sync passes, and kills it at the chosen one (0: never)."""

    def __init__(self, chosen: int = 0) -> None:
        self.chosen = chosen
        self.passed = 0

    def here(self) -> None:
        self.passed += 1
        if self.passed == self.chosen:
            raise KilledError


def fetch_until(store: Engine, remote: Helpline, chosen: int) -> int:
    """A sync that is killed at a point: around each request and each commit; how many it passed."""
    points, commit = Points(chosen), store.dialect.do_commit

    def committed(connection: Any) -> None:
        points.here()
        commit(connection)
        points.here()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.dialect, "do_commit", committed)
        fetch(store, HelplineSource(remote, points.here))
    return points.passed


def empty(store: Engine) -> None:
    with writing(store) as connection:
        for table in (ticket_events, tickets, sync_marks, quarantine):
            connection.execute(table.delete())


def test_killed_at_any_point_and_run_again_leaves_the_same_store(store: Engine) -> None:
    def begin() -> Helpline:
        empty(store)
        an_outage(store, over=True)
        remote = Helpline()
        a_story(remote)
        remote.write("8", "telepathy")
        return remote

    remote = begin()
    points = fetch_until(store, remote, 0)
    undisturbed = everything(store)
    assert points > 15
    for point in range(1, points + 1):
        again = begin()
        with pytest.raises(KilledError):
            fetch_until(store, again, point)
        fetch(store, HelplineSource(again))
        assert everything(store) == undisturbed, f"killed at point {point} of {points}"
        assert (again.outages, again.comments) == (remote.outages, remote.comments)


def test_a_source_that_fails_does_not_stop_the_others(store: Engine, remote: Helpline) -> None:
    a_story(remote)
    broken = HelplineSource(remote)
    broken.fault = "Helpline: no answer in time"
    with pytest.raises(SourceError, match="Helpline: no answer in time"):
        fetch(store, broken, HelplineSource(remote))
    with reading(store) as connection:
        assert len(connection.execute(select(tickets)).all()) == 2


def test_the_numbers_of_several_sources_are_added_up(store: Engine, remote: Helpline) -> None:
    a_story(remote)
    other = Helpline()
    other.now += timedelta(hours=1)
    ahead = HelplineSource(other)
    ahead.name, ahead.title = "other", "Other"
    summary = fetch(store, HelplineSource(remote), ahead)
    assert (summary["pages"], summary["entries"], summary["caught_up"]) == (3, 4, True)
    assert summary["notes"] == ["Other: Other's clock differs from ours by 3360 s"]
