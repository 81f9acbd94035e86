"""What raises an alert. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.checklist.definition import Category, Form
from hub.election.definition import Alerting


@dataclass(frozen=True, slots=True)
class Trigger:
    """`topic` is what the alert is about at its station, so that repeats find it: `incident:01`, `answer:OPN.A=2`."""

    topic: str
    severity: int


def by_answers(form: Form, answers: Mapping[str, str]) -> list[Trigger]:
    """The answers that the checklist marks as critical."""
    return [
        Trigger(f"answer:{form.code}.{question.code}={answers[question.code]}", 1)
        for question in form.questions
        if answers.get(question.code) in question.critical
    ]


def by_category(category: Category, alerting: Alerting) -> list[Trigger]:
    """An incident raises an alert where the election pages somebody for its severity."""
    if not alerting.page.get(category.severity):
        return []
    return [Trigger(f"incident:{category.code}", category.severity)]
