"""What the tasks that run every few minutes import before they do anything."""

from __future__ import annotations

import subprocess
import sys

FREQUENT = (
    *("site_check", "alert_dispatch", "push_check", "ticket_sync", "touched_tickets"),
    *("sla_sweep", "notices", "mailbox", "rota_calendars", "log_call"),
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
