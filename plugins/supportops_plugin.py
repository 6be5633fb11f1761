"""What supportops adds to Airflow: the board, a listener that makes an alert of a failed task, and
the pool of ordinary tasks.

Airflow executes this file in every process; nothing happens at import. What a listener does is
imported when it is called, the board when its first page is requested.
"""

from __future__ import annotations

import logging
import sys

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import TaskInstanceState

log = logging.getLogger(__name__)


def _record(report):
    """Opens the store and calls `report(flow, engine, now)`, where `flow` is `airflow_failure`.

    No error in here reaches Airflow, which does not expect one from a listener.
    """
    try:
        from airflow.sdk import Connection

        from supportops.bootstrap import open_context, shared_clock
        from supportops.flows.alerts import airflow_failure

        with open_context(Connection.get) as context:
            report(airflow_failure, context.engine, shared_clock(context.engine)())
    except Exception as error:
        if type(error).__name__ == "SchemaError":
            log.error("supportops could not record what Airflow reported: %s", error)
        else:
            log.exception("supportops could not record what Airflow reported")


@hookimpl
def on_task_instance_failed(task_instance):
    # Airflow calls this for every try; one that will be retried has not failed yet.
    if task_instance.state == TaskInstanceState.UP_FOR_RETRY:
        return
    names = (task_instance.dag_id, task_instance.task_id, task_instance.run_id)
    _record(lambda flow, engine, now: flow.task_failed(engine, *names, now))


@hookimpl
def on_dag_run_failed(dag_run):
    names = (dag_run.dag_id, dag_run.run_id)
    _record(lambda flow, engine, now: flow.run_failed(engine, *names, now))


@hookimpl
def on_dag_run_success(dag_run):
    _record(lambda flow, engine, now: flow.run_succeeded(engine, dag_run.dag_id, now))


@hookimpl
def on_new_dag_import_error(filename, stacktrace):
    _record(lambda flow, engine, now: flow.import_failed(engine, filename, stacktrace, now))


@hookimpl
def on_existing_dag_import_error(filename, stacktrace):
    _record(lambda flow, engine, now: flow.import_failed(engine, filename, stacktrace, now))


@hookimpl
def on_starting(component):
    # Airflow says so in every process; the pool is the scheduler's business.
    if type(component).__name__ != "Job" or "scheduler" not in sys.argv:
        return
    try:
        make_pool()
    except Exception:
        log.exception("supportops could not make Airflow's pool `ordinary`")


def make_pool():
    """Tasks of the pool never take the last place, which is for urgent ones. A background task
    takes two, so a smaller pool would never let one begin."""
    from airflow.configuration import conf
    from airflow.models.pool import Pool

    slots = max(2, conf.getint("core", "parallelism") - 1)
    words = "All but checks, dispatch and calls; one place less than [core] parallelism."
    Pool.create_or_update_pool("ordinary", slots, words, include_deferred=False)


class _Board:
    """The board, made at its first request: importing FastAPI alone takes a worker a second."""

    def __init__(self):
        self.app = self.context = None

    async def __call__(self, scope, receive, send):
        if self.app is None:
            self.open()
        await self.app(scope, receive, send)

    def open(self):
        from airflow.sdk import Connection

        from supportops.bootstrap import open_context
        from supportops.web.shared_context import SharedContext

        self.context = SharedContext(lambda: open_context(Connection.get))
        self.app = make_board(self.context)

    def close(self):
        if self.context is not None:
            self.context.close()
        self.app = self.context = None


def make_board(context):
    """Whoever may see Airflow's pages may read; whoever may edit the dispatch may act. A login that
    access.yaml binds to customers needs no right in Airflow: it only has to be signed in."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagDetails
    from airflow.api_fastapi.core_api.security import get_user
    from airflow.sdk import Connection, timezone
    from fastapi import Depends

    from supportops.bootstrap import open_ticket_sources, secret_reader
    from supportops.config.snapshots import LastConfiguration
    from supportops.web.app import make_app
    from supportops.web.page import Viewer

    user = Depends(get_user)

    def viewer(user=user):
        manager, dispatch = get_auth_manager(), DagDetails(id="alert_dispatch")
        user = as_configured(manager, user)
        may_read = manager.is_authorized_view(access_view=AccessView.WEBSITE, user=user)
        may_act = manager.is_authorized_dag(method="PUT", details=dispatch, user=user)
        return Viewer(user.get_name(), may_act, may_read)

    def open_sources():
        return open_ticket_sources(Connection.get)

    return make_app(
        context,
        LastConfiguration(),
        timezone.utcnow,
        viewer=viewer,
        open_sources=open_sources,
        login="/api/v2/auth/login",
        secrets=secret_reader(Connection.get),
        read_airflow=read_airflow,
        online=True,
    )


def as_configured(manager, user):
    """The user with the role that the settings give now: a token of the simple auth manager holds
    the one of its day, for a day, and is good for a login that was taken away meanwhile. Raises 401
    for such a login. Other managers look their users up themselves."""
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
    from airflow.configuration import conf
    from fastapi import HTTPException

    if not isinstance(manager, SimpleAuthManager):
        return user
    if conf.getboolean("core", "simple_auth_manager_all_admins"):
        return user
    for known in manager.get_users():
        if known.username == user.username:
            return known
    raise HTTPException(401, "This login is not there any more.")


def read_airflow():
    """Airflow's own list of DAGs. The api-server may read its database; a task may not."""
    from airflow.api.common.airflow_health import get_airflow_health
    from airflow.models.dag import DagModel
    from airflow.models.errors import ParseImportError
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from supportops.flows.operations.doctor import airflow_state

    listed = select(DagModel.dag_id, DagModel.is_paused).where(DagModel.is_stale.is_(False))
    with create_session() as session:
        paused = dict(session.execute(listed).all())
        broken = session.scalars(select(ParseImportError.filename)).all()
    return airflow_state(paused, broken, get_airflow_health())


class SupportopsPlugin(AirflowPlugin):
    name = "supportops"
    listeners = [sys.modules[__name__]]  # noqa: RUF012 (the form that Airflow reads)
    fastapi_apps = [  # noqa: RUF012
        {"name": "supportops", "app": _Board(), "url_prefix": "/support"}
    ]
    # Airflow shows the frame's path behind the view's: plugin/support/support/incident?key=...
    external_views = [  # noqa: RUF012
        {
            "name": "Support",
            "href": "support/",
            "url_route": "support",
            "destination": "nav",
            "nav_top_level": True,
        }
    ]
