"""Which commands of other programs test_running.py runs, and which of ours other tests run."""

from __future__ import annotations

RUN_OTHERS = {("api.md", "curl"), ("api.md", "jq"), ("push.md", "curl"), ("metrics.md", "openssl")}
"""A page and a program."""

RUN_ELSEWHERE = {
    ("demo", "break"): ("tests/cli/operations/test_demo.py", '"break", "bluebird-shop"'),
    ("demo", "mend"): ("tests/cli/operations/test_demo.py", '"mend", "bluebird-shop"'),
    ("demo", "voicemail"): ("tests/cli/operations/test_demo.py", '"voicemail"'),
    ("probe",): ("tests/cli/test_main.py", '"probe"'),
    ("site-check",): ("tests/cli/test_main.py", '"site-check"'),
    ("report", "weekly"): ("tests/cli/reports/test_report.py", '"weekly"'),
    ("report", "monthly"): ("tests/cli/reports/test_report.py", '"monthly"'),
}
"""What waits, or needs servers or minutes: the test that runs it, and a text of it."""
