"""Summaries of the days of sites."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Instant

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_folds",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site", name=op.f("site_folds_pkey")),
    )
    op.create_table(
        "site_days",
        sa.Column("day", Instant(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("up", sa.BigInteger(), nullable=False),
        sa.Column("degraded", sa.BigInteger(), nullable=False),
        sa.Column("down", sa.BigInteger(), nullable=False),
        sa.Column("maintenance", sa.BigInteger(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("timeline", sa.Text(), nullable=False),
        sa.Column("known_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("day", "site", "customer", name=op.f("site_days_pkey")),
    )
    op.create_index("site_days_site_day_idx", "site_days", ["site", "day"])
