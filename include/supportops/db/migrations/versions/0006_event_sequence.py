"""The order of ticket events within their source, and how far tickets were triaged."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Events were stored in the order of their source, but for the tiers that triage added to them.
_BY_ARRIVAL = "UPDATE ticket_events SET sequence = id"
_DERIVED = """
UPDATE ticket_events SET sequence = 0
WHERE source_event LIKE 'triage/created/%'
"""
_FROM_PRIORITY = """
UPDATE ticket_events SET sequence = COALESCE((
    SELECT cause.sequence FROM ticket_events cause
    WHERE cause.source = ticket_events.source
    AND cause.source_event = SUBSTR(ticket_events.source_event, 17)
), sequence)
WHERE source_event LIKE 'triage/priority/%'
"""
_TRIAGED = """
INSERT INTO sync_marks (source, stream, mark, moved_at)
SELECT e.source, 'triage', CAST(MAX(e.id) AS TEXT), MAX(e.recorded_at)
FROM ticket_events e GROUP BY e.source
"""


def upgrade() -> None:
    op.add_column(
        "ticket_events",
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
    )
    for statement in (_BY_ARRIVAL, _DERIVED, _FROM_PRIORITY, _TRIAGED):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DELETE FROM sync_marks WHERE stream = 'triage'")
    op.drop_column("ticket_events", "sequence")
