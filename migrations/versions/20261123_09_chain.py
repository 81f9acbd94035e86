"""the journal's hash chain

Revision ID: 20261123_09
Revises: 20261123_08
"""

import sqlalchemy as sa
from alembic import op

from hub.models.base import BigId, UtcDateTime

revision = "20261123_09"
down_revision = "20261123_08"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chain",
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("row_id", BigId, nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("salt_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_chain")),
        sa.UniqueConstraint("kind", "row_id", name=op.f("uq_chain_kind_row_id")),
    )
    op.create_table(
        "chain_head",
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_chain_head")),
    )


def downgrade() -> None:
    op.drop_table("chain_head")
    op.drop_table("chain")
