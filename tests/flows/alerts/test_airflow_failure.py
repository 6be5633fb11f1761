from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from alert_builders import NOON, minutes
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.store import find, list_open
from supportops.db.engine import reading, writing
from supportops.flows.alerts.airflow_failure import (
    LONGEST_TRACEBACK,
    import_failed,
    run_failed,
    run_succeeded,
    task_failed,
)
from supportops.flows.alerts.watching.self_watch import watch_checks

DAG = "site_check"
FILE = "/opt/airflow/dags/site_check.py"


def still_open(store: Engine) -> list[Alert]:
    with reading(store) as connection:
        return list_open(connection)


def watched(store: Engine, now: datetime) -> list[str]:
    """The subjects that are open after the dispatch of `now` looked at itself."""
    with writing(store) as connection:
        watch_checks(connection, now)
    return [found.subject for found in still_open(store)]


def test_a_failed_task_is_one_alert_that_names_it(store: Engine) -> None:
    task_failed(store, DAG, "judge", "run 1", NOON)
    (found,) = still_open(store)
    assert (found.kind, found.subject) == (Kind.TASK_FAILED, DAG)
    assert found.headline == "task judge of site_check failed"
    assert found.facts == {"dag_id": DAG, "task_id": "judge", "run_id": "run 1"}


def test_failing_on_is_the_same_alert_with_the_newest_run(store: Engine) -> None:
    for n in range(5):
        task_failed(store, DAG, "judge", f"run {n}", NOON + minutes(5 * n))
        run_failed(store, DAG, f"run {n}", NOON + minutes(5 * n + 1))
    (found,) = still_open(store)
    assert found.opened_at == NOON
    assert found.facts["run_id"] == "run 4"


def test_the_end_of_the_run_does_not_replace_what_the_task_reported(store: Engine) -> None:
    task_failed(store, DAG, "judge", "run 1", NOON)
    run_failed(store, DAG, "run 1", NOON + minutes(1))
    (found,) = still_open(store)
    assert found.facts["task_id"] == "judge"


def test_a_run_that_failed_without_a_failed_task_raises_an_alert_too(store: Engine) -> None:
    run_failed(store, DAG, "run 1", NOON)
    run_failed(store, DAG, "run 1", NOON)
    (found,) = still_open(store)
    assert found.headline == "a run of site_check failed"


def test_the_next_good_run_ends_the_alert_and_only_its_own(store: Engine) -> None:
    task_failed(store, DAG, "judge", "run 1", NOON)
    task_failed(store, "alert_dispatch", "dispatch", "run 1", NOON)
    for _ in range(2):
        run_succeeded(store, DAG, NOON + minutes(5))
    assert [found.subject for found in still_open(store)] == ["alert_dispatch"]
    with reading(store) as connection:
        ended = find(connection, f"{Kind.TASK_FAILED}:{DAG}:{NOON.isoformat()}")
    assert ended is not None
    assert ended.resolved_at == NOON + minutes(5)


def test_a_successful_run_without_an_open_alert_changes_nothing(store: Engine) -> None:
    run_succeeded(store, DAG, NOON)
    assert still_open(store) == []


def test_an_import_error_is_one_alert_until_it_is_seen_no_more(store: Engine) -> None:
    for n in range(4):
        import_failed(store, FILE, "Traceback ...\nSyntaxError: no", NOON + minutes(5 * n))
        assert watched(store, NOON + minutes(5 * n)) == [FILE]
    assert watched(store, NOON + minutes(30)) == [FILE]
    assert watched(store, NOON + minutes(31)) == []
    with reading(store) as connection:
        ended = find(connection, f"{Kind.IMPORT_ERROR}:{FILE}:{NOON.isoformat()}")
    assert ended is not None
    assert ended.resolved_at == NOON + minutes(31)


def test_a_traceback_keeps_its_end_where_the_error_stands(store: Engine) -> None:
    said = "line\n" * 10_000 + "ValueError: mysql://u:hunter2@h\nSyntaxError: no"
    import_failed(store, FILE, said, NOON)
    (found,) = still_open(store)
    assert "hunter2" not in found.facts["traceback"]
    assert len(found.facts["traceback"]) == LONGEST_TRACEBACK
    assert found.facts["traceback"].endswith("SyntaxError: no")


def test_a_traceback_with_bytes_that_no_database_takes_is_stored_readable(
    store: Engine,
) -> None:
    import_failed(store, FILE, "source code cannot contain null bytes: \0 \udcff", NOON)
    (found,) = still_open(store)
    assert found.facts["traceback"] == "source code cannot contain null bytes: \ufffd ?"
