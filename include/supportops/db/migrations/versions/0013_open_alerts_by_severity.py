"""Finds the most severe of many open alerts without reading all of them."""

from supportops.db import online

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.create_index(
        "alerts_open_severity_idx",
        "alerts",
        ["severity", "opened_at", "key"],
        where="resolved_at IS NULL",
    )
