"""codes that prove a sender, and counts that all processes share

Revision ID: 20261123_10
Revises: 20261123_09
"""

import sqlalchemy as sa
from alembic import op

from hub.models.base import BigId, UtcDateTime

revision = "20261123_10"
down_revision = "20261123_09"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proof",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("used_by", BigId, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_proof_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof")),
    )
    op.create_index("ix_proof_person_id", "proof", ["person_id"])
    op.create_table(
        "tally",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("count", BigId, nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tally")),
    )
    op.create_index("ix_tally_until", "tally", ["until"])


def downgrade() -> None:
    op.drop_index("ix_tally_until", table_name="tally")
    op.drop_table("tally")
    op.drop_index("ix_proof_person_id", table_name="proof")
    op.drop_table("proof")
