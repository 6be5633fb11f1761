"""`supportops alerts who`: the answer of what decides, for any alert that could be raised."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine
from typer.testing import CliRunner

import dispatching
from alert_builders import NIGHT, NOON
from dispatching import everything_to, receivers
from supportops.alerts.silencing.silence import parsed
from supportops.cli.main import app
from supportops.cli.output import FINDINGS, FINE, USAGE
from supportops.context import Context, no_secrets
from supportops.db.engine import writing
from supportops.db.schema import tickets
from supportops.flows.alerts import silences

SHIPPED = Path(__file__).parents[3] / "include" / "config"
SITES = {"shop": "Acme", "blog": "Acme", "wiki": "Beta"}
STEPS = [{"receivers": ["team_email"]}, {"after": "30m", "receivers": ["boss_email"]}]
ROUTES = [
    everything_to(name="acme", match={"customer": ["Acme"]}, steps=[{"receivers": ["acme_email"]}]),
    everything_to(name="team", match={"kind": ["outage"]}, steps=STEPS, remind="60m"),
    everything_to("owner_email", name="faults", match={"kind": ["fault"]}, hours="office"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "config"
    found.mkdir()
    entries = [
        {"name": name, "customer": who, "url": f"https://{name}.example/", "host": "web-1"}
        for name, who in SITES.items()
    ]
    (found / "sites.yaml").write_text(yaml.safe_dump({"sites": entries, "vantage": []}))
    levels = (SHIPPED / "service_levels.yaml").read_text(encoding="utf-8")
    (found / "service_levels.yaml").write_text(levels, encoding="utf-8")
    names = ("acme_email", "team_email", "boss_email", "owner_email")
    alerts = {"receivers": receivers(*names), "routes": ROUTES, "fallback": ["owner_email"]}
    alerts["limits"] = {"email": [{"count": 3, "period": "15m"}]}
    (found / "alerts.yaml").write_text(yaml.safe_dump(alerts), encoding="utf-8")
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(found))
    for name in ("SUPPORTOPS_DATABASE_URL", "AIRFLOW_CONN_SUPPORT_DB"):
        monkeypatch.delenv(name, raising=False)
    return found


def address(store: Engine) -> str:
    return store.url.render_as_string(hide_password=False)


def ask(*options: str, code: int = FINE, at: datetime = NOON) -> str:
    result = CliRunner().invoke(app, ["alerts", "who", *options, "--at", f"{at:%Y-%m-%dT%H:%M}"])
    assert result.exit_code == code, result.output
    return result.output


def asked(*options: str, **how: Any) -> Any:
    text = ask(*options, "--json", **how)
    return json.loads(text[text.index("{\n") :])


def when(answer: Any) -> list[tuple[str, str, str]]:
    return [(each["at"][11:16], each["target"], each["route"]) for each in answer["notified"]]


def test_each_step_and_the_first_reminder_in_turn(folder: Path) -> None:
    answer = asked("--kind", "outage", "--site", "Shop")
    assert when(answer) == [
        ("12:00", "acme_email", "acme"),
        ("12:00", "team_email", "team"),
        ("12:30", "boss_email", "team"),
        ("13:00", "team_email", "team"),
        ("13:30", "boss_email", "team"),
    ]
    assert [each["step"] for each in answer["notified"]][:3] == [1, 1, 2]
    assert [each["every_seconds"] for each in answer["notified"]] == [None] * 3 + [3600] * 2
    assert answer["notified"][0]["limits"] == [{"count": 3, "period_seconds": 900}]
    assert answer["fallback"] == ["owner_email"]
    assert {each["target"] for each in answer["end"]} == {"acme_email", "team_email", "boss_email"}
    assert answer["not_notified"] == [
        {"route": "faults", "target": "", "why": "only for kind fault"}
    ]


def test_a_route_of_the_office_waits_for_its_opening(folder: Path) -> None:
    answer = asked("--kind", "fault", "--site", "wiki", at=NIGHT)
    assert when(answer) == [("09:00", "owner_email", "faults")]
    assert {each["route"]: each["why"] for each in answer["not_notified"]} == {
        "acme": "only for customer Acme",
        "team": "only for kind outage",
    }


def test_a_servers_outage_is_answered_for_all_its_sites(folder: Path) -> None:
    answer = asked("--kind", "host_outage", "--site", "wiki")
    assert answer["alert"]["sites"] == ["blog", "shop", "wiki"]
    seen = {each["target"]: each["sites"] for each in answer["notified"]}
    assert seen["acme_email"] == ["blog", "shop"]
    assert seen["team_email"] is None
    assert asked("--kind", "host_outage", "--host", "web-1")["alert"]["sites"] == [
        "blog",
        "shop",
        "wiki",
    ]


def test_an_alert_that_nobody_gets_is_a_finding(folder: Path) -> None:
    text = ask("--kind", "clock", code=FINDINGS)
    assert "  nobody" in text
    assert "route acme: only for customer Acme" in text


def test_people_read_who_when_by_which_route_and_how_often(folder: Path) -> None:
    text = ask("--kind", "outage", "--site", "shop")
    assert "at once: team_email (email), route team, step 1; at most 3 in 15 min" in text
    assert "(after 30 min): boss_email (email), route team, step 2" in text
    assert "route team; reminder, then every 1 h 00 min" in text
    assert "Fallback, when one of these messages fails: owner_email" in text
    assert "apprise_" not in text
    assert "no store is named" in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--kind", "outage", "--site", "shpo"], "did you mean shop?"),
        (["--kind", "host_outage", "--host", "web-2"], "did you mean web-1?"),
        (["--kind", "sla_breach", "--tier", "bugfix"], "did you mean bug_fix?"),
        (["--kind", "delivery", "--receiver", "tem_email"], "did you mean team_email?"),
        (["--kind", "sla_breach"], "name one, or a severity"),
        (["--kind", "report"], "reports.yaml names who gets it"),
        (["--kind", "call", "--ticket", "7"], "no store is named"),
    ],
)
def test_a_name_that_is_nowhere_is_one_line(folder: Path, options: list[str], says: str) -> None:
    assert says in ask(*options, code=USAGE)


def test_a_ticket_is_looked_up_in_the_store(
    folder: Path, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", address(store))
    assert "no ticket '4711'" in ask("--kind", "sla_breach", "--ticket", "4711", code=USAGE)
    row = {"source": "phone", "ticket": "4711", "customer": "ACME", "tier": "mission_critical"}
    row |= {"site": "of nobody", "status": "open", "subject": "Help"}
    row |= {"requester": "", "tags": "", "open": True}
    row |= dict.fromkeys(("touched_at", "created_at", "updated_at"), NOON)
    with writing(store) as connection:
        connection.execute(tickets.insert(), [row])
    answer = asked("--kind", "sla_breach", "--ticket", "4711")
    assert answer["alert"]["severity"] == "critical"
    assert [each["target"] for each in answer["notified"]] == ["acme_email"]


def test_a_faulty_file_is_answered_by_its_last_good_version(
    folder: Path, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "alerts.yaml").write_text("routes: 7\n", encoding="utf-8")
    ask("--kind", "clock", code=USAGE)
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", address(store))
    desk = dispatching.Desk(store, {})
    desk.activate(dispatching.configuration("team_email"))
    assert [each["target"] for each in asked("--kind", "clock")["notified"]] == ["team_email"]


def test_a_silence_puts_the_course_off_and_is_named(
    folder: Path, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = silences.NewSilence(
        parsed(["site=wiki"]), NOON, NOON + timedelta(hours=2), "the server moves", "Ada"
    )
    silences.add(Context(store, folder, no_secrets), new, NOON)
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", address(store))
    answer = asked("--kind", "outage", "--site", "wiki")
    assert when(answer)[:2] == [("14:00", "team_email", "team"), ("14:30", "boss_email", "team")]
    assert [each["matchers"] for each in answer["silences"]] == [["site=wiki"]]
    words = "silenced from Tue 24 Nov 2026 12:00 GMT until Tue 24 Nov 2026 14:00 GMT"
    assert f"{words}, silence 1 by Ada: the server moves" in ask("--kind", "outage", "--site=wiki")
    assert asked("--kind", "outage", "--site", "shop")["silences"] == []
