"""Makes the monthly reports on the first working day of a month at 09:00 and queues those that
nobody has to approve; the others wait on the board.

It runs each day and does nothing on other days, but makes up for a first working day that was
missed. **A failure means** that customers do not have last month's report; at the time that `late`
in reports.yaml names an alert says so. **Is a rerun safe?** Yes: nothing is made or issued twice; a
run by hand keeps a draft unless `send` is ticked. **Who is notified:** the operators (route
`operations` in alerts.yaml), also where one format of a report could not be made.
"""

from datetime import timedelta

from airflow.sdk import Asset, AssetAlias, CronTriggerTimetable, Param, dag, task, timezone

from supportops.schedule import schedule_zone
from supportops_dags.report_task import REPORT_ARGS, make_report, report_form

FORM = report_form(
    month=Param(
        None,
        type=["null", "string"],
        pattern=r"^\d{4}-\d{2}$",
        title="Month",
        description="Such as 2026-11; empty: the last one that is over.",
    ),
    customer=Param(None, type=["null", "string"], title="Customer", description="Empty: all."),
)
ALERTS_RAISED = AssetAlias("alerts_raised_by_monthly_report")


@dag(
    schedule=CronTriggerTimetable("0 9 * * *", timezone=schedule_zone()),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args=REPORT_ARGS,
    params=FORM,
    tags=["reports"],
    doc_md=__doc__,
)
def monthly_report():
    @task(outlets=[Asset("reports"), ALERTS_RAISED])
    def report(params=None, dag_run=None, outlet_events=None):
        from supportops.flows.reports import monthly_report as flow

        request = {name: params[name] for name in FORM}
        return make_report(flow.run, request, ALERTS_RAISED, dag_run, outlet_events)

    report()


monthly_report()
