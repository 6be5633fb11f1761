"""The doctor finds each fault, says what mends it, and never breaks off."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import Engine, delete, insert, text, update
from sqlalchemy.event import listen
from typer.testing import CliRunner

from airflow_home import ROOT
from builders import NOON, SHIPPED
from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert
from supportops.cli.main import app
from supportops.context import Context
from supportops.db.activity import Flow, worked
from supportops.db.copying import contents
from supportops.db.engine import make_engine, writing
from supportops.db.schema import alert_hold, flow_activity
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.operations import doctor
from supportops.flows.operations.doctor import AirflowState, Level, airflow_state
from supportops.flows.operations.examining import database, machine
from supportops.flows.operations.examining.airflow import DAGS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SHIPPED, tmp_path / "config")


@pytest.fixture
def busy(store: Engine) -> Engine:
    """A store in which every flow worked just now."""
    with writing(store) as connection:
        for flow in Flow:
            worked(connection, flow, NOON)
    return store


def examined(
    store: Engine,
    folder: Path,
    secrets: Callable[[str], str | None] = lambda name: f"json://{name}",
) -> dict[str, list[doctor.Finding]]:
    found = doctor.examine(Context(store, folder, secrets), NOON, online=False)
    return {each.check: list(each.findings) for each in found}


def levels(found: dict[str, list[doctor.Finding]], check: str) -> set[Level]:
    return {finding.level for finding in found[check]}


def test_an_installation_that_works_has_nothing_to_mend(busy: Engine, folder: Path) -> None:
    found = doctor.examine(Context(busy, folder, lambda name: f"json://{name}"), NOON, online=False)
    bad = {Level.WARNING, Level.FAULT}
    ours = [each for each in found if each.check != "store rights"]
    # The tests' PostgreSQL has one administrator for all.
    assert [f for each in ours for f in each.findings if f.level in bad] == []
    assert [each.check for each in found] == list(doctor.CHECKS)
    assert all(each.findings for each in found)


def test_every_fault_says_why_it_matters_and_what_mends_it(store: Engine, folder: Path) -> None:
    (folder / "sites.yaml").write_text("sites: [")
    found = examined(store, folder, lambda _name: None)
    bad = [f for findings in found.values() for f in findings if f.level is not Level.FINE]
    assert len(bad) > 5
    assert all(finding.why and finding.mend for finding in bad), bad


def test_a_faulty_file_and_a_missing_secret_are_found_and_no_secret_is_shown(
    busy: Engine, folder: Path
) -> None:
    (folder / "alerts.yaml").write_text(
        (folder / "alerts.yaml").read_text().replace("team:", "teem:", 1)
    )
    found = examined(busy, folder, lambda _name: "json://hidden-word")
    assert Level.FAULT in levels(found, "configuration")
    assert "hidden-word" not in str(found)
    missing = examined(busy, SHIPPED, lambda _name: None)
    assert levels(missing, "secrets") == {Level.FAULT}
    assert any("apprise_team_email" in finding.what for finding in missing["secrets"])


def test_a_store_of_another_version_and_one_that_is_away_are_faults(
    store: Engine, folder: Path, tmp_path: Path
) -> None:
    with writing(store) as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        found = examined(store, folder)["store"]
        assert [(f.level, f.mend) for f in found] == [(Level.FAULT, "supportops db upgrade")]
    finally:
        with writing(store) as connection:
            connection.execute(
                text("UPDATE alembic_version SET version_num = :before"), {"before": before}
            )
    away = make_engine("postgresql://nobody:hidden-word@127.0.0.1:9/none")
    found = examined(away, folder)
    assert levels(found, "store") == {Level.FAULT}
    assert levels(found, "flows") == {Level.UNKNOWN}
    assert levels(found, "zones") == {Level.FINE}  # the others go on
    assert "hidden-word" not in str(found)
    away.dispose()


def test_a_flow_that_never_worked_or_stands_still_is_found(busy: Engine, folder: Path) -> None:
    c = flow_activity.c
    with writing(busy) as connection:
        connection.execute(delete(flow_activity).where(c.flow == Flow.SITE_CHECK.value))
        late = NOON - timedelta(hours=3)
        connection.execute(
            update(flow_activity).where(c.flow == Flow.SLA_SWEEP.value).values(at=late, since=late)
        )
    found = {f.what: f.level for f in examined(busy, folder)["flows"] if f.level != Level.FINE}
    assert found == {
        "site_check has never worked": Level.FAULT,
        "sla_sweep worked 3 h 00 min ago, and is to work every 1 h 00 min": Level.WARNING,
    }


def test_a_machine_with_older_files_than_those_in_force_is_found(
    busy: Engine, folder: Path, tmp_path: Path
) -> None:
    elsewhere = shutil.copytree(folder, tmp_path / "elsewhere")
    written = (elsewhere / "sites.yaml").read_text(encoding="utf-8")
    changed = written.replace("shard: 500", "shard: 400")
    (elsewhere / "sites.yaml").write_text(changed, encoding="utf-8")
    an_hour_ago = (NOON - timedelta(hours=1)).timestamp()
    for each in [folder, *folder.rglob("*")]:
        os.utime(each, (an_hour_ago, an_hour_ago))
    load_or_last_good(busy, folder, NOON)
    assert levels(examined(busy, folder), "active configuration") == {Level.FINE}
    load_or_last_good(busy, elsewhere, NOON + timedelta(minutes=5))
    (found,) = examined(busy, folder)["active configuration"]
    assert found.level is Level.WARNING
    assert found.what == (
        "what is in force since 2026-04-07 12:05 UTC has another sites.yaml than this machine, "
        "whose files are older"
    )
    (folder / "sites.yaml").touch()
    (found,) = examined(busy, folder)["active configuration"]
    assert found.what == "the next site check puts into force what changed in sites.yaml"


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_check_that_does_not_end_keeps_none_of_the_others_from_ending(
    busy: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = Event()
    monkeypatch.setattr(doctor, "LONGEST_SECONDS", 0.2)
    found = examined(busy, folder, lambda _name: str(released.wait(20)))
    released.set()
    (finding,) = found["secrets"]
    assert finding.level is Level.UNKNOWN
    assert finding.what.startswith("it could not be checked: it takes over")
    assert levels(found, "store") == {Level.FINE}


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_what_never_worked_is_a_fault_once_it_has_had_the_time(store: Engine, folder: Path) -> None:
    """The first minutes of an installation are no fault, and nothing is fine then either."""
    with writing(store) as connection:
        connection.execute(delete(alert_hold))
        connection.execute(insert(alert_hold).values(id=1, since=NOON - timedelta(minutes=4)))
    for file in folder.iterdir():
        os.utime(file, (0, 0))
    new = examined(store, folder)["flows"]
    assert {f.level for f in new} == {Level.UNKNOWN}
    assert new[0].what == "alert_dispatch has not worked yet; it has had work to do for 4 min"
    with writing(store) as connection:
        connection.execute(update(alert_hold).values(since=NOON - timedelta(hours=1)))
    later = {f.what.split()[0]: f.level for f in examined(store, folder)["flows"]}
    assert later["site_check"] is later["alert_dispatch"] is Level.FAULT
    assert later["ticket_sync"] is Level.WARNING
    assert later["housekeeping"] is Level.UNKNOWN, "it may take two hours"
    with writing(store) as connection:
        connection.execute(update(alert_hold).values(since=NOON - timedelta(days=1)))
    old = [f for f in examined(store, folder)["flows"] if f.what.startswith("housekeeping")]
    assert [(f.level, f.why) for f in old] == [
        (Level.WARNING, "Pages of sites get slower, and the store grows.")
    ]
    os.utime(folder / "sites.yaml", (NOON.timestamp(), NOON.timestamp()))
    changed = {f.what.split()[0]: f.level for f in examined(store, folder)["flows"]}
    assert changed["housekeeping"] is Level.UNKNOWN, "what it is for may be new"
    assert changed["site_check"] is Level.FAULT


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("said", "level"),
    [("# version 2026a", Level.FINE), ("# version 2019c", Level.WARNING), ("", Level.UNKNOWN)],
)
def test_the_age_of_the_systems_rules_of_zones_is_looked_at(
    busy: Engine,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    level: Level,
) -> None:
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "UTC").touch()
    if said:
        (tmp_path / "zones" / "tzdata.zi").write_text(f"{said}\n# more")
    monkeypatch.setattr(machine, "TZPATH", (str(tmp_path / "zones"),))
    assert levels(examined(busy, folder), "zones") == {level}


def test_a_flow_that_takes_most_of_its_interval_is_found(busy: Engine, folder: Path) -> None:
    with writing(busy) as connection:
        worked(connection, Flow.SITE_CHECK, NOON, timedelta(minutes=4))
        worked(connection, Flow.SLA_SWEEP, NOON, timedelta(minutes=4))
    (found,) = [f for f in examined(busy, folder)["flows"] if f.level != Level.FINE]
    assert found.level is Level.WARNING
    assert found.what == "site_check took 4 min, and is to work every 5 min"
    assert "WORKERS" in found.mend


def test_a_receiver_whose_messages_do_not_arrive_is_found(busy: Engine, folder: Path) -> None:
    with writing(busy) as connection:
        alert = operations_alert(Kind.DELIVERY, "team_email", "refused", NOON, facts={})
        raise_alert(connection, alert, NOON)
    finding, *others = examined(busy, folder)["receivers"]
    assert {each.level for each in others} == {Level.UNKNOWN}, "nothing was sent to them yet"
    assert finding.level is Level.FAULT
    assert finding.mend == "supportops receivers test team_email"


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
def test_an_administrator_as_the_stores_user_is_found(store: Engine, folder: Path) -> None:
    (finding,) = examined(store, folder)["store rights"]
    assert finding.level is Level.WARNING
    assert "administrator" in finding.what


def test_an_empty_database_is_one_fault_and_no_list_of_missing_tables(
    folder: Path, tmp_path: Path
) -> None:
    empty = make_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    found = examined(empty, folder)
    assert [f.mend for f in found["store"]] == ["supportops db upgrade"]
    others = [f for name, findings in found.items() if name != "store" for f in findings]
    assert not [f for f in others if "no such table" in f.what]
    waiting = {name for name, findings in found.items() if "the store first" in findings[0].mend}
    assert {"flows", "outbox", "receivers"} <= waiting


@contextmanager
def server_whose_clock_is_off(by: timedelta) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(datetime.now(UTC) + by, usegmt=True)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("off", "level"), [(0, Level.FINE), (30, Level.WARNING), (-7200, Level.FAULT)]
)
def test_a_clock_that_is_off_is_found_by_the_dates_of_other_machines(
    busy: Engine, folder: Path, off: int, level: Level
) -> None:
    sites = (folder / "sites.yaml").read_text()
    start = sites.index("vantage:")
    end = sites.index("\nsites:", start)
    with server_whose_clock_is_off(timedelta(seconds=off)) as address:
        (folder / "sites.yaml").write_text(f"{sites[:start]}vantage: [{address}]\n{sites[end:]}")
        found = doctor.examine(Context(busy, folder, lambda _name: None), NOON)
    (finding,) = next(each.findings for each in found if each.check == "time")
    assert finding.level is level, finding


def test_another_version_of_airflow_than_the_tested_one_is_found(
    busy: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "TESTED_AIRFLOW", "4.0.0")
    (finding,) = examined(busy, folder)["versions"]
    assert finding.level is Level.WARNING
    assert "tested was 4.0.0" in finding.what
    assert "were not tried" in finding.why
    monkeypatch.setattr(machine, "DAGS_TESTED_ON", (version("apache-airflow"),))
    (finding,) = examined(busy, folder)["versions"]
    assert finding.level is Level.WARNING
    assert "only the DAGs" in finding.why


def airflow_of(**paused: bool) -> AirflowState:
    return AirflowState(dict.fromkeys(DAGS, False) | paused)


def found_in(
    store: Engine, folder: Path, airflow: Callable[[], AirflowState] | None
) -> dict[str, Level]:
    context = Context(store, folder, lambda name: f"json://{name}")
    found = doctor.examine(context, NOON, online=False, airflow=airflow)
    return {f.what: f.level for each in found if each.check == "dags" for f in each.findings}


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_what_airflow_says_of_its_dags_is_judged_by_what_is_configured(
    busy: Engine, folder: Path
) -> None:
    assert set(found_in(busy, folder, airflow_of).values()) == {Level.FINE}
    assert set(found_in(busy, folder, None).values()) == {Level.UNKNOWN}
    paused = found_in(busy, folder, lambda: airflow_of(site_check=True, sla_sweep=True))
    assert paused == {
        "the DAG site_check is paused": Level.FAULT,
        "the DAG sla_sweep is paused": Level.WARNING,
    }
    # No mailbox is configured: its DAG may be paused.
    assert set(found_in(busy, folder, lambda: airflow_of(mailbox=True)).values()) == {Level.FINE}
    (folder / "mailbox.yaml").write_text(
        "mailboxes:\n  - {name: phone, kind: answerphone, maildir: /nowhere}\n"
    )
    ill = AirflowState({"site_check": False}, ("ticket_sync.py",), ("scheduler",))
    shown = found_in(busy, folder, lambda: ill)
    assert shown["Airflow has no DAG alert_dispatch"] is Level.FAULT
    assert shown["Airflow has no DAG housekeeping"] is Level.WARNING
    assert shown["ticket_sync.py cannot be loaded"] is Level.FAULT
    assert shown["Airflow says that its scheduler does not work"] is Level.FAULT


def test_an_airflow_that_does_not_answer_is_unknown_and_shows_no_password(
    busy: Engine, folder: Path
) -> None:
    def away() -> AirflowState:
        raise ConnectionError("it did not answer")

    assert set(found_in(busy, folder, away).values()) == {Level.UNKNOWN}


def test_every_dag_of_this_project_is_one_that_the_doctor_knows() -> None:
    files = {file.stem for file in (ROOT / "dags").glob("*.py")}
    assert set(DAGS) == files


def test_only_files_of_this_project_count_as_broken() -> None:
    health = {"scheduler": {"status": "unhealthy"}, "triggerer": {"status": None}, "x": 1}
    found = airflow_state({"a": True}, ["/dags/site_check.py", "/other/theirs.py"], health)
    assert found == AirflowState({"a": True}, ("site_check.py",), ("scheduler",))


@pytest.mark.parametrize(
    ("token", "level"),
    [(None, Level.FINE), ("x" * 32, Level.FINE), ("hidden-word", Level.WARNING)],
)
@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_token_of_metrics_that_could_be_guessed_is_found(
    busy: Engine, folder: Path, token: str | None, level: Level
) -> None:
    found = examined(busy, folder, lambda name: token if name == "metrics_token" else "x")
    assert levels(found, "metrics") == {level}
    assert "hidden-word" not in str(found)


def test_a_flow_with_nothing_to_do_any_more_may_be_silent(busy: Engine, folder: Path) -> None:
    """The mailbox that was removed, or that somebody read once by hand."""
    with writing(busy) as connection:
        silent = NOON - timedelta(days=9)
        connection.execute(update(flow_activity).values(at=silent, since=silent))
    found = [each.what for each in examined(busy, folder)["flows"]]
    named = {what.split()[0] for what in found if "worked" in what}
    assert named == {"alert_dispatch", "site_check", "sla_sweep", "ticket_sync", "housekeeping"}


def test_a_store_that_does_not_answer_is_waited_for_once(
    folder: Path,
) -> None:
    asked: list[int] = []
    away = make_engine("postgresql://nobody@127.0.0.1:9/none")
    listen(away, "do_connect", lambda *_: asked.append(1))
    found = examined(away, folder)
    assert len(asked) == 1
    assert [f.level for f in found["store"]] == [Level.FAULT]
    for check in (
        "active configuration",
        "store clock",
        "store rights",
        "room",
        "flows",
        "outbox",
        "receivers",
    ):
        assert levels(found, check) == {Level.UNKNOWN}


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
def test_a_store_that_cannot_be_written_to_is_a_fault(busy: Engine, folder: Path) -> None:
    name = busy.url.database
    setting = f'ALTER DATABASE "{name}" SET default_transaction_read_only'
    with writing(busy) as connection:
        connection.execute(text(f"{setting} = on"))
    try:
        busy.dispose()
        (found, *_) = examined(busy, folder)["store rights"]
        assert found.level is Level.FAULT
        assert "cannot be written to: cannot execute UPDATE in a read-only" in found.what
    finally:
        with writing(busy) as connection:
            connection.execute(text("SET TRANSACTION READ WRITE"))
            connection.execute(text(f"{setting} = off"))
        busy.dispose()


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_store_that_somebody_has_locked_is_not_waited_for(
    busy: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)
    with writing(busy):
        (found, *_) = examined(busy, folder)["store rights"]
    assert (found.level, "has been writing" in found.what) == (Level.WARNING, True)
    assert levels(examined(busy, folder), "store rights") == {Level.FINE}


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_what_a_store_lacks_is_named(busy: Engine, folder: Path) -> None:
    with writing(busy) as connection:
        connection.execute(text("DROP TABLE pruned"))
        connection.execute(text("ALTER TABLE flow_activity DROP COLUMN seconds"))
    (found, *_) = examined(busy, folder)["store"]
    assert found.level is Level.FAULT
    assert "pruned" in found.what
    assert "flow_activity.seconds" in found.what


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
def test_the_time_that_an_examination_takes_is_no_difference_of_clocks(
    busy: Engine, folder: Path
) -> None:
    context = Context(busy, folder, lambda name: f"json://{name}")
    found = doctor.examine(context, NOON, online=False)
    (clock,) = [each for each in found if each.check == "store clock"]
    assert [f.level for f in clock.findings] == [Level.FINE]


def test_no_test_message_is_sent_or_stored_on_a_store_of_another_version(
    store: Engine, folder: Path
) -> None:
    with writing(store) as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    context = Context(store, folder, lambda name: f"json://{name}")
    try:
        held = contents(store)
        found = doctor.examine(context, NOON, online=False)
        tried = doctor.test_messages(context, found, "ada", lambda: NOON)
        assert [f.level for f in tried.findings] == [Level.UNKNOWN]
        assert contents(store) == held
    finally:
        with writing(store) as connection:
            connection.execute(
                text("UPDATE alembic_version SET version_num = :before"), {"before": before}
            )


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_test_message_that_cannot_be_made_is_a_finding_beside_the_others(
    store: Engine, folder: Path
) -> None:
    (folder / "alerts.yaml").write_text("receivers: [")
    context = Context(store, folder, lambda name: f"json://{name}")
    found = doctor.examine(context, NOON, online=False)
    (finding,) = doctor.test_messages(context, found, "ada", lambda: NOON).findings
    assert finding.level is Level.FAULT
    assert finding.what.startswith("no test message was sent: alerts.yaml")


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_login_to_airflow_that_is_none_is_a_finding_beside_the_others(
    store: Engine, store_address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", "hidden-word")
    monkeypatch.setattr(machine, "_apart", lambda _address: None)
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == 1
    (dags,) = [each for each in json.loads(done.output) if each["check"] == "dags"]
    assert "expected http://user:password@host" in str(dags)
    assert "hidden-word" not in done.output
