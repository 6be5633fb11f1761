"""Takes down a customer's call: press Trigger, fill in the form, and the engineers are paged.

The form makes a mission-critical ticket and an alert. **A failure means** that the call is not
taken down and nobody is paged: the log says what was wrong, telephone the engineer yourself.
**Is a rerun safe?** Yes: the same run is the same ticket and the same page. **Who hears:** the
engineers and the team (route `mission_critical` in alerts.yaml), day and night.
"""

from datetime import timedelta

from airflow.sdk import Asset, Connection, Param, dag, task, timezone
from airflow.sdk.exceptions import AirflowFailException

PHONE = r"^$|^\s*[(+]{0,2}[0-9][0-9 ()./-]{2,30}(\s?([xX]|[eE][xX][tT]\.?)\s?[0-9]{1,6})?\s*$"
FORM = {
    "customer": Param(
        type="string", title="Customer", minLength=1, maxLength=200, description="Who calls?"
    ),
    "site": Param(
        None, type=["null", "string"], title="Site", maxLength=200, description="Name or address."
    ),
    "what": Param(
        type="string",
        title="What has happened",
        format="multiline",
        minLength=1,
        maxLength=4000,
        description="In the caller's words.",
    ),
    "number": Param(
        None,
        type=["null", "string"],
        title="Caller's number",
        pattern=PHONE,
        description="For the engineer to call back, such as +44 20 7946 0958.",
    ),
}


@dag(
    schedule=None,
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    default_args={
        "owner": "supportops",
        "retries": 2,
        "retry_delay": timedelta(seconds=5),
        "execution_timeout": timedelta(minutes=3),
    },
    params=FORM,
    tags=["tickets", "alerts"],
    doc_md=__doc__,
)
def log_call():
    @task(outlets=[Asset("alerts")])
    def take_down(params=None, dag_run=None):
        from supportops.bootstrap import open_context
        from supportops.flows import log_call as flow

        said = {name: params[name] or "" for name in FORM}
        try:
            call = flow.Call.checked(**said)
        except flow.CallError as error:
            raise AirflowFailException(str(error)) from None
        with open_context(Connection.get) as context:
            run, now = dag_run, timezone.utcnow()
            return flow.run(context.engine, context.config, call, run.run_id, run.run_after, now)

    take_down()


log_call()
