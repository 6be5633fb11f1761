"""The metrics say what the pages say, are absent for what never happened, and stay bounded."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context, no_secrets
from supportops.db.activity import Flow, worked
from supportops.db.engine import make_engine, writing
from supportops.db.schema import messages, notification_log
from supportops.flows.operations.doctor import AirflowState, Examination, Examined, Finding, Level
from supportops.flows.tickets.syncing.freshness import mark_synced
from supportops.web.metrics import collect
from supportops.web.metrics.catalogue import METRICS
from supportops.web.metrics.collect import DOWN, PARTS, metrics_text, without_store
from supportops.web.metrics.sample import Sample, text_of
from web.boards import NOON, site_entry, write_config
from web.metrics.installation import HOSTILE, lived, metrics, numbers, opened, ticket


@pytest.fixture
def context(store: Engine, tmp_path: Path) -> Context:
    return lived(store, tmp_path / "config")


def test_an_installation_shows_what_its_pages_show(context: Context) -> None:
    found = metrics(context)
    expected = {
        "up": 1,
        **{f"collector_success{{part={part}}}": 1 for part in PARTS},
        "sites{state=up}": 1,
        "sites{state=fault}": 1,
        "sites{state=down}": 1,
        "sites{state=maintenance}": 1,
        "sites{state=unknown}": 0,
        "incidents_open{kind=outage}": 1,
        "incidents_open{kind=fault}": 1,
        "incidents_open{kind=certificate}": 0,
        "alerts_open{kind=outage,severity=critical}": 1,
        "alerts_open{kind=sla_breach,severity=warning}": 1,
        "alerts_open{kind=call,severity=critical}": 0,
        "last_check_sites": 4,
        "last_check_timestamp_seconds": (NOON - timedelta(minutes=4, seconds=15)).timestamp(),
        "last_check_duration_seconds": 45,
        "flow_last_run_timestamp_seconds{flow=sla_sweep}": NOON.timestamp(),
        "flow_last_run_duration_seconds{flow=alert_dispatch}": 1.5,
        "flow_interval_seconds{flow=sla_sweep}": 3600,
        "tickets_open{tier=bug_fix}": 2,
        "clocks_open{metric=first_reply_time,tier=bug_fix}": 2,
        "clocks_breached{metric=first_reply_time,tier=bug_fix}": 1,
        "clocks_breached{metric=first_reply_time,tier=mission_critical}": 0,
        "clocks_at_risk{metric=first_reply_time,tier=bug_fix}": 0,
        "receiver_failing{receiver=team_email}": 1,
        "receiver_failing{receiver=support_chat}": 0,
        "outbox_due_messages": 0,
        "notices_waiting": 0,
        "alerts_held": 0,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["store_size_bytes"] > 100_000
    expiry = (NOON - timedelta(minutes=5) + timedelta(days=61, seconds=1)).timestamp()
    assert found["certificate_earliest_expiry_timestamp_seconds"] == pytest.approx(expiry, abs=1)


def test_what_never_happened_is_absent_and_not_zero(store: Engine, tmp_path: Path) -> None:
    empty = Context(store, write_config(tmp_path / "config", []), no_secrets)
    found = metrics(empty)
    assert found["up"] == 1
    assert {name.partition("{")[0] for name in found} == {"up", "build_info"}


def test_a_flow_that_never_worked_and_an_empty_outbox_have_no_instant(context: Context) -> None:
    found = metrics(context)
    assert not any("flow=mailbox" in name for name in found)
    for name in ("outbox_oldest_due", "notice_oldest_waiting", "source_last_sync"):
        assert not any(each.startswith(name) for each in found), name
    assert "doctor_findings{level=fault}" not in found
    assert not any(name.startswith("airflow_dags") for name in found)


def test_each_site_is_named_only_where_it_is_asked_for(context: Context) -> None:
    assert not any("site=" in name for name in metrics(context))
    found = metrics(context, per_site=True)
    ups = {name: value for name, value in found.items() if name.startswith("site_up")}
    assert ups == {
        "site_up{site=shop.example}": 1,
        "site_up{site=wiki.example}": 1,
        "site_up{site=down.example}": 0,
    }
    assert found["site_response_seconds{site=shop.example}"] == pytest.approx(0.1, abs=0.1)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_hostile_name_is_one_label_and_two_that_look_alike_break_nothing(
    store: Engine, tmp_path: Path
) -> None:
    alike = "\u202e" + "x" * 198
    names = (HOSTILE, f"{alike}1", f"{alike}2")
    context = lived(store, tmp_path / "config", [site_entry(name, host=name) for name in names])
    written = metrics_text(opened(context), LastConfiguration(), NOON, per_site=True)
    assert b"\x1b" not in written
    assert "\u202e" not in written.decode()
    assert sum(name.startswith("site_up") for name in numbers(written.decode())) == 2
    assert promtool("check", "metrics", given=written).returncode == 0


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_promtool_finds_nothing_to_complain_of(context: Context) -> None:
    examined = Examination(NOON, (Examined("x", (Finding(Level.FAULT, "y"),)),))
    airflow = AirflowState({"site_check": False, "alert_dispatch": True})
    written = metrics_text(
        opened(context),
        LastConfiguration(),
        NOON,
        per_site=True,
        examination=examined,
        airflow=airflow,
    )
    found = numbers(written.decode())
    assert found["doctor_findings{level=fault}"] == 1
    assert found["airflow_dags{state=paused}"] == 1
    checked = promtool("check", "metrics", given=written)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_the_number_of_metrics_does_not_grow_with_tickets(context: Context) -> None:
    before = metrics(context)
    for number in range(10, 30):
        ticket(context.engine, str(number), NOON, tier=f"tier of ticket {number}")
    after = metrics(context)
    assert after["tickets_open{tier=other}"] == 20
    assert set(after) - set(before) == {"tickets_open{tier=other}"}


def test_messages_count_by_receiver_and_outcome_for_a_day(context: Context) -> None:
    with writing(context.engine) as connection:
        alert = operations_alert(Kind.TASK_FAILED, "x", "y", NOON, facts={})
        raise_alert(connection, alert, NOON)
        for number, (hours, state, outcome, key) in enumerate(
            [
                (1, "handed_over", "handed_over", alert.key),
                (2, "handed_over", "failed", alert.key),
                (25, "handed_over", "failed", alert.key),
                (1, "handed_over", "failed", "test:team_email"),
                (3, "waiting", "failed", alert.key),
            ]
        ):
            at = NOON - timedelta(hours=hours)
            row = {
                "id": number + 1,
                "alert": alert.key,
                "target": "team_email",
                "channel": "email",
                "phase": "firing",
                "step": number,
                "reminder": 0,
                "why": "route",
                "urgency": 1,
                # A deadline that had passed before anybody knew of it.
                "due_at": at - timedelta(hours=2),
                "queued_at": at,
                "state": state,
                "attempts": 1,
                "next_attempt_at": at,
                "maybe_sent": False,
                "finished_at": None if state == "waiting" else at,
            }
            connection.execute(insert(messages), [row])
            attempt = {
                "message": number + 1,
                "attempt": 1,
                "alert": key,
                "target": "team_email",
                "channel": "email",
                "outcome": outcome,
                "detail": "secret-address",
                "started_at": at,
                "seconds": 0.1,
            }
            connection.execute(insert(notification_log), [attempt])
    found = metrics(context)
    attempts = {
        outcome: found[
            f"delivery_attempts_last_day{{channel=email,outcome={outcome},receiver=team_email}}"
        ]
        for outcome in ("handed_over", "failed", "unknown")
    }
    assert attempts == {"handed_over": 1, "failed": 2, "unknown": 0}
    assert found["outbox_messages{state=waiting}"] == 1
    assert found["outbox_due_messages"] == 1
    oldest = (NOON - timedelta(hours=3)).timestamp()
    assert found["outbox_oldest_due_timestamp_seconds"] == oldest


def test_a_store_that_is_away_or_of_another_version_says_so(tmp_path: Path) -> None:
    away = make_engine("postgresql://nobody:hidden-word@127.0.0.1:9/none")
    written = metrics_text(opened(Context(away, tmp_path, no_secrets)), LastConfiguration(), NOON)
    away.dispose()
    assert DOWN in written
    assert b"hidden-word" not in written
    assert numbers(written.decode())["up"] == 0
    assert numbers(without_store().decode())["up"] == 0

    @contextmanager
    def broken() -> Iterator[Context]:
        raise RuntimeError("hidden-word")
        yield

    assert DOWN in metrics_text(broken, LastConfiguration(), NOON)


def test_a_part_that_cannot_be_read_hides_no_other(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(asked: object) -> Iterator[Sample]:
        asked.connection.execute(text("SELECT nothing FROM nowhere"))  # type: ignore[attr-defined]
        yield Sample("up", 1)

    parts = {"sites": broken, **{n: p for n, p in PARTS.items() if n != "sites"}}
    monkeypatch.setattr(collect, "PARTS", parts)
    found = metrics(context)
    assert found["up"] == 1
    assert found["collector_success{part=sites}"] == 0
    assert found["collector_success{part=outbox}"] == 1
    assert "sites{state=up}" not in found


def test_the_length_of_a_run_stays_where_the_next_one_does_not_say_it(store: Engine) -> None:
    with writing(store) as connection:
        worked(connection, Flow.SLA_SWEEP, NOON, timedelta(seconds=9), {"open_clocks": {}})
        worked(connection, Flow.SLA_SWEEP, NOON + timedelta(minutes=1))
        from supportops.db.activity import activities

        found = activities(connection)[Flow.SLA_SWEEP]
    assert (found.took, found.counts) == (timedelta(seconds=9), {"open_clocks": {}})
    assert found.at == NOON + timedelta(minutes=1)


def test_only_what_the_catalogue_has_can_be_shown() -> None:
    with pytest.raises(KeyError):
        text_of([Sample("nothing", 1)])
    with pytest.raises(ValueError, match="has no labels"):
        text_of([Sample("up", 1, ("x",))])
    assert all(metric.help.endswith(".") for metric in METRICS.values())


def promtool(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("promtool")
    assert program, "promtool is missing: Debian's package prometheus has it (.ci/run installs it)"
    return subprocess.run([program, *arguments], input=given, capture_output=True, check=False)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_what_was_removed_from_the_configuration_has_no_metrics(context: Context) -> None:
    """A rule would say for ever that it is silent."""
    with writing(context.engine) as connection:
        for flow in Flow:
            worked(connection, flow, NOON, timedelta(seconds=7))
        for source in ("zendesk", "mailbox"):
            mark_synced(connection, source, NOON)
    found = metrics(context)
    flows = {name for name in found if name.startswith("flow_last_run_duration_seconds")}
    assert flows == {
        f"flow_last_run_duration_seconds{{flow={flow}}}"
        for flow in ("alert_dispatch", "site_check", "sla_sweep", "ticket_sync", "housekeeping")
    }
    assert "source_last_sync_timestamp_seconds{source=zendesk}" in found
    assert "source_last_sync_timestamp_seconds{source=mailbox}" not in found
