"""undoing, and what the desk keeps

Revision ID: 20261123_02
Revises: 20261123_01
"""

import sqlalchemy as sa
from alembic import op

from hub.models.base import BigId, Json, UtcDateTime

revision = "20261123_02"
down_revision = "20261123_01"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deed",
        sa.Column("id", BigId, nullable=False),
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_deed_account_id_account")),
        sa.ForeignKeyConstraint(["item_id"], ["work_item.id"], name=op.f("fk_deed_item_id_work_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deed")),
    )
    op.create_index("ix_deed_account_id", "deed", ["account_id", "until"], unique=False)
    op.create_index("ix_audit_action", "audit", ["action", "subject"], unique=False)
