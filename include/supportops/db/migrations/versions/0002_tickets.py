"""Tickets: events, folded state, sync marks, quarantine."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from supportops.db.schema import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quarantine",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("quarantine_pkey")),
        sa.UniqueConstraint(
            "source", "record", "reason", name=op.f("quarantine_source_record_reason_key")
        ),
    )
    op.create_table(
        "sync_marks",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("moved_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("source", "stream", name=op.f("sync_marks_pkey")),
    )
    op.create_table(
        "tickets",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("solved_at", Instant(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("tier_rule", sa.Text(), nullable=True),
        sa.Column("touched_at", Instant(), nullable=False),
        sa.Column("swept_at", Instant(), nullable=True),
        sa.Column("next_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("tickets_pkey")),
        sa.UniqueConstraint("source", "ticket", name=op.f("tickets_source_ticket_key")),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("tickets_created_at_idx"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("tickets_next_at_idx"), ["next_at"], unique=False)
        batch_op.create_index(
            "tickets_open_idx",
            ["id"],
            unique=False,
            postgresql_where=sa.text("open"),
            sqlite_where=sa.text("open"),
        )
        batch_op.create_index(
            batch_op.f("tickets_site_created_at_idx"), ["site", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("tickets_solved_at_idx"), ["solved_at"], unique=False)
        batch_op.create_index(batch_op.f("tickets_touched_at_idx"), ["touched_at"], unique=False)

    op.create_table(
        "ticket_events",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_event", sa.Text(), nullable=False),
        sa.Column("ticket", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("happened_at", Instant(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("ticket_events_ticket_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("ticket_events_pkey")),
        sa.UniqueConstraint(
            "source", "source_event", name=op.f("ticket_events_source_source_event_key")
        ),
    )
    with op.batch_alter_table("ticket_events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ticket_events_recorded_at_idx"), ["recorded_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ticket_events_ticket_happened_at_idx"),
            ["ticket", "happened_at"],
            unique=False,
        )
