"""Makes the weekly report on Monday at 08:00 and queues it for its recipients.

**A failure means** that managers do not have last week's figures; at 09:00 an alert says so.
**Is a rerun safe?** Yes: nothing is issued twice; a run by hand keeps a draft unless `send` is
ticked. **Who is notified:** the operators (route `operations` in alerts.yaml), also where one
format of a report could not be made.
"""

from datetime import timedelta

from airflow.sdk import Asset, AssetAlias, CronTriggerTimetable, Param, dag, task, timezone

from supportops.schedule import schedule_zone
from supportops_dags.report_task import REPORT_ARGS, make_report, report_form

FORM = report_form(
    week=Param(
        None,
        type=["null", "string"],
        pattern=r"^\d{4}-W\d{2}$",
        title="Week",
        description="Such as 2026-W47; empty: the last one that is over.",
    ),
)
ALERTS_RAISED = AssetAlias("alerts_raised_by_weekly_report")


@dag(
    schedule=CronTriggerTimetable("0 8 * * 1", timezone=schedule_zone()),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args=REPORT_ARGS,
    params=FORM,
    tags=["reports"],
    doc_md=__doc__,
)
def weekly_report():
    @task(outlets=[Asset("reports"), ALERTS_RAISED])
    def report(params=None, dag_run=None, outlet_events=None):
        from supportops.flows.reports import weekly_report as flow

        request = {name: params[name] for name in FORM}
        return make_report(flow.run, request, ALERTS_RAISED, dag_run, outlet_events)

    report()


weekly_report()
