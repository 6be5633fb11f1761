"""Parts that stored configurations share."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import Json

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "configuration_parts",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("configuration_parts_pkey")),
    )
