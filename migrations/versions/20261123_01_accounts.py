"""second factors, sessions and roles of accounts; the audit cannot be changed

Revision ID: 20261123_01
Revises: 20261122
"""

import sqlalchemy as sa
from alembic import op

from hub.models.base import BigId

revision = "20261123_01"
down_revision = "20261122"
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE TRIGGER audit_no_{event} BEFORE {event} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END"
)
POSTGRESQL = (
    "CREATE FUNCTION audit_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit is never changed'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_never_changed()",
)


def upgrade() -> None:
    # Plain ADD COLUMN, which both databases do in place: a batch would copy the tables, and others refer to them.
    op.add_column("account", sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("account", sa.Column("totp_secret", sa.LargeBinary(), nullable=True))
    op.add_column("account", sa.Column("totp_pending", sa.LargeBinary(), nullable=True))
    op.add_column("account", sa.Column("totp_step", BigId, nullable=False, server_default="0"))
    op.add_column("login_session", sa.Column("device", sa.String(), nullable=False, server_default=""))
    op.add_column("login_session", sa.Column("proved", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "recovery_code",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"])
    op.create_index(op.f("ix_audit_account_id"), "audit", ["account_id", "id"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL:
            op.execute(statement)
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(SQLITE.format(event=event))
