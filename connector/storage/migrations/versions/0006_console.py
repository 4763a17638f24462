"""The console: what people did and asked for, counts by the hour, and orders and files found by more than their ids."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state IN ('asked', 'taken')")
IS_OPEN = sa.text("healed_at IS NULL")
HAS_NUMBER = sa.text("erp_order_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'taken', 'done', 'failed')", name="acts_state"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("acts_open", "acts", ["state"], unique=False, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("acts_by_about", "acts", ["about", "id"], unique=False)
    op.create_table(
        "hourly",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "job", "what"),
    )
    op.create_index("orders_by_time", "orders", ["placed_at", "order_id"], unique=False)
    op.create_index("orders_by_erp_id", "orders", ["erp_order_id"], unique=False, sqlite_where=HAS_NUMBER, postgresql_where=HAS_NUMBER)
    op.create_index("rejections_open_by_id", "rejections", ["id"], unique=False, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
    op.create_index("files_by_state", "files", ["state", "id"], unique=False)
    op.create_index("files_by_feed_and_state", "files", ["feed", "state", "id"], unique=False)
