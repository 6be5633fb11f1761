"""What was read from the calendars of the teams of rota.yaml."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Instant, Json

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rota_calendars",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("tried_at", Instant(), nullable=False),
        sa.Column("duties", Json, nullable=False),
        sa.Column("unknown", Json, nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("read_at", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("team", name=op.f("rota_calendars_pkey")),
    )
