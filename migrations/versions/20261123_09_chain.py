"""the journal's hash chain

Revision ID: 20261123_09
Revises: 20261123_08
"""

revision = "20261123_09"
down_revision = "20261123_08"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
