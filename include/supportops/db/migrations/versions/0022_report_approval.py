"""Reports that are sent when somebody has approved them."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Instant

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reports", sa.Column("approval", sa.Text()))
    op.add_column("reports", sa.Column("decided_by", sa.Text()))
    op.add_column("reports", sa.Column("decided_at", Instant()))
    op.create_index(
        "reports_waiting_idx",
        "reports",
        ["id"],
        postgresql_where=sa.text("approval = 'waiting'"),
        sqlite_where=sa.text("approval = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_index("reports_waiting_idx", "reports")
    op.drop_column("reports", "decided_at")
    op.drop_column("reports", "decided_by")
    op.drop_column("reports", "approval")
