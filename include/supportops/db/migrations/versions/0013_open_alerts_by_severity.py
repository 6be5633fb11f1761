"""Finds the most severe of many open alerts without reading all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "alerts_open_severity_idx",
        "alerts",
        ["severity", "opened_at", "key"],
        postgresql_where=sa.text("resolved_at IS NULL"),
        sqlite_where=sa.text("resolved_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("alerts_open_severity_idx", "alerts")
