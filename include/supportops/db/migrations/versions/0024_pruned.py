"""Up to when what piles up was removed."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Instant

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pruned",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pruned_pkey")),
    )
