"""Messages read from mailboxes, and the recordings that came with them."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import BigId, Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailbox_messages",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text()),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("mailbox_messages_pkey")),
        sa.UniqueConstraint("identity", name=op.f("mailbox_messages_identity_key")),
    )
    op.create_index(op.f("mailbox_messages_message_id_idx"), "mailbox_messages", ["message_id"])
    op.create_table(
        "recordings",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("message", BigId, nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float()),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("transcribed_at", Instant()),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message"], ["mailbox_messages.id"], name=op.f("recordings_message_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("recordings_pkey")),
    )
    op.create_index(op.f("recordings_ticket_idx"), "recordings", ["ticket"])
    op.create_index(
        "recordings_untranscribed_idx",
        "recordings",
        ["id"],
        postgresql_where=sa.text("transcribed_at IS NULL"),
        sqlite_where=sa.text("transcribed_at IS NULL"),
    )
