"""dialogs of the guided checklist

Revision ID: 20261123_04
Revises: 20261123_02
"""

import sqlalchemy as sa
from alembic import op

from hub.models.base import BigId, Json, UtcDateTime

revision = "20261123_04"
down_revision = "20261123_02"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dialog",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("state", Json, nullable=False),
        sa.Column("touched", BigId, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_dialog_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dialog")),
    )
    op.create_index("ix_dialog_person_id", "dialog", ["person_id"])


def downgrade() -> None:
    op.drop_index("ix_dialog_person_id", table_name="dialog")
    op.drop_table("dialog")
