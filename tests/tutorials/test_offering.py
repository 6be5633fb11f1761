"""A ticket's internal note about tutorials: once, killed anywhere, and never a reply."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine
from typer.testing import CliRunner

from airflow_home import ROOT
from builders import SHIPPED
from supportops.cli.main import app
from supportops.config.loader import load
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.tickets import ticket_sync
from supportops.flows.tickets.ticket_queue import Standing, queue
from supportops.flows.tickets.tutorials import sparing
from supportops.tickets.log.store import events_of
from supportops.tickets.log.sync_marks import read_mark
from supportops.tickets.ticket import EventKind
from tickets.helpline import NAME, NOON, Helpline, HelplineSource

ASKED = {"subject": "Password", "text": "I forgot my password, how do I change my password?"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    shutil.copytree(SHIPPED, path)
    offering(path, note=True)
    return path


def offering(path: Path, **offer: Any) -> None:
    data = yaml.safe_load((ROOT / "tests/data/tutorials/tutorials.yaml").read_text())
    data["offer"] |= offer
    (path / "tutorials.yaml").write_text(yaml.safe_dump(data))


@pytest.fixture
def remote() -> Helpline:
    return Helpline()


def fetch(store: Engine, folder: Path, source: HelplineSource) -> dict[str, Any]:
    context = Context(store, folder, lambda _: None)
    return ticket_sync.fetch(context, [source], lambda: source.remote.now)


def asked(remote: Helpline, number: str = "7", **facts: str) -> None:
    remote.write(number, "created", "customer", **(ASKED | facts))
    remote.write(number, "tier", value="user_support")


def test_a_new_ticket_gets_one_note_and_others_none(
    store: Engine, folder: Path, remote: Helpline
) -> None:
    source = HelplineSource(remote)
    asked(remote)
    asked(remote, "8", subject="Invoice", text="Where is the invoice for October?")
    asked(remote, "9")
    remote.write("9", "comment", text="I have reset it")
    asked(remote, "10")
    remote.write("10", "tier", value="bug_fix")
    assert fetch(store, folder, source)["tutorials_offered"] == 1
    [(ticket, text)] = remote.comments
    assert ticket == "7"
    assert "https://tutorials.example/password" in text
    assert "reply to send" not in text
    for later in (timedelta(hours=2), timedelta(days=3), timedelta(days=3)):
        remote.now += later
        assert fetch(store, folder, source)["tutorials_offered"] == 0
        assert len(remote.comments) == 1
    with reading(store) as connection:
        # What is too old to get a note needs no mark any more.
        assert read_mark(connection, NAME, "tutorials/7") is None


def test_a_note_stops_no_clock_when_it_comes_back(
    store: Engine, folder: Path, remote: Helpline
) -> None:
    source = HelplineSource(remote)
    asked(remote)
    fetch(store, folder, source)
    remote.write("7", "note", "agent", text=remote.comments[0][1])
    fetch(store, folder, source)
    with reading(store) as connection:
        kinds = [event.kind for event in events_of(connection, NAME, "7")]
        (found,) = queue(connection, load(folder).promises, remote.now).tickets
    assert EventKind.NOTE in kinds
    assert Standing.UNANSWERED in found.standings
    assert found.due is not None


def test_nothing_is_written_where_no_note_is_wanted(
    store: Engine, folder: Path, remote: Helpline
) -> None:
    offering(folder)
    asked(remote)
    assert "tutorials_offered" not in fetch(store, folder, HelplineSource(remote))
    assert remote.comments == []
    # Nor on what is a day old once it is wanted.
    offering(folder, note=True)
    remote.now += timedelta(days=2)
    fetch(store, folder, HelplineSource(remote))
    assert remote.comments == []


def test_the_draft_is_in_the_customers_language(
    store: Engine, folder: Path, remote: Helpline
) -> None:
    offering(folder, note=True, draft=True)
    customer = {"name": "Blume GmbH", "aliases": ["Blume"], "language": "de"}
    (folder / "customers.yaml").write_text(json.dumps({"customers": [customer]}))
    asked(remote)
    remote.write("7", "customer", value="BLUME")
    fetch(store, folder, HelplineSource(remote))
    [(_, text)] = remote.comments
    assert "Guten Tag, wir haben" in text


class Killed(BaseException):
    pass


def test_a_kill_at_every_request_leaves_one_note(
    sqlite_template: Path, tmp_path: Path, folder: Path
) -> None:
    from supportops.db.engine import make_engine

    def after(number: int) -> Callable[[], None]:
        left = [number]

        def request() -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        return request

    for place in range(8):
        path = tmp_path / f"{place}.db"
        shutil.copy(sqlite_template, path)
        engine = make_engine(f"sqlite+pysqlite:///{path}")
        remote = Helpline()
        asked(remote)
        with suppress(Killed):
            fetch(engine, folder, HelplineSource(remote, after(place)))
        # Meanwhile somebody changes the tutorials: the note stays the one that was begun.
        before = list(remote.comments)
        if before:
            offering(folder, note=True, draft=True)
        fetch(engine, folder, HelplineSource(remote))
        assert len(remote.comments) == 1, place
        offering(folder, note=True)
        engine.dispose()


def test_the_commands(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))

    def call(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["tutorials", *arguments])

    found = call("suggest", "How do I embed a YouTube video?")
    assert found.exit_code == 0
    assert found.output.splitlines()[0] == "100% Embed a video: https://tutorials.example/video"
    assert json.loads(call("suggest", "embed YouTube video", "--json").output)[0]["score"] > 0.55
    nothing = call("suggest", "The site is down")
    assert (nothing.exit_code, nothing.output) == (1, "no tutorial reaches 55%\n")
    assert call("suggest").exit_code == 2
    texts = str(ROOT / "tests/data/tutorials/texts.csv")
    tried = call("test", texts, "--at-least", "85", "--at-most", "5")
    assert tried.exit_code == 0
    assert tried.output.splitlines()[:3] == [
        "recall at 3: 87% (39 of 45 texts)",
        "wrong offers: 5% (2 of 42 unrelated texts)",
        "at the threshold 55%",
    ]
    assert call("test", texts, "--at-least", "90").exit_code == 1
    assert call("test", texts, "--least", "20", "--at-most", "5").exit_code == 1
    assert call("test", str(folder / "sites.yaml")).exit_code == 2
    feed = tmp_path / "feed.xml"
    feed.write_text("<urlset><url><loc>https://t.example/add-a-shop</loc></url></urlset>")
    assert yaml.safe_load(call("read", str(feed)).output) == [
        {"title": "Add a shop", "address": "https://t.example/add-a-shop", "questions": []}
    ]
    assert call("read", "http://127.0.0.1:9/").exit_code == 2


def test_which_tutorials_would_have_spared_tickets_of_a_period(
    store: Engine, folder: Path, remote: Helpline
) -> None:
    source = HelplineSource(remote)
    asked(remote)
    asked(remote, "8", subject="Invoice", text="Where is the invoice for October?")
    asked(remote, "9")
    remote.write("9", "tier", value="bug_fix")
    remote.write("10", "created", "agent", **ASKED)
    remote.write("10", "tier", value="user_support")
    fetch(store, folder, source)
    configuration, end = load(folder), remote.now + timedelta(hours=1)
    with reading(store) as connection:
        found = sparing(connection, configuration, NOON, end)
        assert [(each.tutorial.title, each.tickets) for each in found.lines] == [
            ("Change or reset your password", 1)
        ]
        assert (found.asked, found.matched) == (2, 1)
        assert sparing(connection, configuration, end, end).asked == 0
