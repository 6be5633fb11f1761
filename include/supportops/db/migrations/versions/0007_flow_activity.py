"""When each scheduled flow last worked."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flow_activity",
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("flow", name=op.f("flow_activity_pkey")),
    )
