"""Airflow's own list of DAGs, as whoever can read it hands it in: which are paused or missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supportops.config.configuration import Configuration, File
from supportops.flows.operations.examining.finding import (
    AirflowState,
    Finding,
    Installation,
    Level,
    fine,
    unknown,
)
from supportops.reports.period import Cadence

Needed = Callable[[Configuration], bool]
# Without a triggerer all DAGs of this project work.
_PARTS = ("scheduler", "dag_processor")


def _always(_: Configuration) -> bool:
    return True


def _reports(cadence: Cadence) -> Needed:
    def needed(configuration: Configuration) -> bool:
        return configuration.has(File.REPORTS) and bool(configuration.reports.of(cadence))

    return needed


def _rota(configuration: Configuration) -> bool:
    return configuration.has(File.ROTA) and bool(configuration.rota.calendars)


@dataclass(frozen=True, slots=True)
class Expected:
    """A DAG of this project: what does not happen without it, and whether that is wanted."""

    without: str
    needed: Needed = _always
    level: Level = Level.WARNING


DAGS: Mapping[str, Expected] = {
    "site_check": Expected("No site is checked.", level=Level.FAULT),
    "alert_dispatch": Expected("Nobody is notified of anything.", level=Level.FAULT),
    "ticket_sync": Expected("Tickets are not read, and urgent ones page nobody."),
    "sla_sweep": Expected("Deadlines are not looked at."),
    "housekeeping": Expected("Pages of sites get slower, and the store grows."),
    "daily_report": Expected("No daily report is made.", _reports(Cadence.DAILY)),
    "weekly_report": Expected("No weekly report is made.", _reports(Cadence.WEEKLY)),
    "monthly_report": Expected("No monthly report is made.", _reports(Cadence.MONTHLY)),
    "mailbox": Expected(
        "Mailboxes and answerphone are not read.", lambda c: bool(c.mailboxes.accounts)
    ),
    "notices": Expected("Customers hear of no outage.", lambda c: c.notices.rules is not None),
    "push_check": Expected(
        "Jobs that fall silent are not noticed.", lambda c: bool(c.monitors.all)
    ),
    "domain_check": Expected("No domain is looked at.", lambda c: c.domains is not None),
    "rota_calendars": Expected("Changes in calendars reach no duty.", _rota),
    "log_call": Expected("Calls cannot be taken in Airflow's form; the board's form works."),
}


def airflow_state(
    paused: Mapping[str, bool], broken: Iterable[str], health: Mapping[str, Any]
) -> AirflowState:
    """What Airflow's answers mean here. `broken`: the paths of files that cannot be loaded, of
    which this project's are named; `health` as `/api/v2/monitor/health` has it."""
    files = sorted({Path(path).name for path in broken if Path(path).stem in DAGS})
    parts = [
        name
        for name in _PARTS
        if isinstance(part := health.get(name), Mapping) and part.get("status") == "unhealthy"
    ]
    return AirflowState(dict(paused), tuple(files), tuple(parts))


def dag_states(airflow: AirflowState) -> dict[str, int]:
    """How many of this project's DAGs are active, paused and missing."""
    states = [airflow.paused.get(name) for name in DAGS]
    return {
        "active": states.count(False),
        "paused": states.count(True),
        "missing": states.count(None),
    }


def dags(installation: Installation) -> Iterator[Finding]:
    """Whether Airflow has every DAG that is needed, none of them paused, and works itself."""
    if installation.airflow is None:
        yield unknown(
            "Airflow's own list of DAGs was not read from here",
            "A DAG that is paused shows here only by the time since it last worked.",
            "see the page Doctor of the board, or set AIRFLOW_CONN_AIRFLOW_API",
        )
        return
    airflow, bad = installation.airflow(), False
    for finding in (*_listed(airflow, installation.configuration), *_itself(airflow)):
        bad = True
        yield finding
    if not bad:
        count = dag_states(airflow)["active"]
        yield fine(f"Airflow has {count} of {len(DAGS)} DAGs active, and every one that is needed")


def _listed(airflow: AirflowState, configuration: Configuration) -> Iterator[Finding]:
    for name, expected in DAGS.items():
        if not expected.needed(configuration):
            continue
        if name not in airflow.paused:
            mend = "airflow dags list-import-errors; look for the file in dags/"
            yield Finding(expected.level, f"Airflow has no DAG {name}", expected.without, mend)
        elif airflow.paused[name]:
            mend = f"airflow dags unpause {name}"
            yield Finding(expected.level, f"the DAG {name} is paused", expected.without, mend)


def _itself(airflow: AirflowState) -> Iterator[Finding]:
    for file in airflow.import_errors:
        yield Finding(
            Level.FAULT,
            f"{file} cannot be loaded",
            "Its DAG is missing, or goes on as it was before.",
            "airflow dags list-import-errors",
        )
    for part in airflow.unhealthy:
        yield Finding(
            Level.FAULT,
            f"Airflow says that its {part.replace('_', ' ')} does not work",
            "No run begins without it.",
            f"start it again: docker compose restart airflow-{part.replace('_', '-')}",
        )
