"""Products by their EAN, as the console finds them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KNOWN = sa.text("ean <> ''")


def upgrade() -> None:
    op.create_index("products_by_ean", "products", ["ean", "sku"], unique=False, sqlite_where=KNOWN, postgresql_where=KNOWN)
