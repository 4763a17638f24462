"""Since when a decision on a price counts no longer, out of the price's own values."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

HOLDS = sa.table("holds", sa.column("id", sa.BigInteger), sa.column("row", sa.JSON), sa.column("ended_at", sa.DateTime(timezone=True)))


def upgrade() -> None:
    op.add_column("holds", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    tx = op.get_bind()
    for number, row in tx.execute(sa.select(HOLDS.c.id, HOLDS.c.row).where(HOLDS.c.row["ended_at"].as_string().is_not(None))).all():
        ended_at = datetime.fromisoformat(row.pop("ended_at"))
        tx.execute(sa.update(HOLDS).where(HOLDS.c.id == number).values(row=row, ended_at=ended_at))
