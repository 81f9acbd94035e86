"""photos and documents

Revision ID: 20261123_05
Revises: 20261123_04
"""

import sqlalchemy as sa
from alembic import op

from hub.models.base import BigId, UtcDateTime

revision = "20261123_05"
down_revision = "20261123_04"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media_blob",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("preview_sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_media_blob")),
    )
    op.create_table(
        "media",
        sa.Column("id", BigId, nullable=False),
        sa.Column("journal_id", BigId, nullable=False),
        sa.Column("place", BigId, nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("announced_type", sa.String(), nullable=False),
        sa.Column("announced_size", BigId, nullable=False),
        sa.Column("album", sa.String(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("station_id", BigId, nullable=True),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("incident_id", BigId, nullable=True),
        sa.Column("tied_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempts", BigId, nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_media_incident_id_incident")),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name=op.f("fk_media_journal_id_journal")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_media_person_id_person")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_media_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("journal_id", "place", name=op.f("uq_media_journal_id_place")),
    )
    op.create_index("ix_media_due", "media", ["state", "not_before"])
    op.create_index("ix_media_incident_id", "media", ["incident_id"])
    op.create_index("ix_media_person_id", "media", ["person_id", "received_at"])
    op.create_index("ix_media_sha256", "media", ["sha256"])
    op.create_index("ix_media_station_id", "media", ["station_id", "form"])
    op.add_column("person", sa.Column("prefers", sa.String(), nullable=False, server_default=""))
