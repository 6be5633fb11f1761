"""What people do with alerts, and silences."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import BigId, Instant, Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("acknowledged_until", Instant()))
    op.add_column("alerts", sa.Column("snoozed_by", sa.Text()))
    op.add_column("alerts", sa.Column("snoozed_until", Instant()))
    op.add_column("alerts", sa.Column("resumed_at", Instant()))
    op.create_table(
        "alert_acts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ends_at", Instant()),
        sa.ForeignKeyConstraint(["alert"], ["alerts.key"], name=op.f("alert_acts_alert_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_acts_pkey")),
    )
    op.create_index(op.f("alert_acts_alert_idx"), "alert_acts", ["alert"])
    op.create_table(
        "silences",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("matchers", Json, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expired_by", sa.Text()),
        sa.Column("expired_at", Instant()),
        sa.Column("replaces", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("silences_pkey")),
    )
    op.create_index(op.f("silences_ends_at_idx"), "silences", ["ends_at"])
    op.execute(
        "INSERT INTO alert_acts (alert, kind, who, at, note) "
        "SELECT key, 'acknowledged', coalesce(acknowledged_by, 'somebody'), acknowledged_at, '' "
        "FROM alerts WHERE acknowledged_at IS NOT NULL ORDER BY acknowledged_at, key"
    )


def downgrade() -> None:
    op.drop_table("silences")
    op.drop_table("alert_acts")
    for name in ("resumed_at", "snoozed_until", "snoozed_by", "acknowledged_until"):
        op.drop_column("alerts", name)
