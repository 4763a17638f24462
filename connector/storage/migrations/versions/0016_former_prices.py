"""The last price of what the prices name no more."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = ("sku", "marketplace", "sales_channel")


def upgrade() -> None:
    op.create_table(
        "former_prices",
        *[sa.Column(name, sa.Text(), nullable=False) for name in KEY],
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*KEY),
        sqlite_with_rowid=False,
    )
