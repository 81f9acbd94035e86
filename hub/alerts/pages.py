"""The push itself: what a coordinator or lawyer reads, and the buttons under it. Pure."""

from __future__ import annotations

from datetime import datetime

from hub import outbox
from hub.alerts.routing import Recipient
from hub.alerts.rules import Trigger
from hub.checklist.people import Person, Station
from hub.election.definition import Election
from hub.outbox import Draft
from hub.replies import say

CHANNEL = {"telegram": "telegram", "phone": "sms"}


def page(
    election: Election,
    recipient: Recipient,
    trigger: Trigger,
    number: int,
    station: Station,
    reporter: Person,
    words: str,
    at: datetime,
) -> Draft:
    """One push to one person, in their language. On SMS, which has no buttons, it says what to text."""
    language = recipient.person.language
    telegram = recipient.contact.kind == "telegram"
    lines = [
        say(
            election,
            "alert_push",
            language,
            number=number,
            what=what(election, trigger.topic, language),
            station=station.code,
            district=station.district,
            person=reporter.code,
            time=f"{at.astimezone(election.zone):%H:%M}",
        )
    ]
    if words and telegram:
        lines.append(say(election, "alert_push_words", language, words=words))
    if not telegram:
        lines.append(say(election, "alert_sms_how", language, number=number))
    return Draft(
        kind="push",
        priority=outbox.CRITICAL if trigger.severity == 1 else outbox.PUSH,
        channel=CHANNEL[recipient.contact.kind],
        address_sealed=recipient.contact.sealed,
        text="\n".join(lines),
        dedup=f"alert:{number}:{recipient.person.id}",
        person_id=recipient.person.id,
        alert_id=number,
        buttons=_buttons(election, number, language) if telegram else (),
    )


def what(election: Election, topic: str, language: str) -> str:
    """An alert's topic in words: the incident's category, or the critical answer under its question."""
    language = election.language(language)
    kind, _, subject = topic.partition(":")
    if kind == "incident":
        return election.checklist.category_by_code[subject].title[language]
    ref, _, value = subject.partition("=")
    form, _, code = ref.partition(".")
    question = election.checklist.form(form).by_code[code]
    answer = next((option.text[language] for option in question.options if option.code == value), value)
    return say(election, "critical_answer", language, question=question.text[language], answer=answer)


def _buttons(election: Election, number: int, language: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    # A pressed button sends back the command that the person could have texted.
    commands = election.checklist.commands
    return (
        (
            (say(election, "button_acknowledge", language), f"{commands['ack'][0]} {number}"),
            (say(election, "button_resolve", language), f"{commands['done'][0]} {number}"),
        ),
    )
