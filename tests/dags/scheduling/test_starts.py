"""What the tasks that run every few minutes import before they do anything."""

from __future__ import annotations

import subprocess
import sys

FREQUENT = (
    *("sites.site_check", "alerts.alert_dispatch", "sites.push_check", "tickets.ticket_sync"),
    *("tickets.touched_tickets", "sla.sla_sweep", "customers.notices", "tickets.mailbox"),
    *("rota.rota_calendars", "tickets.log_call"),
)
# Each takes between a tenth of a second and a whole one of CPU, of every task.
HEAVY = frozenset({"pandas", "matplotlib", "fastapi", "apprise", "weasyprint", "openpyxl", "PIL"})


def test_frequent_tasks_start_without_what_only_reports_and_pages_need() -> None:
    flows = ", ".join(f"supportops.flows.{name}" for name in FREQUENT)
    program = f"import sys, {flows}; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert {f"supportops.flows.{name}" for name in FREQUENT} <= imported
    assert HEAVY & imported == set()
