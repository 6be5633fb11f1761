"""Which tasks a real Airflow's scheduler lets begin where all of them wait for four places."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.configuration import conf
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import sync_bag_to_db
from airflow.jobs.job import Job as AirflowJob
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagbag import DBDagBag
from airflow.models.dagcode import DagCode
from airflow.models.pool import Pool
from airflow.models.serialized_dag import SerializedDagModel
from airflow.sdk import timezone
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import delete, select, update

from airflow_home import ROOT
from supportops.sites.site import MOST_SHARDS

URGENT = ("site_check", "alert_dispatch", "log_call")
BACKGROUND = {"daily_report", "weekly_report", "monthly_report", "domain_check", "housekeeping"}


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("p", ROOT / "plugins/supportops_plugin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "p", module)
    spec.loader.exec_module(module)
    return module


class Job:
    """As Airflow names what starts."""


def slots() -> int | None:
    with create_session() as session:
        return session.scalar(select(Pool.slots).where(Pool.pool == "ordinary"))


@pytest.mark.parametrize(("parallelism", "expected"), [(4, 3), (64, 63), (1, 2)])
def test_the_scheduler_makes_the_pool_with_a_place_left_over(
    plugin: Any, monkeypatch: pytest.MonkeyPatch, parallelism: int, expected: int
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", str(parallelism))
    monkeypatch.setattr(sys, "argv", ["airflow", "triggerer"])
    with create_session() as session:
        session.execute(delete(Pool).where(Pool.pool == "ordinary"))
    plugin.on_starting(Job())
    assert slots() is None
    monkeypatch.setattr(sys, "argv", ["airflow", "scheduler"])
    for _ in range(2):
        plugin.on_starting(Job())
        assert slots() == expected


@pytest.fixture(scope="module")
def known(bag: Any) -> Iterator[set[str]]:
    """The DAGs, as the DAG processor makes them known to the scheduler.

    Runs in other tests of the process would be of another version of a DAG, and of two Airflow
    warns. So these versions are gone afterwards.
    """
    with create_session() as session:
        before = session.scalars(select(DagVersion.id)).all()
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(bag, "dags-folder", None)
    yield set(bag.dags)
    with create_session() as session:
        for each in (SerializedDagModel.dag_version_id, DagCode.dag_version_id, DagVersion.id):
            session.execute(delete(each.class_).where(each.not_in(before)))


def begun(names: set[str], running: set[str], places: int) -> list[str]:
    """The DAGs whose first task begins, in order, where those of all `names` wait for `places` and
    those of `running` have one already."""
    now = timezone.utcnow()
    with create_session() as session:
        session.execute(update(DagModel).values(is_paused=False))
        for name in sorted(names | running):
            dag = DBDagBag().get_latest_version_of_dag(name, session=session)
            run = dag.create_dagrun(
                run_id=f"manual__{now.isoformat()}",
                logical_date=None,
                data_interval=None,
                run_after=now,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                conf={"customer": "Acme", "what": "down"} if name == "log_call" else {},
                session=session,
            )
            first = run.get_task_instances(session=session)[0]
            state = TaskInstanceState.RUNNING if name in running else TaskInstanceState.SCHEDULED
            first.state = state
        session.flush()
        runner = SchedulerJobRunner(job=AirflowJob())
        found = runner._executable_task_instances_to_queued(places, session)
        order = [instance.dag_id for instance in found]
        session.rollback()
    return order


@pytest.fixture
def four_places(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "4")
    plugin.make_pool()
    assert conf.getint("core", "parallelism") == 4


@pytest.mark.usefixtures("four_places")
def test_what_is_urgent_begins_first_and_background_tasks_one_at_a_time(known: set[str]) -> None:
    first = begun(known, set(), 4)
    assert sorted(first[:3]) == sorted(URGENT)
    assert len(first) == 4
    assert first[3] not in BACKGROUND


@pytest.mark.usefixtures("four_places")
def test_a_place_is_left_for_a_check_while_reports_are_made_and_a_source_hangs(
    known: set[str],
) -> None:
    ordinary = known - set(URGENT)
    assert len(begun(BACKGROUND, set(), 4)) == 1
    assert len(begun(ordinary, set(), 4)) == 3
    hanging = {"ticket_sync", "mailbox", "notices"}
    assert begun(known - hanging, hanging, 1)[0] in URGENT
    assert begun(ordinary - hanging, hanging, 1) == []
    assert begun(known - {"weekly_report"}, {"weekly_report"}, 3)[0] in URGENT
    assert not BACKGROUND & set(begun(ordinary - {"weekly_report"}, {"weekly_report"}, 3))


def test_a_check_has_as_many_shards_at_once_as_there_are_places(bag: Any) -> None:
    most = conf.getint("core", "max_map_length")
    assert bag.dags["site_check"].max_active_tasks >= most == MOST_SHARDS
