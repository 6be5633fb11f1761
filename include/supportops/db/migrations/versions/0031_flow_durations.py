"""How long the last run of each flow took, and what it counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("flow_activity", sa.Column("seconds", sa.Float()))
    counts = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("flow_activity", sa.Column("counts", counts))


def downgrade() -> None:
    op.drop_column("flow_activity", "counts")
    op.drop_column("flow_activity", "seconds")
