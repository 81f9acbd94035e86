"""Every table of the hub."""

from hub.models.base import Base
from hub.models.broadcasts import BroadcastRow, RecipientRow
from hub.models.custody import ChainRow, HeadRow
from hub.models.desk import AccountRow, AuditRow, CallRow, DeedRow, LoginSessionRow, RecoveryCodeRow, WorkItemRow
from hub.models.dialogs import DialogRow
from hub.models.election import (
    AssignmentRow,
    ContactRow,
    ElectionRow,
    InvitationRow,
    PersonRow,
    ProofRow,
    ReplacementRow,
    StationRow,
    UploadRow,
    WrongCodeRow,
)
from hub.models.figures import ReleaseRow, RulingRow
from hub.models.media import MediaBlobRow, MediaRow
from hub.models.messages import CursorRow, InboxRow, JournalRow, OnceRow, OutboxRow, SeenRow, TallyRow
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
    "BroadcastRow",
    "CallRow",
    "ChainRow",
    "ContactRow",
    "CursorRow",
    "DeedRow",
    "DialogRow",
    "ElectionRow",
    "HeadRow",
    "InboxRow",
    "IncidentLinkRow",
    "IncidentRow",
    "InvitationRow",
    "JournalRow",
    "LoginSessionRow",
    "MediaBlobRow",
    "MediaRow",
    "OfficialRow",
    "OnceRow",
    "OutboxRow",
    "PersonRow",
    "ProofRow",
    "RecipientRow",
    "RecoveryCodeRow",
    "ReleaseRow",
    "ReplacementRow",
    "RulingRow",
    "SeenRow",
    "StationRecordRow",
    "StationRow",
    "SubmissionRow",
    "TallyRow",
    "UploadRow",
    "WorkItemRow",
    "WrongCodeRow",
]
