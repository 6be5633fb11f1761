"""Maintenance that people announce while the installation runs."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import BigId, Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announced_maintenance",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("announced_by", sa.Text(), nullable=False),
        sa.Column("announced_at", Instant(), nullable=False),
        sa.Column("ended_by", sa.Text()),
        sa.Column("ended_at", Instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("announced_maintenance_pkey")),
    )
    op.create_index("announced_maintenance_ends_at_idx", "announced_maintenance", ["ends_at"])
