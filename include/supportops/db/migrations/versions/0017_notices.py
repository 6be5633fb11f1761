"""Notices to customers: their threads, drafts, what was decided about each, comments on tickets."""

import sqlalchemy as sa
from alembic import op

from supportops.db.schema import BigId, Instant, Json

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")
_WAITING = sa.text("state = 'waiting'")
_UNFINISHED = sa.text("finished_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "notice_threads",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant()),
        sa.Column("closed_why", sa.Text()),
        sa.Column("sites", Json, nullable=False),
        sa.Column("incidents", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("notice_threads_pkey")),
    )
    op.create_index(
        op.f("notice_threads_customer_opened_at_idx"), "notice_threads", ["customer", "opened_at"]
    )
    op.create_index(
        "notice_threads_open_idx",
        "notice_threads",
        ["id"],
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )
    op.create_table(
        "notices",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("thread", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("drafted_at", Instant(), nullable=False),
        sa.Column("decide_at", Instant(), nullable=False),
        sa.Column("timeout", sa.Text(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("every", sa.BigInteger()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", Instant()),
        sa.Column("next_at", Instant()),
        sa.Column("alert", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("notices_pkey")),
        sa.ForeignKeyConstraint(
            ["thread"], ["notice_threads.id"], name=op.f("notices_thread_fkey")
        ),
        sa.UniqueConstraint("thread", "number", name=op.f("notices_thread_number_key")),
    )
    op.create_index(
        "notices_waiting_key",
        "notices",
        ["thread"],
        unique=True,
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    )
    op.create_index(op.f("notices_drafted_at_idx"), "notices", ["drafted_at"])
    op.create_index(op.f("notices_alert_idx"), "notices", ["alert"])
    op.create_table(
        "notice_acts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("notice", BigId, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("notice_acts_pkey")),
        sa.ForeignKeyConstraint(["notice"], ["notices.id"], name=op.f("notice_acts_notice_fkey")),
    )
    op.create_index(op.f("notice_acts_notice_idx"), "notice_acts", ["notice"])
    op.create_table(
        "notice_comments",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("notice", BigId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("counts_as", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("finished_at", Instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("notice_comments_pkey")),
        sa.ForeignKeyConstraint(
            ["notice"], ["notices.id"], name=op.f("notice_comments_notice_fkey")
        ),
        sa.UniqueConstraint(
            "notice", "source", "ticket", name=op.f("notice_comments_notice_source_ticket_key")
        ),
    )
    op.create_index(
        op.f("notice_comments_source_ticket_idx"), "notice_comments", ["source", "ticket"]
    )
    op.create_index(
        "notice_comments_unfinished_idx",
        "notice_comments",
        ["next_attempt_at"],
        postgresql_where=_UNFINISHED,
        sqlite_where=_UNFINISHED,
    )
