"""Alerts of a new installation are held until somebody goes live."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    hold = op.create_table(
        "alert_hold",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("released_at", Instant()),
        sa.Column("released_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_hold_pkey")),
    )
    # An installation that has sent messages is live already.
    log = sa.table("notification_log", sa.column("outcome", sa.Text()))
    sent = sa.select(log.c.outcome).where(log.c.outcome.in_(["handed_over", "unknown"])).limit(1)
    connection = op.get_bind()
    if connection.execute(sent).first() is None:
        connection.execute(sa.insert(hold).values(id=1, since=datetime.now(UTC)))
    # Last, since it locks the table until the end of the transaction.
    op.add_column(
        "alerts", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false())
    )
