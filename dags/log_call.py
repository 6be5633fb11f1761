"""Takes down a customer's call: press Trigger, fill in the form, and a ticket is made.

The ticket has the tier that was chosen, else that of its words; a tier that wakes people pages.
**A failure means** that the call is not taken down and nobody is paged: the log says what was
wrong, telephone the engineer yourself. **Is a rerun safe?** Yes: the same run is the same ticket
and the same page. **Who is notified:** the engineers and the team (by the routes of alerts.yaml
that match `call`), day and night.
"""

from datetime import timedelta

from airflow.sdk import Asset, dag, task, timezone
from airflow.sdk.exceptions import AirflowFailException

from supportops_dags.call_form import FORM
from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import DEFAULT_ARGS, URGENT


@dag(
    schedule=None,
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    default_args=DEFAULT_ARGS | URGENT | {"retry_delay": timedelta(seconds=5)},
    params=FORM,
    tags=["tickets", "alerts"],
    doc_md=__doc__,
)
def log_call():
    @task(outlets=[Asset("alerts")], execution_timeout=timedelta(minutes=3))
    def take_down(params=None, dag_run=None):
        from supportops.flows.tickets import log_call as flow

        fields = {name: params[name] or "" for name in FORM}
        try:
            run = dag_run
            call = flow.Call.checked(**fields, by=getattr(run, "triggering_user_name", None) or "")
            with open_context() as context:
                now = clock_of(context)()
                return flow.run(
                    context.engine, context.config, call, run.run_id, run.run_after, now
                )
        except flow.CallError as error:
            raise AirflowFailException(str(error)) from None

    take_down()


log_call()
