"""What every DAG file promises: its names, its texts, its limits, and a parse that costs little."""

import ast
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airflow_home import DAGS, ROOT, dag_bag
from supportops.reports.period import MADE_AT, Cadence
from supportops.schedule import schedule_zone

FLOWS = ROOT / "include" / "supportops" / "flows"
FILES = sorted(path.stem for path in DAGS.glob("*.py"))
TAGS = {"sites", "alerts", "tickets", "reports"}


def test_every_dag_file_loads(bag) -> None:
    assert bag.import_errors == {}
    assert sorted(bag.dags) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_dag_is_named_after_its_file_and_its_flow(bag, name: str) -> None:
    assert bag.dags[name].fileloc.endswith(f"/{name}.py")
    assert len(list(FLOWS.glob(f"*/{name}.py"))) == 1


@pytest.mark.parametrize("name", FILES)
def test_a_dag_sets_its_limits_and_says_whose_it_is(bag, name: str) -> None:
    dag = bag.dags[name]
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert timedelta(0) < dag.dagrun_timeout <= timedelta(minutes=15)
    assert dag.tags
    assert set(dag.tags) <= TAGS
    for task in dag.tasks:
        assert task.owner == "supportops"
        # An execution token lasts ten minutes, and its refresh can race.
        assert timedelta(0) < task.execution_timeout < timedelta(minutes=8)


@pytest.mark.parametrize("name", ["site_check", "alert_dispatch", "log_call"])
def test_what_is_urgent_outlives_workers_that_are_killed_one_after_the_other(
    bag, name: str
) -> None:
    for task in bag.dags[name].tasks:
        # The judgement tries in vain again where a shard is missing.
        assert task.retries == (1 if task.task_id == "judge" else 3)
        assert task.retry_delay <= timedelta(seconds=10)


def test_no_task_takes_its_time_from_the_clock_of_its_machine() -> None:
    # In `dispatching` it is part of a name.
    reading = [path for path in DAGS.rglob("*.py") if "utcnow" in path.read_text()]
    assert [path.stem for path in reading] == ["dispatching"]


@pytest.mark.parametrize("name", FILES)
def test_a_dag_says_what_its_failure_means_and_who_is_notified(bag, name: str) -> None:
    text = " ".join(bag.dags[name].doc_md.split())
    parts = ["**A failure means**", "**Is a rerun safe?**", "**Who is notified:**"]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("name", FILES)
def test_a_dag_file_is_docstring_and_wiring(name: str) -> None:
    text = (DAGS / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 60
    assert ast.get_docstring(ast.parse(text))


def test_what_dag_files_share_is_not_read_as_a_dag_file(bag) -> None:
    shared = sorted((DAGS / "supportops_dags").glob("*.py"))
    assert shared
    assert not set(map(str, shared)) & set(bag.file_last_changed)


@pytest.mark.parametrize(
    ("name", "days"), [("daily_report", "1-5"), ("weekly_report", "1"), ("monthly_report", "*")]
)
def test_reports_are_scheduled_when_they_are_made(bag, name: str, days: str) -> None:
    made_at = MADE_AT[Cadence(name.removesuffix("_report"))]
    schedule = bag.dags[name].timetable
    assert schedule.expression == f"{made_at.minute} {made_at.hour} * * {days}"
    assert str(schedule.timezone) == schedule_zone() == "Europe/London"


@pytest.mark.parametrize(
    ("name", "after", "local"),
    [
        ("daily_report", datetime(2026, 7, 15, tzinfo=UTC), "2026-07-15T07:30:00-04:00"),
        ("daily_report", datetime(2026, 12, 15, tzinfo=UTC), "2026-12-15T07:30:00-05:00"),
        ("weekly_report", datetime(2026, 12, 15, tzinfo=UTC), "2026-12-21T08:00:00-05:00"),
    ],
)
def test_reports_come_on_the_clocks_of_the_office(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, after: datetime, local: str
) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    for file in (ROOT / "include" / "config").glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace("Europe/London", "America/New_York")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(tmp_path))
    dag = dag_bag().dags[name]
    run = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=after, latest=None, catchup=True),
    )
    assert run is not None
    assert run.run_after == datetime.fromisoformat(local)


@pytest.mark.parametrize("name", FILES)
def test_a_schedule_of_every_few_minutes_needs_no_zone(bag, name: str) -> None:
    timetable = getattr(bag.dags[name].timetable, "timetable", bag.dags[name].timetable)
    zone = str(getattr(timetable, "timezone", "UTC"))
    assert zone == ("Europe/London" if name.endswith("_report") else "UTC")


# What reads the files of the configuration while a DAG is parsed.
LIGHT = {
    "supportops.files",
    "supportops.flows",
    "supportops.flows.tickets",
    "supportops.flows.tickets.call_lists",
    "supportops.names",
    "supportops.schedule",
}


def test_parsing_the_dags_loads_nothing_heavy() -> None:
    code = (
        "import sys, runpy\n"
        "import airflow.sdk\n"
        "sys.path.append('dags')\n"
        f"for name in {FILES!r}: runpy.run_path(f'dags/{{name}}.py')\n"
        "heavy = {'pandas', 'numpy', 'apprise', 'pycurl', 'alembic'} & set(sys.modules)\n"
        "ours = {name for name in sys.modules if name.startswith('supportops.')}\n"
        f"print(sorted(heavy | (ours - {LIGHT!r})))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_the_plugins_folder_holds_one_python_file() -> None:
    # Airflow runs each file in there under its bare name, in every process.
    assert [p.name for p in (ROOT / "plugins").rglob("*.py")] == ["supportops_plugin.py"]
