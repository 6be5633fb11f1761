"""Checks of domains, and what they come to."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Instant, Json

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "domain_checks",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("checked_at", Instant(), autoincrement=False, nullable=False),
        sa.Column("found", Json, nullable=False),
        sa.PrimaryKeyConstraint("domain", "checked_at", name=op.f("domain_checks_pkey")),
    )
    op.create_index(op.f("domain_checks_checked_at_idx"), "domain_checks", ["checked_at"])
    op.create_table(
        "domain_standings",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("checked_at", Instant(), nullable=False),
        sa.Column("fold", Json, nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("domain_standings_pkey")),
    )
