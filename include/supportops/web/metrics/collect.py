"""All metrics of an installation as one text, whatever of it can be read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from supportops.context import Context, OpenContext
from supportops.db.engine import reading
from supportops.flows.operations.doctor import AirflowState, Examination, Level, dag_states
from supportops.web.metrics import messages, sites, store, work
from supportops.web.metrics.sample import Sample, instant, text_of
from supportops.web.metrics.snapshot import Snapshot
from supportops.web.page import ActiveConfiguration

log = logging.getLogger(__name__)

DOWN = b"\nsupportops_up 0.0\n"
"""The line of a text that says that the store does not answer."""
PARTS: Mapping[str, Callable[[Snapshot], Iterator[Sample]]] = {
    "store": store.store,
    "configuration": work.configuration,
    "sites": sites.sites,
    "checks": sites.checks,
    "incidents": sites.open_incidents,
    "pushes": sites.pushes,
    "flows": work.flows,
    "sources": work.sources,
    "reports": work.issued,
    "notices": work.waiting_notices,
    "outbox": messages.outbox,
    "deliveries": messages.deliveries,
    "alerts": messages.open_alerts,
    "tickets": messages.open_tickets,
}


def metrics_text(
    open_context: OpenContext,
    active_configuration: ActiveConfiguration,
    now: datetime,
    *,
    per_site: bool = False,
    examination: Examination | None = None,
    airflow: AirflowState | None = None,
) -> bytes:
    """The metrics as of `now`, in Prometheus's text format. Raises nothing.

    Without a store they are `supportops_up 0` and the versions. A part that cannot be read is
    missing, and its `collector_success` is 0. What never happened has no metric. `examination` and
    `airflow` are shown where they are known.
    """
    found = [store.build(), *_examined(examination), *_airflow(airflow)]
    try:
        with open_context() as context:
            found += _parts(context, active_configuration, now, per_site)
        found.append(Sample("up", 1))
    except Exception as error:
        # What went wrong may hold the store's address with its password.
        log.warning("the store cannot be read for metrics: %s", type(error).__name__)
        found.append(Sample("up", 0))
    return text_of(found)


def without_store() -> bytes:
    """The text while nothing can be read."""
    return text_of([store.build(), Sample("up", 0)])


def _parts(
    context: Context, active_configuration: ActiveConfiguration, now: datetime, per_site: bool
) -> Iterator[Sample]:
    """Each part from a snapshot of its own: one that fails keeps no other from being read."""
    with reading(context.engine) as connection:
        try:
            configuration = active_configuration(connection)
        except LookupError:  # nothing was checked yet
            configuration = None
    for name, part in PARTS.items():
        if configuration is None:
            continue
        try:
            with reading(context.engine) as connection:
                yield from list(part(Snapshot(connection, configuration, now, per_site)))
        except Exception as error:
            log.warning("the metrics of %s cannot be read: %s", name, type(error).__name__)
            log.debug("why not", exc_info=True)
            yield Sample("collector_success", 0, (name,))
        else:
            yield Sample("collector_success", 1, (name,))


def _examined(examination: Examination | None) -> Sequence[Sample]:
    if examination is None:
        return ()
    levels = [finding.level for each in examination.checks for finding in each.findings]
    return [
        *(Sample("doctor_findings", levels.count(level), (level.value,)) for level in Level),
        *instant("doctor_last_examination_timestamp_seconds", examination.at),
    ]


def _airflow(airflow: AirflowState | None) -> Sequence[Sample]:
    if airflow is None:
        return ()
    return [Sample("airflow_dags", n, (state,)) for state, n in dag_states(airflow).items()]
