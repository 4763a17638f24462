"""Messages that are due in the order in which they are taken: many put at one instant were sorted anew for each batch."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    op.drop_index("outbox_due", table_name="outbox")
    op.create_index("outbox_due", "outbox", ["destination", "kind", "due_at", "id"], unique=False, sqlite_where=PENDING, postgresql_where=PENDING)
