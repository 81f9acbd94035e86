"""undoing, and what the desk keeps

Revision ID: 20261123_02
Revises: 20261123_01
"""

revision = "20261123_02"
down_revision = "20261123_01"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
