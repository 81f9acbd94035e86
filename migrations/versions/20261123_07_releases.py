"""released tables

Revision ID: 20261123_07
Revises: 20261123_06
"""

import sqlalchemy as sa
from alembic import op

from hub.models.base import BigId, UtcDateTime

revision = "20261123_07"
down_revision = "20261123_06"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "released",
        sa.Column("id", BigId, nullable=False),
        sa.Column("number", BigId, nullable=True),
        sa.Column("position", BigId, nullable=False),
        sa.Column("ruling_id", BigId, nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("tables", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("proposed_by", BigId, nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("signed_by", BigId, nullable=True),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("dropped_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["proposed_by"], ["account.id"], name=op.f("fk_released_proposed_by_account")),
        sa.ForeignKeyConstraint(["signed_by"], ["account.id"], name=op.f("fk_released_signed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_released")),
        sa.UniqueConstraint("number", name=op.f("uq_released_number")),
    )


def downgrade() -> None:
    op.drop_table("released")
