"""Pushes of jobs, how their monitors stand, and when the public endpoint stopped."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import BigId, Instant, Json

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pushes",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("monitor", sa.Text(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("reported", Json, nullable=False),
        sa.Column("signature", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pushes_pkey")),
        sa.UniqueConstraint("monitor", "signature", name=op.f("pushes_monitor_signature_key")),
    )
    op.create_index(op.f("pushes_monitor_id_idx"), "pushes", ["monitor", "id"])
    op.create_index(op.f("pushes_received_at_idx"), "pushes", ["received_at"])
    op.create_table(
        "push_standings",
        sa.Column("monitor", sa.Text(), nullable=False),
        sa.Column("folded", sa.BigInteger(), nullable=False),
        sa.Column("judged_at", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fold", Json, nullable=False),
        sa.PrimaryKeyConstraint("monitor", name=op.f("push_standings_pkey")),
    )
    op.create_table(
        "endpoint_stops",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("endpoint_stops_pkey")),
    )
    op.create_index(op.f("endpoint_stops_until_idx"), "endpoint_stops", ["until"])
