"""What a coordinator or lawyer reads: the page with its buttons, what becomes of it, the digest. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bots import segments
from hub.checklist.definition import CommandName
from hub.election.definition import Election
from hub.replies import say

Buttons = tuple[tuple[tuple[str, str], ...], ...]

DIGEST_LINES = 12
_ROWS: tuple[tuple[tuple[CommandName, str], ...], ...] = (
    (("ack", "button_acknowledge"), ("way", "button_way")),
    (("call", "button_call"),),
    (("done", "button_resolve"), ("false", "button_false")),
)


@dataclass(frozen=True, slots=True)
class Matter:
    """An alert as it is told. `station` and `reporter` by code, "" where there is none; `earlier`: alerts before."""

    number: int
    topic: str
    severity: int
    station: str
    district: str
    region: str
    reporter: str
    words: str
    at: datetime
    earlier: tuple[int, ...] = ()


def push(election: Election, matter: Matter, language: str) -> str:
    """What is read on Telegram: everything."""
    lines = [say(election, "alert_push", language, **_told(election, matter, language))]
    if matter.words:
        lines.append(say(election, "alert_push_words", language, words=matter.words))
    if matter.earlier:
        numbers = ", ".join(map(str, matter.earlier))
        lines.append(say(election, "alert_push_earlier", language, numbers=numbers))
    return "\n".join(lines)


def text(election: Election, matter: Matter, language: str) -> str:
    """What fits into one SMS in Latin letters, into two in others, and what to text back. What it is about is
    shortened first, then where it is; the number and what to text back never."""
    how = say(election, "alert_sms_how", language, number=matter.number)
    told = _told(election, matter, language)
    for part in ("what", "district", "station", "person"):
        while not _short(whole := _with_how(election, told, language, how)) and told[part]:
            told[part] = _shortened(told[part])
    return whole


def buttons(election: Election, matter: Matter, language: str, state: str) -> Buttons:
    """The buttons that an alert in this state still needs. A pressed one sends the command that could be texted."""
    if state == "resolved":
        return ()
    offered = [
        tuple(
            (say(election, label, language), f"{words[0]} {matter.number}")
            for command, label in row
            if (words := election.checklist.commands.get(command))
            and not (command == "ack" and state != "raised")
            and not (command == "call" and not matter.reporter)
        )
        for row in _ROWS
    ]
    return tuple(row for row in offered if row)


def news(election: Election, kind: str, number: int, who: str, at: datetime, language: str) -> str:
    """One line about what became of an alert: `kind` is the event's."""
    return say(election, f"alert_news_{kind}", language, number=number, person=who, time=_clock(election, at))


def digest(election: Election, matters: Sequence[Matter], language: str) -> str:
    """Several alerts in one message: how many, and each in a line as far as they fit."""
    numbers = ", ".join(str(matter.number) for matter in matters)
    lines = [say(election, "alert_digest", language, count=len(matters), numbers=numbers)]
    lines += [
        say(election, "alert_digest_line", language, **_told(election, matter, language))
        for matter in matters[:DIGEST_LINES]
    ]
    return "\n".join(lines)


def what(election: Election, topic: str, language: str) -> str:
    """A topic in words: the category, the critical answer under its question, the rule, pattern or silence."""
    language = election.language(language)
    kind, _, subject = topic.partition(":")
    form, _, name = subject.partition(".")
    alerting = election.alerting
    match kind:
        case "incident":
            category = election.checklist.category_by_code.get(subject)
            return category.title[language] if category else topic
        case "answer":
            return _critical_answer(election, form, name, language) or topic
        case "rule":
            rules = {rule.name: rule.message for rule in election.checklist.form(form).rules}
            return rules[name][language] if name in rules else topic
        case "pattern" | "silence":
            titles = {pattern.name: pattern.title for pattern in alerting.patterns}
            titles |= {silence.name: silence.title for silence in alerting.silence}
            return titles[subject][language] if subject in titles else topic
        case "hub":
            return _word(election, f"hub_{subject}", language) or topic
    return say(election, topic, language) if topic == "sos" else topic


def _critical_answer(election: Election, form: str, answer: str, language: str) -> str:
    code, _, value = answer.partition("=")
    known = election.checklist.by_code.get(form)
    question = known.by_code.get(code) if known else None
    if question is None:
        return ""
    said = next((option.text[language] for option in question.options if option.code == value), value)
    return say(election, "critical_answer", language, question=question.text[language], answer=said)


def _with_how(election: Election, told: dict[str, str], language: str, how: str) -> str:
    return segments.in_gsm(f"{say(election, 'alert_push', language, **told)}\n{how}")


def _short(text: str) -> bool:
    counted = segments.count(text)
    return counted.count <= (1 if counted.gsm else 2)


def _shortened(words: str) -> str:
    kept = words.removesuffix("…")[:-1].rstrip()
    return f"{kept}…" if kept else ""


def _told(election: Election, matter: Matter, language: str) -> dict[str, str]:
    return {
        "number": str(matter.number),
        "severity": _word(election, f"severity_{matter.severity}", language) or str(matter.severity),
        "what": what(election, matter.topic, language),
        "station": matter.station or matter.region or "–",
        "district": matter.district or matter.region or "–",
        "person": matter.reporter or "–",
        "time": _clock(election, matter.at),
    }


def _word(election: Election, key: str, language: str) -> str:
    """ "" where an election that was loaded before has no such word: a page goes out all the same."""
    return say(election, key, language) if key in election.replies else ""


def _clock(election: Election, at: datetime) -> str:
    return f"{at.astimezone(election.zone):%H:%M}"
