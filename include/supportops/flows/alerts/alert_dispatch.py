"""Sends everybody the messages about alerts that they should have by now and do not.

Level-triggered: each round looks at every unsettled alert as it stands, queues what is missing,
withdraws what is superseded, and sends what is due. Nothing depends on who called, or how often.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from supportops.alerts import hold
from supportops.config.configuration import Configuration, File
from supportops.context import Secrets
from supportops.db.engine import reading, writing
from supportops.flows.active_configuration import active_configuration
from supportops.flows.alerts.dispatching.dispatcher import (
    LONGEST_DISPATCH,
    Clock,
    Dispatcher,
    Summary,
)
from supportops.flows.alerts.dispatching.posting import Send
from supportops.flows.alerts.dispatching.time_limit import TimeLimit
from supportops.flows.alerts.watching.dispatch_watch import dispatch_worked, watch_flows
from supportops.flows.alerts.watching.report_watch import watch_reports
from supportops.flows.alerts.watching.self_watch import watch_checks
from supportops.notify.send import send


def run(
    engine: Engine,
    secrets: Secrets,
    clock: Clock,
    *,
    send: Send = send,
    who: str | None = None,
    folder: Path | None = None,
) -> dict[str, Any]:
    """One dispatch: looks after the installation itself, then queues and sends what is due.

    `who` names this dispatcher in its claims; `folder`: of the configuration, which has the logo in
    mails to customers. Before the first configuration is active no receiver is known, and before
    the installation is live nobody is notified: what was raised by then waits, and `note` says so.
    Raises ConfigurationError where there is no usable alerts.yaml.
    """
    name = who or f"{socket.gethostname()}:{os.getpid()}"
    began = clock()
    with writing(engine) as connection:
        try:
            configuration = active_configuration(connection)
        except LookupError as none_yet:
            watch_checks(connection, clock())
            dispatch_worked(connection, clock(), began)
            return _nothing_sent(str(none_yet))
        watch_checks(connection, clock(), configuration.displayed().fleet.sites)
        watch_flows(connection, clock())
        if (since := hold.held_since(connection)) is not None:
            dispatch_worked(connection, clock(), began)
            return _nothing_sent(_held(since))
        if configuration.has(File.REPORTS, File.SERVICE_LEVELS):
            watch_reports(connection, configuration, clock())
    configuration.require(File.ALERTS)
    dispatch = Dispatcher(engine, configuration, secrets, clock, send, name, folder)
    limit = TimeLimit(clock, LONGEST_DISPATCH)
    while not limit.is_over:
        dispatch.queue()
        if not dispatch.send_for_a_while(limit):
            break
    dispatch.settle()
    with writing(engine) as connection:
        dispatch_worked(connection, clock(), began)
    return dispatch.summary.to_json()


def send_alone(
    engine: Engine, secrets: Secrets, key: str, clock: Clock, *, send: Send = send
) -> dict[str, Any]:
    """Sends what is due about the alert `key` and nothing else.

    For a flow that has to notify people although the dispatch stands still. Raises as `run` does.
    """
    name = f"{socket.gethostname()}:{os.getpid()}"
    with reading(engine) as connection:
        configuration = active_configuration(connection)
        since = hold.held_since(connection)
    configuration.require(File.ALERTS)
    if since is not None:
        return _nothing_sent(_held(since))
    dispatch = Dispatcher(engine, configuration, secrets, clock, send, name, only=key)
    dispatch.queue_only(key)
    dispatch.send_batch(TimeLimit(clock, LONGEST_DISPATCH))
    return dispatch.summary.to_json()


def send_test(
    engine: Engine,
    configuration: Configuration,
    secrets: Secrets,
    key: str,
    clock: Clock,
    *,
    send: Send = send,
) -> dict[str, Any]:
    """Sends the queued messages of the test `key`, whatever rate limits say, also while alerts are
    held.
    """
    name = f"{socket.gethostname()}:{os.getpid()}"
    dispatch = Dispatcher(
        engine, configuration, secrets, clock, send, name, only=key, limited=False
    )
    dispatch.send_batch(TimeLimit(clock, LONGEST_DISPATCH))
    return dispatch.summary.to_json()


def _nothing_sent(why: str) -> dict[str, Any]:
    return Summary().to_json() | {"note": why}


def _held(since: datetime) -> str:
    return f"alerts are held since {since:%Y-%m-%d %H:%M} UTC, until `supportops go-live`"
