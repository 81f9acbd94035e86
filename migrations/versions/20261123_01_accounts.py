"""second factors, sessions and roles of accounts

Revision ID: 20261123_01
Revises: 20261122
"""

revision = "20261123_01"
down_revision = "20261122"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
