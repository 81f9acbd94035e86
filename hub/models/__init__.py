"""Every table of the hub."""

from hub.models.base import Base
from hub.models.desk import AccountRow, AuditRow, CallRow, LoginSessionRow, WorkItemRow
from hub.models.election import (
    AssignmentRow,
    ContactRow,
    ElectionRow,
    InvitationRow,
    PersonRow,
    ReplacementRow,
    StationRow,
    UploadRow,
    WrongCodeRow,
)
from hub.models.messages import CursorRow, InboxRow, JournalRow, OutboxRow
from hub.models.reports import (
    AlertEventRow,
    AlertRow,
    AlertStepRow,
    IncidentLinkRow,
    IncidentRow,
    OfficialRow,
    StationRecordRow,
    SubmissionRow,
)

__all__ = [
    "AccountRow",
    "AlertEventRow",
    "AlertRow",
    "AlertStepRow",
    "AssignmentRow",
    "AuditRow",
    "Base",
    "CallRow",
    "ContactRow",
    "CursorRow",
    "ElectionRow",
    "InboxRow",
    "IncidentLinkRow",
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
    "UploadRow",
    "WorkItemRow",
    "WrongCodeRow",
]
