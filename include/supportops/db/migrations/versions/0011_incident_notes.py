"""What people noted about incidents and tickets: causes and notes, only ever appended to."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import BigId, Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incident_notes",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("noted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("incident_notes_pkey")),
    )
    op.create_index(op.f("incident_notes_about_idx"), "incident_notes", ["about"])
