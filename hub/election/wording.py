"""Which replies an election must word, and which {placeholders} each may use."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import get_args

from hub.checklist.definition import Text
from hub.checklist.problems import ProblemCode
from hub.election.assembly import Draft
from hub.election.definition import Election
from hub.election.findings import did_you_mean

_PROBLEMS: dict[ProblemCode, str] = {
    "unreadable": "forms value place suggestion",
    "unknown_form": "value forms place suggestion",
    "second_form": "form value place",
    "unknown_sender": "",
    "unknown_station": "station value place suggestion",
    "station_out_of_sample": "station place",
    "station_not_assigned": "station stations place",
    "station_missing": "form stations",
    "person_missing": "people person station",
    "unknown_field": "field value form codes place suggestion",
    "duplicate_field": "field value form place",
    "unknown_option": "field value options form place suggestion",
    "not_a_number": "field value min max form place suggestion",
    "out_of_range": "field value min max form place suggestion",
    "not_a_time": "field value form place suggestion",
    "missing_answers": "codes form station",
    "rule_violated": "message field form",
    "unknown_category": "value form place suggestion",
    "report_not_due": "form due",
    "form_closed": "form due",
}
_REPLIES = {
    "accepted": "form station answers",
    "stored_part": "form station answers",
    "not_stored": "",
    "nothing_stored": "",
    "missing": "codes",
    "example": "example",
    "incident": "number category station",
    "help": "example forms",
    "help_form": "form title questions example",
    "status": "station received due",
    "status_nothing_due": "station received",
    "unknown_command_number": "",
    "alert_acknowledged": "number",
    "alert_resolved": "number",
    "alert_taken": "number person time",
    "alert_closed": "number",
    "alert_unknown": "number",
    "alert_not_yours": "number",
    "alert_on_the_way": "number",
    "alert_false": "number",
    "alert_phone": "number person phone",
    "alert_call_below": "",
    "alert_no_phone": "number",
    "alert_push": "number severity what station district person time",
    "alert_push_words": "words",
    "alert_push_earlier": "numbers",
    "alert_digest": "count numbers",
    "alert_digest_line": "number severity what station district person time",
    "alert_news_acknowledged": "number person time",
    "alert_news_on_the_way": "number person time",
    "alert_news_verified": "number person time",
    "alert_news_unacknowledged": "number person time",
    "alert_news_resolved": "number person time",
    "alert_news_false": "number person time",
    "alert_news_merged": "number person time",
    "alert_sms_how": "number",
    "button_acknowledge": "",
    "button_resolve": "",
    "button_way": "",
    "button_call": "",
    "button_false": "",
    "sos": "",
    "sos_heard": "number",
    "severity_1": "",
    "severity_2": "",
    "severity_3": "",
    "hub_worker": "",
    "hub_timers": "",
    "hub_steps": "",
    "hub_pages": "",
    "hub_poller": "",
    "critical_answer": "question answer",
    "photo_kept": "form station",
    "photo_kept_with": "form station",
    "photo_kept_incident": "number",
    "photo_kept_alone": "",
    "photo_refused": "",
    "photo_too_large": "megabytes",
    "status_missing": "form codes",
    "status_differs": "form codes",
    "status_at_desk": "count",
    "dialog_menu": "",
    "dialog_nothing": "",
    "dialog_next": "form due",
    "dialog_question": "form station place count code question",
    "dialog_number": "min max",
    "dialog_number_between": "min max",
    "dialog_time": "",
    "dialog_text": "",
    "dialog_several": "",
    "dialog_now": "answer",
    "dialog_taken": "code answer",
    "dialog_words": "skip back unobserved",
    "dialog_summary": "form station title",
    "dialog_complete": "form station title",
    "dialog_line": "code question answer",
    "dialog_unanswered": "codes",
    "dialog_unobserved": "codes",
    "dialog_change": "",
    "dialog_send": "send",
    "dialog_sent": "form station",
    "dialog_over": "",
    "button_report": "",
    "button_back": "",
    "button_skip": "",
    "button_next": "",
    "button_unobserved": "",
    "button_done": "",
    "button_yes": "",
    "button_send": "",
    "register_how": "",
    "button_share_number": "",
    "register_done": "person",
    "register_sms": "person",
    "register_already": "person",
    "register_unknown_number": "",
    "register_shared_number": "",
    "register_taken": "",
    "register_wrong_code": "",
    "register_locked": "",
    "same_again": "",
    "call_back": "form station",
    "proof_missing": "what station answers",
    "proof_wrong": "",
    "proof_whole": "",
    "part_missing": "missing total",
    "question_from_desk": "question",
    "nudge": "form station due",
    "late_stations": "form count stations",
}
# Every key of replies.yaml, and the placeholders that the hub fills in there.
PLACEHOLDERS: dict[str, frozenset[str]] = {
    key: frozenset(names.split())
    for key, names in (_REPLIES | {f"problem_{code}": _PROBLEMS[code] for code in get_args(ProblemCode)}).items()
}

# The same of guide.yaml, which an election may do without.
_GUIDE = {
    "title": "",
    "send_to": "number",
    "call": "hotline",
    "how": "",
    "how_form": "",
    "how_station": "",
    "how_comment": "",
    "how_again": "",
    "how_reply": "",
    "example": "",
    "commands": "",
    "command_help": "",
    "command_status": "",
    "command_sos": "",
    "due": "time day",
    "opens": "time",
    "nothing_asked": "",
    "several": "example",
    "number": "",
    "number_between": "min max",
    "decimal": "example",
    "time": "example",
    "text": "",
    "confirmation": "",
    "optional": "",
    "where_relevant": "",
    "critical": "",
    "incidents": "",
    "incident_how": "code",
    "incident_words": "",
}
GUIDE: dict[str, frozenset[str]] = {key: frozenset(names.split()) for key, names in _GUIDE.items()}


def judge(election: Election, draft: Draft) -> None:
    """Every text worded, none unknown, and no placeholder that nobody would fill in."""
    _judge_texts("replies", "reply", election.replies, PLACEHOLDERS, draft)
    if election.guide:
        _judge_texts("guide", "text of the guide", election.guide, GUIDE, draft)


def _judge_texts(
    at: str, called: str, texts: Mapping[str, Text], known: Mapping[str, frozenset[str]], draft: Draft
) -> None:
    for key in known.keys() - texts.keys():
        draft.error((at,), f"the {called} {key} is missing", "word it in every language")
    for key, text in texts.items():
        if key not in known:
            draft.error((at, key), f"there is no {called} {key}", did_you_mean(key, known))
            continue
        for language, words in text.items():
            for message, fix in _wrong_placeholders(words, known[key]):
                draft.error((at, key, language), message, fix)


def _wrong_placeholders(words: str, allowed: frozenset[str]) -> Iterator[tuple[str, str]]:
    try:
        parts = list(string.Formatter().parse(words))
    except ValueError as error:
        yield f"braces do not match: {error}", "write a placeholder like {form}, and no other brace"
        return
    for _, name, form, conversion in parts:
        if name is not None and (name not in allowed or form or conversion):
            known = ", ".join(f"{{{each}}}" for each in sorted(allowed)) or "none"
            yield f"unknown placeholder {{{name}}}", f"it may have: {known}"
