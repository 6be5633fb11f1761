"""Reports that are sent when somebody has approved them."""

import sqlalchemy as sa

from supportops.db import online
from supportops.db.schema import Instant

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    online.add_column("reports", sa.Column("approval", sa.Text()))
    online.add_column("reports", sa.Column("decided_by", sa.Text()))
    online.add_column("reports", sa.Column("decided_at", Instant()))
    online.create_index("reports_waiting_idx", "reports", ["id"], where="approval = 'waiting'")
