"""what is looked for among a million people and stations is found by an index

Revision ID: 20261123_11
Revises: 20261123_10
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_11"
down_revision = "20261123_10"
branch_labels = None
depends_on = None

STAFF = sa.text("role <> 'observer'")


def upgrade() -> None:
    op.create_index("ix_station_region", "station", ["region", "id"])
    op.create_index("ix_person_staff", "person", ["id"], postgresql_where=STAFF, sqlite_where=STAFF)


def downgrade() -> None:
    op.drop_index("ix_person_staff", table_name="person")
    op.drop_index("ix_station_region", table_name="station")
