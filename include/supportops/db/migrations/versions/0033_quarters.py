"""The checks of a day by the quarter of an hour: local days of some zones begin within one."""

import sqlalchemy as sa

from supportops.db import online

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.add_column("site_days", sa.Column("quarters", sa.Text()))
