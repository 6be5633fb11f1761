"""What people do with alerts, and silences."""

import sqlalchemy as sa
from alembic import op

from supportops.db import online
from supportops.db.schema import BigId, Instant, Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


_ACKNOWLEDGED = """
INSERT INTO alert_acts (alert, kind, who, at, note)
SELECT key, 'acknowledged', COALESCE(acknowledged_by, 'somebody'), acknowledged_at, ''
FROM alerts
WHERE key BETWEEN :first AND :last AND acknowledged_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM alert_acts act WHERE act.alert = alerts.key
)
ORDER BY acknowledged_at, key
"""


def upgrade() -> None:
    online.add_column("alerts", sa.Column("acknowledged_until", Instant()))
    online.add_column("alerts", sa.Column("snoozed_by", sa.Text()))
    online.add_column("alerts", sa.Column("snoozed_until", Instant()))
    online.add_column("alerts", sa.Column("resumed_at", Instant()))
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
        if_not_exists=True,
    )
    op.create_index(
        op.f("alert_acts_alert_idx"), "alert_acts", ["alert"], if_not_exists=True
    )
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
        if_not_exists=True,
    )
    op.create_index(
        op.f("silences_ends_at_idx"), "silences", ["ends_at"], if_not_exists=True
    )
    online.fill("alerts", "key", _ACKNOWLEDGED)
