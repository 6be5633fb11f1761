"""The certificates that each site presents, recorded when they change."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Instant, Json

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificate_chains",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("chain", Json, nullable=False),
        sa.PrimaryKeyConstraint("site", "digest", name=op.f("certificate_chains_pkey")),
    )
