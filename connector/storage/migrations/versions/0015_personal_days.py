"""Orders and healed rows that still hold personal data, found without looking through all that were overwritten."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PERSONAL = sa.text("erased_at IS NULL AND state NOT IN ('placed', 'authorized', 'cancel-asked')")
HEALED = sa.text("healed_at IS NOT NULL AND value <> '***'")
ERASED = """
UPDATE orders SET erased_at = (SELECT max(e.at) FROM order_events e WHERE e.order_id = orders.order_id AND e.what = 'personal data erased')
WHERE state NOT IN ('placed', 'authorized', 'cancel-asked')
    AND order_id IN (SELECT order_id FROM order_events WHERE what = 'personal data erased')
"""


def upgrade() -> None:
    op.add_column("orders", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(ERASED)
    op.create_index("orders_personal", "orders", ["placed_at"], unique=False, sqlite_where=PERSONAL, postgresql_where=PERSONAL)
    op.create_index("rejections_healed", "rejections", ["healed_at"], unique=False, sqlite_where=HEALED, postgresql_where=HEALED)
