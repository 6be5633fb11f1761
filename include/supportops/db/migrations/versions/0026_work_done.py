"""What was done about an incident, in words that a customer reads."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incident_notes", sa.Column("done", sa.Text()))
