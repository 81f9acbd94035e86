"""released tables

Revision ID: 20261123_07
Revises: 20261123_06
"""

revision = "20261123_07"
down_revision = "20261123_06"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
