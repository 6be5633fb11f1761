"""What the report DAGs share: the body of their one task, its limits, and a part of their forms."""

from datetime import timedelta

from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import BACKGROUND, DEFAULT_ARGS
from supportops_dags.dispatching import dispatch_after

REPORT_ARGS = DEFAULT_ARGS | BACKGROUND | {"retries": 2, "retry_delay": timedelta(seconds=30)}


def report_form(**own):
    """The form of a report's DAG: `own` parameters by name, and those that all of them have."""
    audience = {"type": ["null", "string"], "title": "Audience", "description": "Empty: all."}
    send = {"type": "boolean", "title": "Send it", "description": "Else a draft is kept."}
    return {**own, "audience": Param(None, **audience), "send": Param(False, **send)}


def make_report(run, request, alerts_raised, dag_run, outlet_events):
    """Makes reports with `run`, a report flow's function, and returns its summary (JSON).

    `request` holds the values of the DAG's form by name. `alerts_raised` is the asset alias that
    gets an event where messages or alerts wait for the dispatch. A request that cannot be met
    fails the task at once: another try would fail like the first.
    """
    from supportops.flows.reports.report import ReportError

    at = dag_run.logical_date or dag_run.run_after
    due = dag_run.run_type == "scheduled"
    try:
        with open_context() as context:
            summary = run(context, at, clock_of(context)(), scheduled=due, **request)
    except ReportError as error:
        raise AirflowFailException(str(error)) from None
    dispatch_after(outlet_events, alerts_raised, summary["sent"] or summary["troubles"])
    return summary
