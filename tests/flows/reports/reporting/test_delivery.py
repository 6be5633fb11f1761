"""Issued reports on their way to their recipients, by real mail and HTTP, on both stores."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope
from sqlalchemy import Engine

from alert_builders import alert
from dispatching import Desk, everything_to, receivers, secrets
from flows.reports.reporting.posting import (
    BOARD,
    MAIL_HTML,
    MAIL_TEXT,
    PDF,
    PNG,
    files,
    issue,
    keep,
    readers,
    send,
)
from flows.reports.reporting.report_builders import WHOLE, a_week, reporting_desk
from inboxes import Endpoint, Mail, Mailbox
from sla.policies import london
from supportops.alerts.alert import Kind
from supportops.db.engine import store_url, writing
from supportops.db.schema import reports
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.rendering.gsm7 import septets
from supportops.reports.period import Cadence
from supportops.reports.store import issued

TESTS = Path(__file__).parents[3]
ON_ONE_STORE = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
QUIET = {"queued": 0, "superseded": 0, "held_back": 0}


@pytest.fixture
def desk(store: Engine, mail: Mailbox, http: Endpoint) -> Desk:
    desk = Desk(store, secrets(mail, http))
    desk.activate(readers())
    return desk


def weekly(name: str, *receivers: str) -> dict:
    return {"name": name, "title": name, "receivers": [*receivers], "reports": ["weekly"]}


def to(mail: Mailbox) -> list[str]:
    """Whom each mail went to."""
    return [recipient for each in mail.mails for recipient in each.recipients]


def attached(mail: Mail) -> list[tuple[str | None, bytes]]:
    return [
        (part.get_filename(), part.get_payload(decode=True))
        for part in mail.message.iter_attachments()
    ]


def refusing(desk: Desk, *targets: str) -> None:
    desk.secrets = {
        name: "mailto://127.0.0.1:1?from=a@example.com&to=b@example.com"
        if name.removeprefix("apprise_") in targets
        else url
        for name, url in desk.secrets.items()
    }


def test_a_report_reaches_each_recipient_once_as_it_was_stored(desk: Desk, mail: Mailbox) -> None:
    report = issue(desk)
    assert desk.dispatch() == {"queued": 0, "superseded": 0, "held_back": 0, "handed_over": 2}
    assert sorted(to(mail)) == ["boss@example.com", "owner@example.com"]
    for each in mail.mails:
        assert each.subject == report.subject
        assert each.part("html").splitlines() == MAIL_HTML.splitlines()
        assert each.part("plain").splitlines() == MAIL_TEXT.splitlines()
        (picture,) = (p for p in each.message.walk() if p.get_content_type() == "image/png")
        assert (picture["Content-ID"], picture.get_content()) == ("<trend.png>", PNG)
        assert attached(each) == [("weekly-2026-W47.pdf", PDF)]


def test_every_delivery_has_its_own_row_and_proof_and_then_the_books_are_closed(
    desk: Desk,
) -> None:
    report = issue(desk)
    desk.dispatch()
    key = "report:weekly:2026-W47:managers:1"
    assert {(row.target, row.why, row.state) for row in desk.outbox()} == {
        (name, "addressed to it", "handed_over") for name in ("boss_email", "owner_email")
    }
    assert [(row.alert, row.outcome) for row in desk.attempts()] == [(key, "handed_over")] * 2
    assert desk.unsettled() == []
    with writing(desk.store) as connection:
        found = issued(connection, Cadence.WEEKLY, report.period, report.audience)
    assert found is not None
    assert (found.alert, found.recipients) == (key, ("boss_email", "owner_email"))
    assert found.issued_at == desk.clock.now


def test_dispatching_and_posting_again_send_nothing_again(desk: Desk, mail: Mailbox) -> None:
    report = issue(desk)
    desk.dispatch()
    for _ in range(3):
        assert send(desk, report) == 0
        desk.clock.turn(hours=9)
        assert desk.dispatch() == QUIET
    assert len(mail.mails) == 2


def test_a_corrected_edition_is_sent_as_well(desk: Desk, mail: Mailbox) -> None:
    issue(desk)
    desk.dispatch()
    assert issue(desk, subject="Corrected").edition == 2
    assert desk.dispatch()["handed_over"] == 2
    assert [each.subject for each in mail.mails[2:]] == ["Corrected"] * 2


@pytest.mark.parametrize(
    "route",
    [
        everything_to("team_email", remind="1h"),
        everything_to("manager", digest=True, remind="1h"),
        everything_to("team_email", match={"kind": ["report"]}),
        everything_to(
            steps=[{"receivers": ["team_email"]}, {"after": "30m", "receivers": ["acme_email"]}]
        ),
    ],
)
def test_no_route_sends_a_report_to_anybody_else_nor_twice(
    desk: Desk, mail: Mailbox, route: dict
) -> None:
    desk.activate(readers(alerts={"routes": [route], "fallback": ["team_email", "acme_email"]}))
    issue(desk)
    for _ in range(5):
        desk.dispatch()
        desk.clock.turn(hours=7)
    assert sorted(to(mail)) == ["boss@example.com", "owner@example.com"]
    assert desk.unsettled() == []


def test_what_one_recipient_refuses_the_other_has_and_it_is_tried_again(
    desk: Desk, mail: Mailbox
) -> None:
    good = desk.secrets
    refusing(desk, "boss_email")
    issue(desk)
    assert desk.dispatch() == QUIET | {"handed_over": 1, "failed": 1}
    assert to(mail) == ["owner@example.com"]
    for _ in range(2):
        desk.clock.turn(minutes=15)
        desk.dispatch()
    (trouble,) = desk.open_alerts(Kind.DELIVERY)
    assert trouble.subject == "boss_email"
    assert to(mail) == ["owner@example.com", "team@example.com"], "others hear of it"

    desk.secrets = good
    desk.clock.turn(minutes=20)
    desk.dispatch()
    assert to(mail)[2] == "boss@example.com"
    assert desk.outcomes("owner_email") == ["handed_over"]
    assert desk.open_alerts(Kind.DELIVERY) == []


@ON_ONE_STORE
def test_a_recipient_who_stays_out_of_reach_is_given_up_after_a_day(desk: Desk) -> None:
    refusing(desk, "boss_email")
    issue(desk)
    for _ in range(4):
        desk.dispatch()
        desk.clock.turn(hours=9)
    states = {row.target: row.state for row in desk.outbox() if row.alert.startswith("report")}
    assert states == {"boss_email": "given_up", "owner_email": "handed_over"}
    assert [each.kind for each in desk.unsettled()] == [Kind.DELIVERY]


class Deadly(Mailbox):
    """Takes a mail and kills whoever sent it before the answer."""

    victim: int | None = None

    def _deliver(self, envelope: Envelope) -> None:
        super()._deliver(envelope)
        if self.victim is not None:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = None


@ON_ONE_STORE
def test_a_dispatcher_killed_between_sending_and_writing_repeats_and_says_so(
    desk: Desk, store_address: str
) -> None:
    box = Deadly()
    box.up()
    desk.secrets = {"apprise_acme_email": box.url()}
    desk.activate(readers(audiences=[weekly("one", "acme_email")]))
    issue(desk, "one")
    address = store_url(store_address).render_as_string(hide_password=False)
    order = {"store": address, "secrets": desk.secrets, "act": "once"}
    command = [sys.executable, str(TESTS / "dispatcher_process.py")]
    with subprocess.Popen(
        [*command, json.dumps(order | {"now": desk.clock.now.isoformat()})],
        env={"PYTHONPATH": f"{TESTS.parent / 'include'}:{TESTS}", "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as dispatcher:
        box.victim = dispatcher.pid
        dispatcher.communicate(b"go\n", timeout=60)
    assert dispatcher.returncode == -signal.SIGKILL
    assert desk.attempts() == []

    desk.clock.turn(minutes=10)
    desk.dispatch()
    box.down()
    first, second = box.mails
    assert "may be repeated" not in first.part("plain") + first.part("html")
    assert "This message may be repeated" in second.part("plain")
    assert "This message may be repeated" in second.part("html")
    assert attached(second) == attached(first)


@ON_ONE_STORE
def test_the_largest_files_are_left_out_of_a_mail_that_would_be_too_large(
    desk: Desk, mail: Mailbox
) -> None:
    desk.activate(readers(attach_at_most="700kB"))
    large = {"report_xlsx": b"x" * 300_000, "clocks_csv": b"c" * 200_000}
    issue(desk, report_files=files(report_pdf=b"p" * 320_000, **large))
    desk.dispatch()
    first = mail.mails[0]
    assert [name for name, _ in attached(first)] == [
        "weekly-2026-W47.xlsx",
        "weekly-2026-W47.clocks.csv",
    ]
    assert len(first.raw) < 700_000
    page = "/support/report?cadence=weekly&period=2026-W47&audience=managers"
    note = "Not attached, because the mail would be too large: weekly-2026-W47.pdf (0.3 MB)."
    assert note in first.part("plain")
    assert f"{BOARD}{page}" in first.part("plain")
    assert f"<p>{note}" in first.part("html")
    assert re.findall('href="([^"]+)"', first.part("html")) == [
        f"{BOARD}{page}".replace("&", "&amp;")
    ]


@ON_ONE_STORE
def test_a_customer_is_not_sent_to_a_board_that_is_not_theirs(desk: Desk, mail: Mailbox) -> None:
    acme = weekly("acme", "acme_email") | {"customer": "Acme"}
    desk.activate(readers(audiences=[acme], attach_at_most="1kB"))
    issue(desk, "acme", customer="Acme")
    desk.dispatch()
    (arrived,) = mail.mails
    assert attached(arrived) == []
    assert "weekly-2026-W47.pdf (0.0 MB). Ask us for it." in arrived.part("plain")
    assert "airflow.example" not in arrived.part("html")


@ON_ONE_STORE
def test_a_report_without_its_pdf_or_its_html_is_sent_all_the_same(
    desk: Desk, mail: Mailbox
) -> None:
    issue(desk, report_files=files(report_pdf=None))
    issue(desk, period="2026-W46", report_files=files(mail_html=None))
    assert desk.dispatch()["handed_over"] == 4
    without_pdf, without_html = mail.mails[0], mail.mails[-1]
    assert attached(without_pdf) == []
    assert without_html.message.get_body(("html",)) is None
    assert without_html.part("plain").splitlines() == MAIL_TEXT.splitlines()
    assert [name for name, _ in attached(without_html)] == ["weekly-2026-W46.pdf"]


def test_a_report_that_is_gone_fails_by_itself_and_says_why(desk: Desk, mail: Mailbox) -> None:
    gone, whole = issue(desk), issue(desk, period="2026-W46", subject="Whole")
    empty = issue(desk, period="2026-W45", report_files=[])
    with writing(desk.store) as connection:
        connection.execute(
            reports.update().where(reports.c.id == gone.id).values(alert="something else")
        )
    desk.raise_(alert())
    desk.dispatch()
    assert {each.subject for each in mail.mails} >= {whole.subject}
    assert len(mail.mails) == 3, "the alarm, and twice the report that is whole"
    details = {row.alert: row.detail for row in desk.attempts() if row.outcome == "failed"}
    assert details == {
        "report:weekly:2026-W47:managers:1": "the report is not stored any more",
        "report:weekly:2026-W45:managers:1": "no e-mail is stored for weekly-2026-W45",
    }
    assert empty.edition == 1


@ON_ONE_STORE
def test_chat_and_sms_get_the_answer_in_a_line(desk: Desk, http: Endpoint) -> None:
    desk.activate(readers(audiences=[weekly("few", "manager_chat", "manager_sms")]))
    lead = "The ticket data is old.\n11 of 12 promises were kept. @channel\n"
    subject = "SLA week 47: <!here> [91 %](http://e.example) " + "x" * 200
    issue(desk, "few", subject=subject, report_files=files(lead_txt=lead.encode()))
    assert desk.dispatch()["handed_over"] == 2
    said = {request.path: request.json() for request in http.requests}
    chat, sms = said["/chat"]["message"], said["/sms"]["message"]
    assert "SLA week 47" in chat
    assert f"{BOARD}/support/report?cadence=weekly&period=2026-W47&audience=few" in chat
    assert "\nThe ticket data is old.\n11 of 12 promises were kept. " in chat
    assert "<!here>" not in chat
    assert "@channel" not in chat
    assert "](http://e" not in chat
    assert sms.startswith("SLA week 47: <!here>")
    assert septets(sms) <= 160
    assert not any(each.get("attachments") for each in said.values())


@ON_ONE_STORE
def test_a_storm_of_alarms_makes_a_report_wait_and_never_a_line_of_a_bundle(
    desk: Desk, mail: Mailbox
) -> None:
    limits = {"email": [{"count": 2, "period": "15m"}]}
    routes = [everything_to("acme_email")]
    one = [weekly("one", "acme_email")]
    desk.activate(readers(audiences=one, alerts={"limits": limits, "routes": routes}))
    issue(desk, "one")
    issue(desk, "one", "2026-W46", subject="Another")
    desk.raise_(*(alert(f"Site {n}") for n in range(5)))
    assert desk.dispatch()["held_back"] == 1
    assert [each.subject[:6] for each in mail.mails] == ["5 site", "SLA we"]
    desk.clock.turn(minutes=16)
    assert desk.dispatch()["handed_over"] == 1
    assert [each.subject for each in mail.mails[1:]] == [
        "SLA week 47 (16–22 Nov): 91 % 🔥",
        "Another",
    ]
    assert all(attached(each) for each in mail.mails[1:])


@ON_ONE_STORE
def test_a_report_takes_the_messages_that_alerts_leave(desk: Desk, mail: Mailbox) -> None:
    limits = {"email": [{"count": 2, "period": "15m"}]}
    routes = [everything_to("acme_email")]
    one = [weekly("one", "acme_email")]
    desk.activate(readers(audiences=one, alerts={"limits": limits, "routes": routes}))
    issue(desk, "one")
    issue(desk, "one", "2026-W46")
    desk.raise_(alert())
    assert desk.dispatch()["held_back"] == 1
    assert [bool(attached(each)) for each in mail.mails] == [False, True]
    assert {row.state for row in desk.outbox()} == {"handed_over", "waiting"}


@ON_ONE_STORE
def test_a_receiver_on_no_route_is_known_and_one_that_was_removed_is_given_up(
    desk: Desk, mail: Mailbox
) -> None:
    desk.activate(readers(audiences=[weekly("one", "acme_email")]))
    refusing(desk, "acme_email")
    issue(desk, "one")
    desk.dispatch()
    assert [row.state for row in desk.outbox()] == ["waiting"]
    fewer = {"receivers": receivers("team_email")}
    desk.activate(readers(audiences=[weekly("one", "team_email")], alerts=fewer))
    desk.clock.turn(hours=1)
    desk.dispatch()
    assert [row.state for row in desk.outbox()] == ["given_up"]
    assert desk.attempts()[-1].detail == "no receiver of this name is configured any more"


@ON_ONE_STORE
def test_keeping_a_draft_sends_nothing(desk: Desk, mail: Mailbox) -> None:
    keep(desk)
    assert desk.dispatch() == QUIET
    assert mail.mails == []


@ON_ONE_STORE
def test_the_same_files_make_the_same_message(desk: Desk) -> None:
    """Kept bytes go out as they are, whoever reads them and when."""
    seen: list[OutgoingMessage] = []

    def keep_message(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        seen.append(message)
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

    issue(desk)
    desk.dispatch(keep_message)
    first, second = seen
    assert first == second


@ON_ONE_STORE
def test_a_message_with_files_has_more_time_to_be_sent(desk: Desk) -> None:
    """A line of 2 Mbit/s must not make the mail look lost, and be sent again."""
    patience: list[float] = []

    def note(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        patience.append(timeout)
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

    issue(desk, report_files=files(report_pdf=b"p" * 5_000_000, trend_png=None))
    desk.raise_(alert())
    desk.dispatch(note)
    assert sorted(patience) == [20.0, 40.0, 40.0]


@ON_ONE_STORE
def test_a_report_as_it_is_made_arrives_with_every_picture_that_it_shows(
    desk: Desk, mail: Mailbox, http: Endpoint, tmp_path: Path
) -> None:
    room = reporting_desk(desk.store, tmp_path / "config", WHOLE)
    room.append(*a_week())
    desk.clock.now = london("2026-04-20 08:00")
    desk.activate(room.configuration)
    desk.secrets = {f"apprise_{n}_email": mail.url(f"{n}@example.com") for n in ("manager", "acme")}
    room.weekly(send=True)
    assert desk.dispatch()["handed_over"] == 2
    by_name = {each.recipients[0]: each for each in mail.mails}
    theirs, acmes = by_name["manager@example.com"], by_name["acme@example.com"]
    for each in (theirs, acmes):
        kinds = (part for part in each.message.walk() if part.get_content_maintype() == "image")
        pictures = {str(part["Content-ID"]).strip("<>") for part in kinds}
        assert pictures == set(re.findall('src="cid:([^"]+)"', each.part("html"))) != set()
        assert [part.defects for part in each.message.walk() if part.defects] == []
        assert [name for name, _ in attached(each)] == [
            f"weekly-2026-W16.{ending}" for ending in ("pdf", "xlsx", "csv", "json")
        ]
    old, lead = room.text("managers", "lead.txt").splitlines()
    assert old.startswith("The ticket data is 3 days old")
    assert lead.startswith("In week 16, ")
    assert b"Birch" not in acmes.raw
    assert "On the board: https://airflow" in theirs.part("plain")
    assert "https://airflow" not in acmes.part("plain") + acmes.part("html")
