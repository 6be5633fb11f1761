"""What a notice said of the customer's tickets: by when they are answered."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("due", sa.Text()))
