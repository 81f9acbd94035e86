"""broadcasts

Revision ID: 20261123_06
Revises: 20261123_05
"""

revision = "20261123_06"
down_revision = "20261123_05"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
