"""The order of ticket events within their source, and how far tickets were triaged."""

import sqlalchemy as sa
from alembic import op

from supportops.db import online

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Events were stored in the order of their source, but for the tiers that triage added to them: one
# for a ticket's creation comes first, one for a priority with the event that set the priority.
_SEQUENCE = """
UPDATE ticket_events SET sequence = CASE
    WHEN source_event LIKE 'triage/created/%' THEN 0
    WHEN source_event LIKE 'triage/priority/%' THEN COALESCE((
        SELECT cause.id FROM ticket_events cause
        WHERE cause.source = ticket_events.source
        AND cause.source_event = SUBSTR(ticket_events.source_event, 17)
    ), id)
    ELSE id END
WHERE id BETWEEN :first AND :last
"""
_TRIAGED = """
INSERT INTO sync_marks (source, stream, mark, moved_at)
SELECT e.source, 'triage', CAST(MAX(e.id) AS TEXT), MAX(e.recorded_at)
FROM ticket_events e
WHERE NOT EXISTS (
    SELECT 1 FROM sync_marks m WHERE m.source = e.source AND m.stream = 'triage'
)
GROUP BY e.source
"""


def upgrade() -> None:
    online.add_column(
        "ticket_events",
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
    )
    online.fill("ticket_events", "id", _SEQUENCE)
    op.execute(_TRIAGED)
