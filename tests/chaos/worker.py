"""One flow at a time in a process of its own, to be killed: `python -m chaos.worker`.

It reads orders from its input, a JSON object a line, answers each with the process that carries it
out, and with that process's status and seconds when it has ended. A process is forked for each
order, from one that has imported everything, so that its life is the flow's.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import traceback
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from supportops.config.configuration import Configuration  # noqa: F401 - imported before the fork
from supportops.context import Context
from supportops.db.engine import make_engine
from supportops.flows.alerts import alert_dispatch
from supportops.flows.reports import report
from supportops.flows.sites import site_check
from supportops.flows.sla import sla_sweep
from supportops.flows.tickets import log_call, ticket_import, ticket_sync
from supportops.notify import send
from supportops.reports.period import Cadence
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Account
from supportops.tickets.zendesk.source import ZendeskSource

FAILED = 3


def carry_out(order: dict[str, Any]) -> None:
    """Runs one flow by a clock that begins at the order's instant."""
    began, start = datetime.fromisoformat(order["now"]), time.monotonic()

    def clock() -> datetime:
        return began + timedelta(seconds=time.monotonic() - start)

    engine = make_engine(order["store"], lock_wait=10)
    context = Context(engine, Path(order["config"]), order["secrets"].get)
    flow, now = order["flow"], clock()
    if flow == "site check":
        site_check.run(context, clock)
    elif flow == "dispatch":
        alert_dispatch.run(engine, context.secrets, clock)
    elif flow == "sweep":
        sla_sweep.hourly(context, now, now)
    elif flow == "ticket sync":
        account = Account(order["zendesk"], order["login"], order["token"])
        with Client(account, sleep=lambda seconds: time.sleep(min(seconds, 0.05))) as client:
            ticket_sync.fetch(context, [ZendeskSource(client)], clock)
    elif flow == "import":
        ticket_import.run(engine, context.config, Path(order["file"]), "generic", now)
    elif flow == "call":
        call = log_call.Call.checked("Acme", order["what"], tier="mission_critical")
        log_call.run(engine, context.config, call, order["id"], now, now)
    elif flow == "report":
        request = report.ReportRequest(Cadence.DAILY, (order["day"],), ("team",), send=True)
        report.make_on_request(context, request, now)
    else:
        raise ValueError(flow)


def limit_files(path: str) -> None:
    """What a full disk does: no file grows beyond what the store has now and a little."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    largest = max(p.stat().st_size for p in Path(path).parent.glob("store.db*")) + 2048
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))


def main() -> None:
    send._load()
    for line in sys.stdin:
        order = json.loads(line)
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            status = 0
            try:
                if not order["calm"]:
                    # What a flow logs about a fault that was made is no news.
                    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                if order["full"]:
                    limit_files(order["full"])
                carry_out(order)
            except BaseException:
                if order["calm"]:
                    traceback.print_exc()
                status = FAILED
            finally:
                os._exit(status)
        print(json.dumps({"process": child}), flush=True)
        _, status = os.waitpid(child, 0)
        answer = {"status": status, "seconds": time.monotonic() - began}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
