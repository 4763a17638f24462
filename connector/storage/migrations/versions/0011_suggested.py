"""What was suggested of late, without looking through all that ever was: its siblings wait."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SUGGESTED = sa.text("suggested_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "listings_suggested", "listings", ["account", "suggested_at"], unique=False, sqlite_where=SUGGESTED, postgresql_where=SUGGESTED
    )
