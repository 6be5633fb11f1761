"""`supportops doctor`: what is wrong with this installation, why it matters, what mends it."""

from __future__ import annotations

import getpass
from functools import partial
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from supportops.airflow_settings import airflow_login
from supportops.bootstrap import open_context
from supportops.cli.instants import now
from supportops.cli.output import FINDINGS, FINE, Json, print_json
from supportops.connections import SetupError

if TYPE_CHECKING:
    from supportops.flows.operations.doctor import AirflowState, ReadAirflow

app = typer.Typer()


@app.command("doctor")
def doctor(
    send_test: Annotated[
        bool, typer.Option("--send-test", help="Send a test message to every receiver, too.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no other machine: for the time, Airflow's DAGs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Examine this installation: what is wrong, why it matters, and the command that mends it.

    Exit code 1 for a warning or a fault. No secret is shown.
    """
    from supportops.cli.tables.doctor import doctor_rows, doctor_table
    from supportops.flows.operations import doctor as flow

    with open_context(migrated=False) as context:
        found = flow.examine(context, now(), online=not offline, airflow=_airflow(offline))
        if send_test:
            found.append(flow.test_messages(context, found, getpass.getuser(), now))
    if as_json:
        print_json(doctor_rows(found))
    else:
        doctor_table(found)
    bad = flow.worst(found) in (flow.Level.WARNING, flow.Level.FAULT)
    raise typer.Exit(FINDINGS if bad else FINE)


def _airflow(offline: bool) -> ReadAirflow | None:
    """Reads Airflow's own list of DAGs over its API; None where no login is set. A login that
    cannot be used is a finding of the check that reads the list."""
    try:
        login = None if offline else airflow_login()
    except SetupError as error:
        return partial(_refuse, error)
    if login is None:
        return None
    from supportops.flows.operations.doctor import airflow_state
    from supportops.local.supervisor.airflow_api import AirflowApi

    api = AirflowApi(login.url, login.password, login.user, busy_for=0)

    def read() -> AirflowState:
        paused = {name: bool(dag["is_paused"]) for name, dag in api.dags().items()}
        return airflow_state(paused, api.import_errors(), api.health())

    return read


def _refuse(error: SetupError) -> NoReturn:
    raise error
