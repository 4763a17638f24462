"""Remember at which rate a marketplace may be called, and how often its circuit opened."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is remembered to each marketplace."""
    op.add_column("marketplaces", sa.Column("openings_in_a_row", sa.Integer(), server_default="0", nullable=False))
    op.add_column("marketplaces", sa.Column("rate", sa.Float(), nullable=True))
    op.add_column("marketplaces", sa.Column("refused_rate", sa.Float(), nullable=True))
    op.add_column("marketplaces", sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("marketplaces", sa.Column("calm_minutes", sa.Float(), nullable=True))
