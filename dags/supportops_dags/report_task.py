"""The body of the one task that each of the report DAGs has."""

from airflow.sdk.exceptions import AirflowFailException

from supportops_dags.context import clock_of, open_context
from supportops_dags.dispatching import dispatch_after


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
