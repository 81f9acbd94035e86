"""What a station is to tell now: the forms that have opened and are not all here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.checklist import rules
from hub.checklist.definition import Checklist, Form
from hub.checklist.rules import Answers
from hub.election.definition import Election


def open_forms(election: Election, now: datetime) -> list[Form]:
    """The forms that may be sent by `now`, those due first in front. One without an opening opens with its day."""
    today = now.astimezone(election.zone).date()
    forms = [
        form
        for form in election.checklist.forms
        if (form.opens <= now if form.opens else form.day <= today) and not (form.closes and form.closes < now)
    ]
    return sorted(forms, key=election.due_at)


def lacking(checklist: Checklist, form: Form, records: Mapping[str, Answers], voters: int | None) -> list[str]:
    """The codes that must still be answered. `records`: what the station has told, form → code → value."""
    told = records.get(form.code, {})
    unasked = rules.of(checklist).unasked(form.code, records, voters)
    required = [question.code for question in form.questions if question.required]
    return [code for code in required if code not in told and code not in unasked]
