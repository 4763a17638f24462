"""What open orders hold of a SKU, added up from the index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OPEN = sa.text("released_at IS NULL")
COLUMNS = ["sku", "released_at", "until", "quantity"]


def upgrade() -> None:
    op.drop_index("reservations_open", "reservations")
    op.create_index("reservations_open", "reservations", COLUMNS, unique=False, sqlite_where=OPEN, postgresql_where=OPEN)
