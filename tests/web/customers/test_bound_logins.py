"""A login that access.yaml binds to a customer meets no word of another one, at any address.

Every route of the app is walked, with the ids of another customer's things in its address.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI, Header
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, insert, select

from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.config.reports import audience_name
from supportops.config.snapshots import LastConfiguration, newest
from supportops.context import Context
from supportops.db.engine import make_engine, reading, writing
from supportops.db.schema import configurations, mailbox_messages, recordings
from supportops.flows.active_configuration import load_or_last_good
from supportops.reports import store as report_store
from supportops.reports.formats.file import CSV, JSON, PAGE, PDF, WORKBOOK, File
from supportops.reports.links import file_path, report_path
from supportops.reports.period import Cadence
from supportops.web.app import make_app
from supportops.web.page import Viewer
from supportops.web.pages.registry import OPEN_TO_CUSTOMERS
from web.boards import CONFIG, NOON, draft, live_through, site_entry, slots_until, write_config
from web.desk import Desk
from web.test_viewers import VALUES, _down

TAINT = "zq7taint"
ACME, FOREIGN = "Acme", f"Umbrella {TAINT}"
FILES = (PAGE, PDF, WORKBOOK, CSV, JSON)
ACCESS = {
    "logins": [
        {"name": "Acme-Portal", "customers": ["ACME  Ltd"]},
        {"name": "boss", "customers": "all"},
        {"name": "both", "customers": [ACME, FOREIGN]},
        {"name": "gone", "customers": ["Nobody Known"]},
    ]
}
# Who asks, and what Airflow lets them do: nothing, read, act.
BOUND = ({"x-user": "acme-portal"}, {"x-user": "ACME-portal", "x-rights": "act"})


class Board:
    """Both customers' sites, alerts, tickets and reports, each word of the other one marked."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.configure(ACCESS)
        self.desk = Desk.__new__(Desk)
        self.desk.engine, self.desk.now = engine, NOON
        live_through(engine, folder, slots_until(NOON, 3), _down)
        self.desk.ticket("7", customer=ACME, subject="The form of Acme")
        self.desk.ticket("8", customer=FOREIGN, subject=f"The form {TAINT}")
        with reading(engine) as connection:
            self.digest = str(connection.execute(select(configurations.c.digest)).scalar())
            alerts = list_open(connection, Kind.OUTAGE)
            (self.alert,) = (each.key for each in alerts if TAINT in each.key)
        with writing(engine) as connection:
            self.recording = recording(connection)
        for customer in (ACME, FOREIGN):
            self.keep(customer, audience_name(customer))
        self.client = TestClient(self.app(), follow_redirects=False)

    def configure(self, access: Any) -> None:
        write_config(
            self.folder,
            [
                site_entry("acme.example", ACME, host="web-1"),
                site_entry(f"{TAINT}.example", FOREIGN, host=f"{TAINT}-2"),
            ],
        )
        shutil.copy(CONFIG / "triage.yaml", self.folder)
        customers = [{"name": ACME, "aliases": ["Acme Ltd"]}, {"name": FOREIGN}]
        (self.folder / "customers.yaml").write_text(json.dumps({"customers": customers}))
        text = access if isinstance(access, str) else json.dumps(access)
        (self.folder / "access.yaml").write_text(text)
        load_or_last_good(self.engine, self.folder, NOON)

    def keep(
        self,
        customer: str | None,
        audience: str,
        *,
        period: str = "2026-10",
        issued: bool = True,
    ) -> report_store.StoredReport:
        mark = ACME if customer == ACME else TAINT
        made = draft(
            self.digest,
            NOON,
            period,
            Cadence.MONTHLY,
            audience=audience,
            customer=customer,
            subject=f"A month of {mark}",
        )
        files = [File(name, "text/html", f"{name} of {mark}".encode()) for name in FILES]
        with writing(self.engine) as connection:
            stored = report_store.keep(connection, made, files)
            if issued:
                report_store.issue(connection, stored.id, f"report:{stored.id}", ["x"], NOON)
        return stored

    def app(self) -> FastAPI:
        def viewer(x_user: str = Header(), x_rights: str = Header("none")) -> Viewer:
            return Viewer(x_user, x_rights == "act", x_rights in ("read", "act"))

        @contextmanager
        def open_context() -> Iterator[Context]:
            yield Context(self.engine, self.folder, {}.get)

        return make_app(open_context, LastConfiguration(), lambda: NOON, viewer=viewer)

    def get(self, address: str, who: Mapping[str, str]) -> Response:
        return self.client.get(f"/{address.lstrip('/')}", headers=dict(who))

    def addresses(self) -> Iterator[tuple[str, str, str]]:
        """The method, the route's path and an address of it with the other customer's things."""
        theirs = {
            "name": f"{TAINT}.example",
            "key": self.alert,
            "source": "zendesk",
            "id": "8",
            "customer": FOREIGN,
            "cadence": "monthly",
            "period": "2026-10",
            "audience": audience_name(FOREIGN),
            "text": TAINT,
            "q": TAINT,
            "first": "2026-10/1",
            "second": "2026-10/1",
        }
        for route in self.app().routes:
            path = str(route.path)  # type: ignore[attr-defined]
            filled = path.format(
                cadence="monthly",
                period="2026-10",
                audience=audience_name(FOREIGN),
                edition="1",
                name=PDF if path.startswith("/reports") else "board.css",
            )
            for method in sorted(route.methods):  # type: ignore[attr-defined]
                number = self.recording if path == "/recording" else "8"
                yield method, path, f"{filled}?{urlencode(theirs | {'id': str(number)})}"
                yield method, path, filled


