"""What ticket sources said, so that the next sync comes now."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Instant

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sync_nudges",
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("asked_at", Instant()),
        sa.PrimaryKeyConstraint("signature", name=op.f("sync_nudges_pkey")),
    )
    op.create_index(op.f("sync_nudges_received_at_idx"), "sync_nudges", ["received_at"])
