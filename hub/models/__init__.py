"""Every table of the hub."""

from hub.models.base import Base
from hub.models.desk import AccountRow, AuditRow, LoginSessionRow, WorkItemRow
from hub.models.election import (
    AssignmentRow,
    ContactRow,
    ElectionRow,
    InvitationRow,
    PersonRow,
    ReplacementRow,
    StationRow,
    WrongCodeRow,
)
from hub.models.messages import CursorRow, InboxRow, JournalRow, OutboxRow
from hub.models.reports import (
    AlertEventRow,
    AlertRow,
    IncidentRow,
    OfficialRow,
    StationRecordRow,
    SubmissionRow,
)

__all__ = [
    "AccountRow",
    "AlertEventRow",
    "AlertRow",
    "AssignmentRow",
    "AuditRow",
    "Base",
    "ContactRow",
    "CursorRow",
    "ElectionRow",
    "InboxRow",
    "IncidentRow",
    "InvitationRow",
    "JournalRow",
    "LoginSessionRow",
    "OfficialRow",
    "OutboxRow",
    "PersonRow",
    "ReplacementRow",
    "StationRecordRow",
    "StationRow",
    "SubmissionRow",
    "WorkItemRow",
    "WrongCodeRow",
]
