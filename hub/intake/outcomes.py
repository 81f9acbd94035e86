"""What a batch leaves behind: what was made of each message, work for the desk, replies. Written at its end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hub import outbox
from hub.checklist import proof
from hub.checklist.people import Person, Station
from hub.checklist.problems import Problem
from hub.checklist.validation import Judgement
from hub.context import Hub
from hub.desk import late, opening
from hub.desk.opening import late_cause
from hub.election.definition import Election
from hub.intake import answering, registration
from hub.intake.budget import Budget
from hub.intake.journal import Entry
from hub.intake.photos import Photos
from hub.outbox import Draft
from hub.replies import report_reply, say
from hub.reports import submissions


class Outcomes:
    """Gathers rows and messages; nothing is in the database before `write`. `strangers`: the entries with words of
    senders whom nobody knows."""

    def __init__(
        self, session: Session, hub: Hub, now: datetime, budget: Budget, photos: Photos, strangers: Collection[int]
    ) -> None:
        self._session = session
        self._hub = hub
        self._election: Election = hub.election
        self._now = now
        self._budget = budget
        self._photos = photos
        self._strangers = strangers
        self.submissions: list[dict[str, Any]] = []
        self.items: list[dict[str, Any]] = []
        self.drafts: list[Draft] = []

    def settled(
        self,
        entry: Entry,
        outcome: str,
        judgement: Judgement | None = None,
        person: Person | None = None,
        station: Station | None = None,
        terms: dict[str, Any] | None = None,
        incident: int | None = None,
    ) -> None:
        form = judgement.form if judgement else None
        self._photos.settled(entry, outcome, person, station, form or "", incident)
        self.submissions.append(
            submissions.row(
                entry.id,
                outcome,
                self._now,
                form=form,
                person_id=person.id if person else None,
                station_id=station.id if station else None,
                answers=dict(judgement.answers) if judgement else None,
                problems=judgement.problems if judgement else (),
                comment=judgement.comment if judgement else "",
                terms=terms,
            )
        )

    def to_desk(
        self,
        entry: Entry,
        severity: int,
        detail: dict[str, Any],
        judgement: Judgement | None = None,
        cause: str = "",
    ) -> None:
        station = judgement.station if judgement else None
        form = judgement.form if judgement else None
        if "part" in entry.context:
            detail = detail | {"whole": proof.masked(entry.text)}
        self.items.append(
            opening.item(
                self._kind(entry, cause),
                cause or f"message:{entry.origin}",
                severity,
                entry.received_at,
                journal_id=entry.origin,
                station_id=station.id if station else None,
                form=form,
                detail=detail,
            )
        )

    def to_verify(self, entry: Entry, number: int, severity: int, station: Station, words: str) -> None:
        """Somebody asks by phone whether it is so, where the election wants that for so grave an incident."""
        if severity <= self._election.verify:
            at, detail = entry.received_at, {"incident": number, "words": words}
            cause = opening.incident_cause(number)
            self.items.append(
                opening.item(
                    "incident", cause, severity, at, journal_id=entry.origin, station_id=station.id, detail=detail
                )
            )

    def confirm(self, entry: Entry, judgement: Judgement, person: Person | None, dedup: str | None = None) -> None:
        language = person.language if person else self._election.default_language
        problems: Sequence[Problem] = judgement.problems
        said = report_reply(
            self._election,
            language,
            outcome=judgement.outcome,
            form=judgement.form,
            station=judgement.station.code if judgement.station else None,
            answers=judgement.answers,
            problems=problems,
            own_station=next(iter(person.stations), None) if person else None,
        )
        said = "\n".join(filter(None, (said, self._photos.refusal(entry, language))))
        asks = ""
        if person is None and entry.channel == "telegram":  # a report from an account that is not linked yet
            said, asks = registration.invitation(self._election, said)
        self.reply(entry, person, said, dedup, asks=asks)

    def reply(
        self,
        entry: Entry,
        person: Person | None,
        text: str,
        dedup: str | None = None,
        answers: bool = True,
        asks: str = "",
    ) -> None:
        """As far as the budget goes; over the pressed button unless it `answers` none."""
        language = person.language if person else self._election.default_language
        person_id = person.id if person else None
        draft = answering.draft(
            self._hub.vault,
            entry,
            text,
            person_id=person_id,
            dedup=dedup,
            over_button=answers,
            asks_contact=asks,
        )
        draft = answering.preferred(self._session, self._hub, draft, entry, person)

        def instead() -> str:
            return say(self._election, "same_again", language)

        verdict = self._budget.verdict(entry, draft.channel, text, instead)
        if verdict == "quiet":
            self.to_desk(entry, 2, {"quiet": True}, cause=f"quiet:{entry.sender.hex()}")
        if verdict in ("quiet", "never"):
            return
        if verdict == "instead":
            draft = replace(draft, text=instead(), dedup=None)
        self.drafts.append(draft)

    def write(self) -> None:
        """Everything at once, and closes the calls for reports that came."""
        submissions.store(self._session, self.submissions)
        self._photos.write()
        opening.close_causes(self._session, self._here(), "came", self._now)
        opening.open_items(self._session, self.items)
        outbox.enqueue(self._session, self.drafts, self._hub.timer())

    def _kind(self, entry: Entry, cause: str) -> str:
        return "quiet" if cause.startswith("quiet:") else "unknown" if entry.id in self._strangers else "message"

    def _here(self) -> set[str]:
        """The causes of calls that are not needed any more: the reports came."""
        called = {form.code for form in late.overdue(self._election, self._now, timedelta(0))}
        rows = [row for row in self.submissions if row["form"] in called and row["station_id"]]
        come = [row for row in rows if row["outcome"] in ("accepted", "partial", "duplicate")]
        return {late_cause(row["station_id"], row["form"]) for row in come}
