"""flags on doubtful values

Revision ID: 20261123_08
Revises: 20261123_07
"""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from hub.models.base import BigId, Json, UtcDateTime

revision = "20261123_08"
down_revision = "20261123_07"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ruling = op.create_table(
        "ruling",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=True),
        sa.Column("station_id", BigId, nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_ruling_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ruling")),
    )
    op.create_index("ix_ruling_station_id", "ruling", ["station_id", "form"])
    op.create_index("ix_ruling_position", "ruling", ["position"])
    op.create_index("ix_station_record_updated_at", "station_record", ["updated_at"])
    op.add_column("submission", sa.Column("terms", Json, nullable=True))
    if earlier := _decisions():
        op.bulk_insert(ruling, earlier)


def _decisions() -> list[dict[str, Any]]:
    """Decisions that were made before rulings were kept, at the position where the journal stood then."""
    connection = op.get_bind()
    record = sa.table(
        "station_record", sa.column("station_id", BigId), sa.column("form", sa.String()), sa.column("decided", Json)
    )
    journal = sa.table("journal", sa.column("id", BigId), sa.column("received_at", UtcDateTime()))
    found = []
    for station_id, form, decided in connection.execute(sa.select(record)):
        for code, told in (json.loads(decided) if isinstance(decided, str) else decided or {}).items():
            at = datetime.fromisoformat(told["at"])
            end = sa.select(sa.func.max(journal.c.id)).where(journal.c.received_at <= at)
            found.append(
                {
                    "at": at,
                    "position": connection.scalar(end) or 0,
                    "account_id": told["account"],
                    "station_id": station_id,
                    "form": form,
                    "code": code,
                    "kind": "decided",
                    "value": told["value"],
                    "reason": told["reason"],
                    "detail": {"among": told["among"]},
                }
            )
    return sorted(found, key=lambda each: each["at"])


def downgrade() -> None:
    op.drop_index("ix_station_record_updated_at", table_name="station_record")
    with op.batch_alter_table("submission") as table:
        table.drop_column("terms")
    op.drop_table("ruling")
