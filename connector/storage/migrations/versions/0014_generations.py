"""Large changes of the snapshot, laid down under a generation before they count."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TEXT, FLOAT, NUMBER = sa.Text(), sa.Float(), sa.BigInteger()
KEYS = {
    "products": ["sku"],
    "prices": ["sku", "marketplace", "sales_channel"],
    "stock": ["sku", "warehouse"],
    "services": ["sku", "type", "id"],
}
VALUES: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "products": {
        "product_id": TEXT,
        "product_name": TEXT,
        "sku_name": TEXT,
        "description": TEXT,
        "brand": TEXT,
        "category": TEXT,
        "ean": TEXT,
        "ref_id": TEXT,
        "height_cm": FLOAT,
        "width_cm": FLOAT,
        "length_cm": FLOAT,
        "weight_g": NUMBER,
        "measurement_unit": TEXT,
        "unit_multiplier": FLOAT,
        "images": TEXT,
        "product_specs": TEXT,
        "sku_specs": TEXT,
        "active": sa.Boolean(),
    },
    "prices": {"price_cents": NUMBER, "list_price_cents": NUMBER, "valid_until": sa.DateTime(timezone=True)},
    "stock": {"quantity": NUMBER},
    "services": {"name": TEXT, "price_cents": NUMBER},
}


def upgrade() -> None:
    for feed, keys in KEYS.items():
        op.create_table(
            f"coming_{feed}",
            sa.Column("generation", sa.BigInteger(), nullable=False, autoincrement=False),
            *[sa.Column(name, TEXT, nullable=False) for name in keys],
            sa.Column("action", sa.Text(), nullable=False),
            sa.Column("mask", sa.BigInteger(), nullable=False),
            *[sa.Column(name, kind) for name, kind in VALUES[feed].items()],
            sa.PrimaryKeyConstraint("generation", *keys),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "generations",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.BigInteger()),
        sa.PrimaryKeyConstraint("feed"),
    )
