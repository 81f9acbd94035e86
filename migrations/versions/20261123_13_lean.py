"""of the outbox only what can be asked for is indexed: a reply has no alert, no broadcast, and no provider's id yet

Revision ID: 20261123_13
Revises: 20261123_12
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_13"
down_revision = "20261123_12"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_outbox_provider_id": ["provider_id"],
    "ix_outbox_alert_id": ["alert_id"],
    "ix_outbox_broadcast_id": ["broadcast_id", "person_id"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        there = sa.text(f"{columns[0]} IS NOT NULL")
        op.drop_index(name, table_name="outbox")
        op.create_index(name, "outbox", columns, postgresql_where=there, sqlite_where=there)


def downgrade() -> None:
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="outbox")
        op.create_index(name, "outbox", columns)
