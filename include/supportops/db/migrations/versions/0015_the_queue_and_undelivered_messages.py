"""Finds the open tickets in the order of the queue, and undelivered messages, by an index."""

import sqlalchemy as sa

from supportops.db import online

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UNDELIVERED = (
    "phase = 'firing' AND "
    "(state = 'given_up' OR state = 'unknown' OR state = 'waiting' AND attempts > 0)"
)


def upgrade() -> None:
    online.create_index(
        "tickets_queue_idx",
        "tickets",
        [
            sa.text("(swept_at IS NOT NULL)"),
            sa.text("(next_at IS NULL)"),
            "next_at",
            sa.text("id DESC"),
        ],
        where="open",
    )
    online.create_index("messages_undelivered_idx", "messages", ["alert"], where=UNDELIVERED)
