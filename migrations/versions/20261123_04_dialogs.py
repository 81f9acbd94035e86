"""dialogs of the guided checklist

Revision ID: 20261123_04
Revises: 20261123_03
"""

revision = "20261123_04"
down_revision = "20261123_03"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
