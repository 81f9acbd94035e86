"""what alerts keep besides

Revision ID: 20261123_03
Revises: 20261123_02
"""

revision = "20261123_03"
down_revision = "20261123_02"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