def recording(connection: Any) -> int:
    """A voicemail of the other customer."""
    message = connection.execute(
        insert(mailbox_messages)
        .values(
            identity="<1>",
            mailbox="answerphone",
            folder="INBOX",
            outcome="ticket",
            why="",
            received_at=NOON,
            recorded_at=NOON,
        )
        .returning(mailbox_messages.c.id)
    ).scalar_one()
    content = b"RIFF" + TAINT.encode()
    values = {"ticket": "8", "name": f"{TAINT}.wav", "media_type": "audio/wav"}
    values |= {"message": message, "size": len(content), "received_at": NOON, "content": content}
    statement = insert(recordings).values(values).returning(recordings.c.id)
    return int(connection.execute(statement).scalar_one())


@pytest.fixture(scope="module")
def board(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    folder = tmp_path_factory.mktemp("bound")
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, folder)}")
    yield Board(engine, folder / "config")
    engine.dispose()


def sent(board: Board, method: str, address: str, who: Mapping[str, str]) -> Response:
    acting = {"x-supportops": "act", "sec-fetch-site": "same-origin"}
    body: Any = None
    if method == "POST":
        body = {name: VALUES[name] for name in ("key", "id", "name") if name in VALUES}
    return board.client.request(method, address, headers={**who, **acting}, json=body)


@pytest.mark.parametrize("who", BOUND, ids=["no role", "may act"])
def test_no_address_shows_a_word_of_another_customer(board: Board, who: dict[str, str]) -> None:
    closed = 0
    for method, path, address in board.addresses():
        answer = sent(board, method, address, who)
        said = answer.content.decode("latin-1") + str(answer.headers)
        assert TAINT not in said, (method, address)
        if path == "/metrics":  # no login opens it, but a token of its own
            assert answer.status_code == 401
        elif path not in OPEN_TO_CUSTOMERS and path != "/static/{name}":
            assert answer.status_code == 404, (method, address)
            assert answer.json() == {"detail": "Not Found"}
            closed += 1
    assert closed > 60


def test_the_walk_would_find_such_words(board: Board) -> None:
    """To whoever sees everything, the same walk shows them on most pages."""
    found = {
        path
        for method, path, address in board.addresses()
        if method == "GET"
        and TAINT in sent(board, method, address, {"x-user": "ada", "x-rights": "read"}).text
    }
    pages = {"/", "/tickets", "/ticket", "/alerts", "/incident", "/site", "/reports", "/report"}
    assert found >= pages | {f"/api{path}" for path in pages - {"/"}}
    assert found >= {"/tickets.csv", "/recording", "/configuration", "/api/board"}
    assert any(path.startswith("/reports/") for path in found)


def test_a_bound_login_reads_the_reports_of_its_customer(board: Board) -> None:
    (who, _) = BOUND
    front = board.get("/", who)
    assert (front.status_code, front.headers["location"]) == (307, "reports")
    page = board.get("reports", who).text
    (href,) = re.findall(r'href="(report\?[^"]+)"', page)
    assert "A month of Acme" in page
    shown = board.get(href.replace("&amp;", "&"), who)
    assert shown.status_code == 200
    files = re.findall(r'(?:href|src)="(reports/[^"]+)"', shown.text)
    assert len(files) == len(FILES)
    for address in files:
        answer = board.get(address, who)
        assert (answer.status_code, b"of Acme" in answer.content) == (200, True), address
    told = board.get("api/reports", who).json()
    assert [each["subject"] for each in told["rows"]] == ["A month of Acme"]


