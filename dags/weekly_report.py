"""Makes the weekly report on Monday at 08:00 and queues it for everybody who gets it.

**A failure means** that managers do not have last week's figures; at 09:00 an alert says so.
**Is a rerun safe?** Yes: nothing is issued twice; a run by hand keeps a draft unless `send` is
ticked. **Who hears:** the operators (route `operations` in alerts.yaml), also of a missing format.
"""

from datetime import timedelta

from airflow.sdk import (
    Asset,
    AssetAlias,
    Connection,
    CronTriggerTimetable,
    Param,
    dag,
    task,
    timezone,
)
from airflow.sdk.exceptions import AirflowFailException

from supportops.schedule import schedule_zone

FORM = {
    "week": Param(
        None,
        type=["null", "string"],
        pattern=r"^\d{4}-W\d{2}$",
        title="Week",
        description="Such as 2026-W47; empty: the last one that is over.",
    ),
    "audience": Param(None, type=["null", "string"], title="Audience", description="Empty: all."),
    "send": Param(False, type="boolean", title="Send it", description="Else a draft is kept."),
}
POSTED = AssetAlias("alerts_raised_by_weekly_report")


@dag(
    schedule=CronTriggerTimetable("0 8 * * 1", timezone=schedule_zone()),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args={
        "owner": "supportops",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=7),
    },
    params=FORM,
    tags=["reports"],
    doc_md=__doc__,
)
def weekly_report():
    @task(outlets=[Asset("reports"), POSTED])
    def report(params=None, dag_run=None, outlet_events=None):
        from supportops.bootstrap import open_context
        from supportops.flows import weekly_report as flow
        from supportops.flows.reporting.tasks import ReportError

        at, due = dag_run.logical_date or dag_run.run_after, dag_run.run_type == "scheduled"
        asked = {name: params[name] for name in FORM}
        try:
            with open_context(Connection.get) as context:
                summary = flow.run(context, at, timezone.utcnow(), scheduled=due, **asked)
        except ReportError as error:
            raise AirflowFailException(str(error)) from None
        if summary["sent"] or summary["troubles"]:
            outlet_events[POSTED].add(Asset("alerts"))
        return summary

    report()


weekly_report()
