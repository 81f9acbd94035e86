"""flags on doubtful values

Revision ID: 20261123_08
Revises: 20261123_07
"""

revision = "20261123_08"
down_revision = "20261123_07"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
