"""photos and documents

Revision ID: 20261123_05
Revises: 20261123_04
"""

revision = "20261123_05"
down_revision = "20261123_04"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
