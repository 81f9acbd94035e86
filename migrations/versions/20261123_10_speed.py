"""what speed needs

Revision ID: 20261123_10
Revises: 20261123_09
"""

revision = "20261123_10"
down_revision = "20261123_09"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