def test_a_bound_login_with_a_role_is_named_once_in_the_log(
    board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    board.client = TestClient(board.app(), follow_redirects=False)
    for _ in range(2):
        board.get("reports", BOUND[0])
    assert "take the role away" not in caplog.text
    for _ in range(2):
        board.get("reports", BOUND[1])
    assert caplog.text.count("ACME-portal is bound to customers and has a role in Airflow") == 1


def test_nothing_of_the_desk_is_on_its_pages(board: Board) -> None:
    (who, _) = BOUND
    page = board.get("reports", who).text
    assert re.findall(r"<nav>.*?</nav>", page, re.DOTALL)[0].count("<a ") == 2
    assert "data-act" not in page
    assert "Last check: unknown" in page
    assert re.search(r'<p id="age" role="status" hidden>', page)


def test_another_customers_report_is_refused_in_the_words_of_one_that_is_not_there(
    board: Board,
) -> None:
    (who, _) = BOUND
    theirs, missing = audience_name(FOREIGN), audience_name("Nobody")
    for form in ("{}", "api/{}"):
        answers = [
            board.get(form.format(report_path(Cadence.MONTHLY, "2026-10", each, edition)), who)
            for each in (theirs, missing)
            for edition in (None, 1, 99)
        ]
        assert {each.status_code for each in answers} == {404}
        assert len({each.content for each in answers}) == 1
    files = [
        board.get(file_path(Cadence.MONTHLY, "2026-10", each, 1, name), who)
        for each in (theirs, missing)
        for name in FILES
    ]
    assert {each.status_code for each in files} == {404}
    assert len({each.content for each in files}) == 1


def test_what_was_not_sent_or_is_internal_is_not_shown(board: Board) -> None:
    (who, _) = BOUND
    own = audience_name(ACME)
    hidden = [
        board.keep(ACME, own, period="2026-09", issued=False),
        board.keep(ACME, "account_acme", period="2026-08"),
        board.keep(None, "managers", period="2026-08"),
    ]
    for each in hidden:
        of = (Cadence.MONTHLY, each.period, each.audience, each.edition)
        assert board.get(report_path(*of), who).status_code == 404
        assert board.get(file_path(*of, PDF), who).status_code == 404
    assert board.get("reports", who).text.count('href="report?') == 1


def test_a_login_of_two_customers_sees_both_and_one_of_nobody_known_sees_none(
    board: Board,
) -> None:
    both = board.get("reports", {"x-user": "both"}).text
    assert "A month of Acme" in both
    assert TAINT in both
    none = board.get("reports", {"x-user": "gone"}).text
    assert "No report has been sent yet." in none


def test_who_is_not_listed_needs_the_right_to_read(board: Board) -> None:
    assert board.get("tickets", {"x-user": "bob"}).status_code == 403
    assert board.get("tickets", {"x-user": "bob", "x-rights": "read"}).status_code == 200
    assert board.get("tickets", {"x-user": "boss"}).status_code == 403
    assert board.get("tickets", {"x-user": "boss", "x-rights": "read"}).status_code == 200


def test_with_unlisted_none_only_listed_logins_and_those_who_may_act_see_anything(
    store: Engine, tmp_path: Path
) -> None:
    board = Board(store, tmp_path / "config")
    board.configure(ACCESS | {"unlisted": "none"})
    reader = board.get("tickets", {"x-user": "bob", "x-rights": "read"})
    assert (reader.status_code, TAINT in reader.text) == (404, False)
    assert board.get("reports", {"x-user": "bob", "x-rights": "read"}).status_code == 200
    assert board.get("tickets", {"x-user": "boss", "x-rights": "read"}).status_code == 200
    assert board.get("tickets", {"x-user": "ada", "x-rights": "act"}).status_code == 200


def test_rights_follow_the_configuration_and_a_faulty_file_takes_none_away(
    store: Engine, tmp_path: Path
) -> None:
    board = Board(store, tmp_path / "config")
    (who, _) = BOUND
    board.configure("logins: [")
    assert TAINT not in board.get("reports", who).text
    assert board.get("tickets", who).status_code == 404
    with reading(store) as connection:
        configuration = newest(connection)
    assert configuration is not None
    unreadable = replace(
        configuration,
        parts={name: part for name, part in configuration.parts.items() if name != "access"},
        faults={"access": ()},
    )

    class Broken(LastConfiguration):
        def __call__(self, connection: Any) -> Any:
            return unreadable

    @contextmanager
    def open_context() -> Iterator[Context]:
        yield Context(store, tmp_path, {}.get)

    app = make_app(open_context, Broken(), lambda: NOON, viewer=lambda: Viewer("ada", True))
    client = TestClient(app)
    assert client.get("/tickets").status_code == 503
    assert client.get("/api/tickets").status_code == 503
    assert TAINT not in client.get("/tickets").text
    assert "access.yaml" in client.get("/tickets").text
    board.configure({"logins": [{"name": "acme-portal", "customers": [FOREIGN]}]})
    assert "A month of Acme" not in board.get("reports", who).text
    assert TAINT in board.get("reports", who).text
