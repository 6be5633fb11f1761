"""`supportops doctor`: everything that can be wrong with an installation, and what mends it.

Each check says what it found, why that matters and what to do. A check that fails itself, or does
not end, is a finding, too, and keeps none of the others from running. docs/runbook.md has a section
for each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from threading import Thread

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from supportops.config.configuration import Configuration
from supportops.config.loader import check
from supportops.config.yaml_source import ConfigurationError
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.alerts.receivers import Tested, send_test
from supportops.flows.alerts.who_is_notified import configuration_in
from supportops.flows.operations.examining import (
    airflow,
    database,
    files,
    logins,
    machine,
    work,
    workers,
)
from supportops.flows.operations.examining.airflow import airflow_state as airflow_state
from supportops.flows.operations.examining.airflow import dag_states as dag_states
from supportops.flows.operations.examining.finding import AirflowState as AirflowState
from supportops.flows.operations.examining.finding import Check, Installation, fine, unknown
from supportops.flows.operations.examining.finding import Finding as Finding
from supportops.flows.operations.examining.finding import Level as Level
from supportops.flows.operations.examining.work import is_needed as is_needed
from supportops.rendering.printable import mask_logins

log = logging.getLogger(__name__)

CHECKS: Mapping[str, Check] = {
    "configuration": files.configuration,
    "secrets": files.secrets,
    "metrics": files.metrics,
    "logins": logins.logins,
    "store": database.schema,
    "active configuration": files.active,
    "store clock": database.clocks,
    "store rights": database.rights,
    "room": database.room,
    "dags": airflow.dags,
    "workers": workers.workers,
    "flows": work.flows,
    "outbox": work.outbox,
    "receivers": work.receivers,
    "time": machine.time,
    "zones": machine.zones,
    "certificates": machine.certificates,
    "descriptors": machine.descriptors,
    "versions": machine.versions,
}

LONGEST_SECONDS = 30.0
_STORE, _TESTS = "store", "test messages"
# Each would wait for a store that does not answer as long as the first did.
_READ_THE_STORE = (
    "active configuration",
    "store clock",
    "store rights",
    "room",
    "flows",
    "outbox",
    "receivers",
)
_NEEDS_THE_STORE = Finding(
    Level.UNKNOWN,
    "it reads the store, which is not usable yet",
    "What it would find is not known.",
    "mend the finding about the store first",
)


@dataclass(frozen=True, slots=True)
class Examined:
    """What one check found."""

    check: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Examination:
    """What all checks found at an instant."""

    at: datetime
    checks: tuple[Examined, ...]


ReadAirflow = Callable[[], AirflowState]


def examine(
    context: Context, now: datetime, *, online: bool = True, airflow: ReadAirflow | None = None
) -> list[Examined]:
    """Every check in its order. `online`: other machines are asked, for the time. `airflow` reads
    Airflow's own list of DAGs."""
    away = _is_away(context)
    installation = Installation(context, _configuration(context, away), now, online, airflow)
    done: list[Examined] = []
    for name, run in CHECKS.items():
        if away is not None and name == _STORE:
            found: tuple[Finding, ...] = (_away(away),)
        elif away is not None and name in _READ_THE_STORE:
            found = (_NEEDS_THE_STORE,)
        else:
            broken = any(each.check == _STORE and _is_fault(each) for each in done)
            found = _findings(name, run, installation, broken)
        done.append(Examined(name, found))
    return done


def test_messages(
    context: Context, examined: Sequence[Examined], who: str, now: Callable[[], datetime]
) -> Examined:
    """Sends a test message to every receiver, as a check of its own; none goes out, and nothing is
    written, where the store has a fault."""
    if any(each.check == _STORE and _is_fault(each) for each in examined):
        return Examined(_TESTS, (_NEEDS_THE_STORE,))
    try:
        return tested(send_test(context, [], who, now))
    except ConfigurationError as error:
        why = str(error.faults[0]) if error.faults else str(error)
    except Exception as error:
        log.debug("no test message was sent", exc_info=True)
        why = _words(error)
    finding = Finding(
        Level.FAULT,
        f"no test message was sent: {why}",
        "Whether anybody would hear of an alert is not known.",
        "mend what is said of the configuration and the store, then: supportops receivers test",
    )
    return Examined(_TESTS, (finding,))


def tested(outcomes: Sequence[Tested]) -> Examined:
    """The outcomes of test messages as a check of their own."""
    findings = tuple(
        fine(f"{each.target.name} took a test message")
        if each.arrived
        else Finding(
            Level.FAULT,
            f"a test message to {each.target.name} did not arrive: "
            f"{each.outcome.detail if each.outcome else 'no outcome yet'}",
            "This person would not hear of an alert.",
            f"mend the secret or the service, then: supportops receivers test {each.target.name}",
        )
        for each in outcomes
    )
    return Examined(_TESTS, findings)


def worst(examined: list[Examined]) -> Level:
    """The level of the worst finding."""
    order = list(Level)
    levels = (finding.level for each in examined for finding in each.findings)
    return max(levels, key=order.index, default=Level.FINE)


def _is_fault(examined: Examined) -> bool:
    return any(finding.level is Level.FAULT for finding in examined.findings)


def _findings(
    name: str, run: Check, installation: Installation, broken: bool
) -> tuple[Finding, ...]:
    """`broken`: the store is known not to be usable, so what cannot be read of it is no news."""
    try:
        found = _in_time(lambda: tuple(run(installation)))
    except Exception as error:
        if broken and isinstance(error, SQLAlchemyError):
            return (_NEEDS_THE_STORE,)
        log.debug("the check %s failed", name, exc_info=True)
        return (_not_checked(_words(error)),)
    return (_not_checked(f"it takes over {LONGEST_SECONDS:.0f} s"),) if found is None else found


def _not_checked(why: str) -> Finding:
    what = f"it could not be checked: {why}"
    return unknown(what, "What it would find is not known.", "supportops doctor, once more")


def _in_time(check: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...] | None:
    """What a check finds, None where it has found nothing in LONGEST_SECONDS: secrets, files and
    servers of others may not answer at all. It is then left to itself. Raises what it raises."""
    done: Future[tuple[Finding, ...]] = Future()

    def run() -> None:
        try:
            done.set_result(check())
        except Exception as error:
            done.set_exception(error)

    context = copy_context()
    Thread(target=context.run, args=(run,), name="examination", daemon=True).start()
    try:
        return done.result(LONGEST_SECONDS)
    except FutureTimeout:
        if done.done():
            raise
        return None


def _is_away(context: Context) -> Exception | None:
    """Why the store does not answer, None where it does."""
    try:
        with reading(context.engine) as connection:
            connection.execute(text("SELECT 1"))
    except Exception as error:
        return error
    return None


def _away(error: Exception) -> Finding:
    return Finding(
        Level.FAULT,
        f"the store does not answer: {_words(error)}",
        "Nothing is checked, stored or sent without it.",
        "start the database (docker compose ps postgres); look at SUPPORTOPS_DATABASE_URL",
    )


def _words(error: Exception) -> str:
    # The driver's text names host and database, never the password.
    reason = (str(getattr(error, "orig", error)).splitlines() or ["?"])[0]
    return f"{type(error).__name__}: {mask_logins(reason)[:200]}"


def _configuration(context: Context, away: Exception | None) -> Configuration:
    """The files, with their last good version where a store answers."""
    if away is None:
        try:
            return configuration_in(context.config, context.engine).displayed()
        except Exception:
            log.debug("the last good configuration cannot be read", exc_info=True)
    return check(context.config).configuration.displayed()
