"""The alerts of a ticket are found by the beginning of their keys."""

from alembic import op
from sqlalchemy import text

from supportops.db import online

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    by_bytes = text("key text_pattern_ops")
    is_postgres = op.get_context().dialect.name == "postgresql"
    online.create_index("alerts_key_pattern_idx", "alerts", [by_bytes if is_postgres else "key"])
