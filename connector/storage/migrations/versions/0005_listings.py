"""Listings: accepted and withheld, what the marketplace said of a suggestion, and what to do about it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATES = "state IN ('unknown', 'withheld', 'suggested', 'denied', 'accepted', 'known')"
BEFORE = sa.Table(
    "listings",
    sa.MetaData(),
    sa.Column("account", sa.Text(), nullable=False),
    sa.Column("sku", sa.Text(), nullable=False),
    sa.Column("state", sa.Text(), nullable=False),
    sa.Column("suggestion_hash", sa.Text(), nullable=True),
    sa.Column("suggested_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("look_again_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("note", sa.Text(), nullable=True),
    sa.CheckConstraint("state IN ('unknown', 'suggested', 'denied', 'known')", name="listings_state"),
    sa.PrimaryKeyConstraint("account", "sku"),
    sa.Index("listings_to_look_at", "account", "look_again_at"),
)


def upgrade() -> None:
    """Widen the states and add the columns; SQLite, which cannot change a check, copies the table."""
    with op.batch_alter_table("listings", copy_from=BEFORE) as listings:
        listings.drop_constraint("listings_state", type_="check")
        listings.create_check_constraint("listings_state", STATES)
        listings.add_column(sa.Column("remedy", sa.Text(), nullable=True))
        listings.add_column(sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
        listings.add_column(sa.Column("word", sa.Text(), nullable=True))
        listings.add_column(sa.Column("denied_at", sa.DateTime(timezone=True), nullable=True))
        listings.add_column(sa.Column("denials", sa.Integer(), server_default="0", nullable=False))
        listings.create_index("listings_by_state", ["account", "state", "sku"], unique=False)
