"""Which sites a run checks, and the parts of a run that were judged before its end."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from supportops.db.schema import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.add_column("check_runs", sa.Column("due", sa.Text(), nullable=True))
    op.create_table(
        "check_parts",
        sa.Column("judged_order", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", Instant(), nullable=False),
        sa.Column("judged_at", Instant(), nullable=False),
        sa.Column("pages", JSON, nullable=False),
        sa.Column("controls", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["slot"], ["check_runs.slot"], name=op.f("check_parts_slot_fkey")
        ),
        sa.PrimaryKeyConstraint("judged_order", name=op.f("check_parts_pkey")),
    )
    op.create_index(op.f("check_parts_slot_idx"), "check_parts", ["slot"], unique=False)
