"""who remembers what came and what went out, once the large tables are partitioned

Revision ID: 20261123_12
Revises: 20261123_11

Partitions cannot keep `dedup` unique together. Until `hub partition` fills these and takes the unique constraints away
these are empty: a process of the version before goes on, and nobody who never partitions pays for a second index.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_12"
down_revision = "20261123_11"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen",
        sa.Column("dedup", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("dedup", name=op.f("pk_seen")),
    )
    op.create_table(
        "once",
        sa.Column("dedup", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dedup", name=op.f("pk_once")),
    )


def downgrade() -> None:
    if "uq_journal_dedup" not in {it["name"] for it in sa.inspect(op.get_bind()).get_unique_constraints("journal")}:
        raise RuntimeError("this database is partitioned: only these tables still know what came before")
    op.drop_table("once")
    op.drop_table("seen")
