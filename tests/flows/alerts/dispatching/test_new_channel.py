"""A new channel is a class and an entry of the registry; nothing else changes for it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from alert_builders import alert
from dispatching import Desk, configuration, everything_to
from flows.reports.reporting.posting import issue, readers
from inboxes import Endpoint
from reports.figure_builders import figures
from reports.wording_builders import column, table, worded
from service_level_alerts import ticket_alert
from supportops.alerts.alert import Kind
from supportops.alerts.channels.content import AlertsContent, DigestContent, ReportContent
from supportops.alerts.channels.registry import CHANNELS
from supportops.notify.outgoing import OutgoingMessage
from supportops.reports.figures import Delivered


class Pager:
    label = "Pager"
    digest_rows = 2

    def alerts(self, content: AlertsContent) -> OutgoingMessage:
        return OutgoingMessage("", f"page: {', '.join(each.subject for each in content.alerts)}")

    def digest(self, content: DigestContent) -> OutgoingMessage:
        rows = [row.ticket for section in content.sections for row in section.rows]
        return OutgoingMessage("", f"digest: {', '.join(rows)} and {content.left_out} more")

    def report(self, content: ReportContent) -> OutgoingMessage:
        return OutgoingMessage("", f"report: {content.subject}")


@pytest.fixture
def desk(store: Engine, http: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setitem(CHANNELS, "pager", Pager())
    return Desk(store, {"apprise_duty_pager": http.url("pager")})


def pages(http: Endpoint) -> list[str]:
    return [request.json()["message"] for request in http.requests]


def test_alerts_are_rendered_by_it_and_bundled_by_its_rate_limit(
    desk: Desk, http: Endpoint
) -> None:
    limits = {"pager": [{"count": 2, "period": "15m"}]}
    desk.activate(configuration("duty_pager", limits=limits))
    desk.raise_(alert("Shop"), alert("Blog"), alert("Wiki"))
    assert desk.dispatch()["handed_over"] == 3
    assert pages(http) == ["page: Blog, Shop, Wiki"]
    assert {row.channel for row in desk.outbox()} == {"pager"}


def test_a_digest_is_rendered_by_it_with_as_many_rows_as_it_has_room_for(
    desk: Desk, http: Endpoint
) -> None:
    routes = [everything_to("duty_pager", digest=True)]
    desk.activate(configuration("duty_pager", routes=routes))
    desk.raise_(*(ticket_alert(number, Kind.SLA_BREACH) for number in (1, 2, 3)))
    assert desk.dispatch()["handed_over"] == 3
    assert pages(http) == ["digest: #1, #2 and 1 more"]


def test_a_report_is_rendered_by_it(desk: Desk, http: Endpoint) -> None:
    duty = {"name": "duty", "title": "Duty", "receivers": ["duty_pager"], "reports": ["weekly"]}
    known = configuration("duty_pager").alerts.receivers["duty_pager"]
    receiver = [{"name": t.name, "channel": t.channel, "secret": t.secret} for t in known]
    alerts = {
        "receivers": {"duty_pager": receiver},
        "routes": [everything_to("duty_pager")],
    }
    desk.activate(readers(audiences=[duty], alerts=alerts))
    issue(desk, "duty")
    assert desk.dispatch()["handed_over"] == 1
    assert pages(http) == ["report: SLA week 47 (16–22 Nov): 91 % 🔥"]


def test_a_report_names_it_by_its_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "pager", Pager())
    sent = Delivered("pager", 3, 0, 0, median=60.0, p90=90.0)
    assert column(table(worded(figures(delivered=(sent,))), "alerts"), "By") == ["Pager"]


def test_a_channel_that_is_not_registered_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ValidationError, match=r"'email', 'sms'"):
        configuration("duty_pigeon")
