"""Reports and their documents, as issued."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from supportops.db import online
from supportops.db.schema import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("cadence", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("data_until", Instant(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=True),
        sa.Column("alert", sa.Text(), nullable=True),
        sa.Column("configuration", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("recipients", JSON, nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("troubles", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["configuration"],
            ["configurations.digest"],
            name=op.f("reports_configuration_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("reports_pkey")),
        sa.UniqueConstraint("alert", name=op.f("reports_alert_key")),
        sa.UniqueConstraint(
            "cadence",
            "period",
            "audience",
            "edition",
            name=op.f("reports_cadence_period_audience_edition_key"),
        ),
        if_not_exists=True,
    )
    op.create_index(
        op.f("reports_audience_cadence_starts_at_idx"),
        "reports",
        ["audience", "cadence", "starts_at"],
        if_not_exists=True,
    )
    op.create_table(
        "report_documents",
        sa.Column("report", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report"], ["reports.id"], name=op.f("report_documents_report_fkey")
        ),
        sa.PrimaryKeyConstraint("report", "name", name=op.f("report_documents_pkey")),
        if_not_exists=True,
    )
    online.create_index("tickets_updated_at_idx", "tickets", ["updated_at"])
    online.create_index("alerts_kind_opened_at_idx", "alerts", ["kind", "opened_at"])
