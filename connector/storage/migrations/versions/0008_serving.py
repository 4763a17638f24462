"""The snapshot laid out for carts: one look into one tree says what SQLite has of a SKU's price, stock or services."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ON_OFFER = ["sku", "active", "weight_g", "height_cm", "width_cm", "length_cm", "measurement_unit", "unit_multiplier", "category"]
ENDS = sa.text("valid_until IS NOT NULL")
TABLES: tuple[tuple[Any, ...], ...] = (
    (
        "prices",
        "sku, marketplace, sales_channel",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("marketplace", sa.Text(), nullable=False),
        sa.Column("sales_channel", sa.Text(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("list_price_cents", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sku", "marketplace", "sales_channel"),
    ),
    (
        "stock",
        "sku, warehouse",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "warehouse"),
    ),
    (
        "services",
        "sku, type, id",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "type", "id"),
    ),
)


def upgrade() -> None:
    """Copy the tables in the order of their keys (SQLite alone: elsewhere they lie well), and index what an offer says of a product."""
    op.drop_index("prices_by_end", table_name="prices")
    if op.get_bind().dialect.name == "sqlite":
        for name, key, *columns in TABLES:
            op.rename_table(name, f"{name}_before")
            op.create_table(name, *columns, sqlite_with_rowid=False)
            op.execute(f"INSERT INTO {name} SELECT * FROM {name}_before ORDER BY {key}")
            op.drop_table(f"{name}_before")
    op.create_index("prices_by_end", "prices", ["valid_until"], unique=False, sqlite_where=ENDS, postgresql_where=ENDS)
    op.create_index("products_on_offer", "products", ON_OFFER, unique=False)
