"""the first day

Revision ID: 20261122
Revises:
"""

import sqlalchemy as sa
from alembic import op

from hub.models.base import BigId, Json, UtcDateTime

revision = "20261122"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("account_id", BigId, nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("after", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursor")),
    )
    op.create_table(
        "election",
        sa.Column("id", BigId, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("definition", Json, nullable=False),
        sa.Column("loaded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_election")),
        sa.UniqueConstraint("key", name=op.f("uq_election_key")),
    )
    op.create_table(
        "journal",
        sa.Column("id", BigId, nullable=False),
        sa.Column("dedup", sa.LargeBinary(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("sender_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sender_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("context", Json, nullable=False),
        sa.Column("raw_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("corrects", BigId, nullable=True),
        sa.Column("account_id", BigId, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("dedup", name=op.f("uq_journal_dedup")),
    )
    op.create_index("ix_journal_sender_digest", "journal", ["sender_digest", "id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("priority", BigId, nullable=False),
        sa.Column("dedup", sa.String(), nullable=True),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("journal_id", BigId, nullable=True),
        sa.Column("alert_id", BigId, nullable=True),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("extra", Json, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", BigId, nullable=False),
        sa.Column("unsure", BigId, nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedup", name=op.f("uq_outbox_dedup")),
    )
    op.create_index("ix_outbox_alert_id", "outbox", ["alert_id"], unique=False)
    op.create_index("ix_outbox_due", "outbox", ["state", "priority", "not_before"], unique=False)
    op.create_index("ix_outbox_journal_id", "outbox", ["journal_id"], unique=False)
    op.create_index("ix_outbox_provider_id", "outbox", ["provider_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", BigId, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("code", name=op.f("uq_person_code")),
    )
    op.create_index(op.f("ix_person_role"), "person", ["role"], unique=False)
    op.create_table(
        "station",
        sa.Column("id", BigId, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("voters", BigId, nullable=False),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
        sa.UniqueConstraint("code", name=op.f("uq_station_code")),
    )
    op.create_index(op.f("ix_station_sampled"), "station", ["sampled"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("told", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_table(
        "wrong_code",
        sa.Column("id", BigId, nullable=False),
        sa.Column("sender_digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wrong_code")),
    )
    op.create_index(op.f("ix_wrong_code_at"), "wrong_code", ["at"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("failed_logins", BigId, nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "alert",
        sa.Column("id", BigId, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("station_id", BigId, nullable=True),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("severity", BigId, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("open_key", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("chain", BigId, nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", BigId, nullable=True),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_by", BigId, nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("merged_into", BigId, nullable=True),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["person.id"], name=op.f("fk_alert_acknowledged_by_person")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_alert_person_id_person")),
        sa.ForeignKeyConstraint(["resolved_by"], ["person.id"], name=op.f("fk_alert_resolved_by_person")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_alert_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("open_key", name=op.f("uq_alert_open_key")),
    )
    op.create_index("ix_alert_state", "alert", ["state", "raised_at"], unique=False)
    op.create_index("ix_alert_topic", "alert", ["topic", "place"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("station_id", BigId, nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("filed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_assignment_person_id_person")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_assignment_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index("ix_assignment_person_id", "assignment", ["person_id"], unique=False)
    op.create_index("ix_assignment_station_id", "assignment", ["station_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_at", UtcDateTime(), nullable=True),
        sa.Column("linked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_contact_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("person_id", "kind", "digest", name=op.f("uq_contact_person_id_kind_digest")),
    )
    op.create_index(op.f("ix_contact_digest"), "contact", ["digest"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("journal_id", BigId, autoincrement=False, nullable=False),
        sa.Column("attempts", BigId, nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name=op.f("fk_inbox_journal_id_journal")),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("pk_inbox")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("account_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_invitation_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitation_digest")),
    )
    op.create_index(op.f("ix_invitation_person_id"), "invitation", ["person_id"], unique=False)
    op.create_table(
        "official",
        sa.Column("station_id", BigId, autoincrement=False, nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_official_station_id_station")),
        sa.PrimaryKeyConstraint("station_id", "form", name=op.f("pk_official")),
    )
    op.create_table(
        "replacement",
        sa.Column("id", BigId, nullable=False),
        sa.Column("station_id", BigId, nullable=False),
        sa.Column("by_id", BigId, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("account_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["station.id"], name=op.f("fk_replacement_by_id_station")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_replacement_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replacement")),
        sa.UniqueConstraint("by_id", name=op.f("uq_replacement_by_id")),
        sa.UniqueConstraint("station_id", name=op.f("uq_replacement_station_id")),
    )
    op.create_table(
        "station_record",
        sa.Column("station_id", BigId, autoincrement=False, nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("by_observer", Json, nullable=False),
        sa.Column("conflicts", Json, nullable=False),
        sa.Column("decided", Json, nullable=False),
        sa.Column("flags", Json, nullable=False),
        sa.Column("quarantined", sa.Boolean(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_station_record_station_id_station")),
        sa.PrimaryKeyConstraint("station_id", "form", name=op.f("pk_station_record")),
    )
    op.create_table(
        "submission",
        sa.Column("journal_id", BigId, autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("station_id", BigId, nullable=True),
        sa.Column("answers", Json, nullable=False),
        sa.Column("problems", Json, nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name=op.f("fk_submission_journal_id_journal")),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("pk_submission")),
    )
    op.create_index("ix_submission_person_id", "submission", ["person_id"], unique=False)
    op.create_index("ix_submission_station_id", "submission", ["station_id", "form"], unique=False)
    op.create_table(
        "alert_event",
        sa.Column("id", BigId, nullable=False),
        sa.Column("alert_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("journal_id", BigId, nullable=True),
        sa.Column("account_id", BigId, nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_event_alert_id_alert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_event")),
    )
    op.create_index(op.f("ix_alert_event_alert_id"), "alert_event", ["alert_id"], unique=False)
    op.create_table(
        "alert_step",
        sa.Column("id", BigId, nullable=False),
        sa.Column("alert_id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("chain", BigId, nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("road", sa.String(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_step_alert_id_alert")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_alert_step_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_step")),
    )
    op.create_index("ix_alert_step_alert_id", "alert_step", ["alert_id", "person_id"], unique=False)
    op.create_index("ix_alert_step_due", "alert_step", ["done_at", "due_at"], unique=False)
    op.create_index("ix_alert_step_person_id", "alert_step", ["person_id", "outcome", "done_at"], unique=False)
    op.create_table(
        "call",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("station_id", BigId, nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_call_account_id_account")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_call_person_id_person")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_call_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
    )
    op.create_index(op.f("ix_call_person_id"), "call", ["person_id"], unique=False)
    op.create_index("ix_call_station_id", "call", ["station_id", "form"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", BigId, nullable=False),
        sa.Column("journal_id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("station_id", BigId, nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("severity", BigId, nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=False),
        sa.Column("alert_id", BigId, nullable=True),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_name", sa.String(), nullable=False),
        sa.Column("complaint", Json, nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_incident_alert_id_alert")),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name=op.f("fk_incident_journal_id_journal")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_incident_person_id_person")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_incident_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("journal_id", name=op.f("uq_incident_journal_id")),
    )
    op.create_index(op.f("ix_incident_alert_id"), "incident", ["alert_id"], unique=False)
    op.create_index(op.f("ix_incident_reported_at"), "incident", ["reported_at"], unique=False)
    op.create_index(op.f("ix_incident_station_id"), "incident", ["station_id"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("id", BigId, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_login_session_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_login_session_token_digest")),
    )
    op.create_index(op.f("ix_login_session_account_id"), "login_session", ["account_id"], unique=False)
    op.create_table(
        "work_item",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("open_key", sa.String(), nullable=True),
        sa.Column("journal_id", BigId, nullable=True),
        sa.Column("station_id", BigId, nullable=True),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("severity", BigId, nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_by", BigId, nullable=True),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", BigId, nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("postponed_until", UtcDateTime(), nullable=True),
        sa.Column("postponed_after", BigId, nullable=True),
        sa.Column("escalated_at", UtcDateTime(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["claimed_by"], ["account.id"], name=op.f("fk_work_item_claimed_by_account")),
        sa.ForeignKeyConstraint(["closed_by"], ["account.id"], name=op.f("fk_work_item_closed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_item")),
        sa.UniqueConstraint("open_key", name=op.f("uq_work_item_open_key")),
    )
    op.create_index("ix_work_item_journal_id", "work_item", ["journal_id"], unique=False)
    op.create_index("ix_work_item_queue", "work_item", ["closed_at", "severity", "opened_at"], unique=False)
    op.create_table(
        "incident_link",
        sa.Column("incident_id", BigId, autoincrement=False, nullable=False),
        sa.Column("other_id", BigId, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_link_incident_id_incident")),
        sa.ForeignKeyConstraint(["other_id"], ["incident.id"], name=op.f("fk_incident_link_other_id_incident")),
        sa.PrimaryKeyConstraint("incident_id", "other_id", name=op.f("pk_incident_link")),
    )


def downgrade() -> None:
    op.drop_table("incident_link")
    op.drop_index("ix_work_item_queue", table_name="work_item")
    op.drop_index("ix_work_item_journal_id", table_name="work_item")
    op.drop_table("work_item")
    op.drop_index(op.f("ix_login_session_account_id"), table_name="login_session")
    op.drop_table("login_session")
    op.drop_index(op.f("ix_incident_station_id"), table_name="incident")
    op.drop_index(op.f("ix_incident_reported_at"), table_name="incident")
    op.drop_index(op.f("ix_incident_alert_id"), table_name="incident")
    op.drop_table("incident")
    op.drop_index("ix_call_station_id", table_name="call")
    op.drop_index(op.f("ix_call_person_id"), table_name="call")
    op.drop_table("call")
    op.drop_index("ix_alert_step_person_id", table_name="alert_step")
    op.drop_index("ix_alert_step_due", table_name="alert_step")
    op.drop_index("ix_alert_step_alert_id", table_name="alert_step")
    op.drop_table("alert_step")
    op.drop_index(op.f("ix_alert_event_alert_id"), table_name="alert_event")
    op.drop_table("alert_event")
    op.drop_index("ix_submission_station_id", table_name="submission")
    op.drop_index("ix_submission_person_id", table_name="submission")
    op.drop_table("submission")
    op.drop_table("station_record")
    op.drop_table("replacement")
    op.drop_table("official")
    op.drop_index(op.f("ix_invitation_person_id"), table_name="invitation")
    op.drop_table("invitation")
    op.drop_table("inbox")
    op.drop_index(op.f("ix_contact_digest"), table_name="contact")
    op.drop_table("contact")
    op.drop_index("ix_assignment_station_id", table_name="assignment")
    op.drop_index("ix_assignment_person_id", table_name="assignment")
    op.drop_table("assignment")
    op.drop_index("ix_alert_topic", table_name="alert")
    op.drop_index("ix_alert_state", table_name="alert")
    op.drop_table("alert")
    op.drop_table("account")
    op.drop_index(op.f("ix_wrong_code_at"), table_name="wrong_code")
    op.drop_table("wrong_code")
    op.drop_table("upload")
    op.drop_index(op.f("ix_station_sampled"), table_name="station")
    op.drop_table("station")
    op.drop_index(op.f("ix_person_role"), table_name="person")
    op.drop_table("person")
    op.drop_index("ix_outbox_provider_id", table_name="outbox")
    op.drop_index("ix_outbox_journal_id", table_name="outbox")
    op.drop_index("ix_outbox_due", table_name="outbox")
    op.drop_index("ix_outbox_alert_id", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_journal_sender_digest", table_name="journal")
    op.drop_table("journal")
    op.drop_table("election")
    op.drop_table("cursor")
    op.drop_table("audit")
