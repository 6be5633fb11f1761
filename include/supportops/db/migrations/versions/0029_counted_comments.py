"""The column of comments that stores lack whose tables of notices were made by the first 0017."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = sa.inspect(op.get_bind()).get_columns("notice_comments")
    if any(column["name"] == "counts_as" for column in columns):
        return
    # A comment was an update then, and no reply.
    added = sa.Column("counts_as", sa.Text(), nullable=False, server_default="update")
    op.add_column("notice_comments", added)
    with op.batch_alter_table("notice_comments") as batch:
        batch.alter_column("counts_as", server_default=None)
