"""The guided checklist in the pipeline: an entry is an event of its sender's dialog, and the answers are what is
shown. What is sent at its end is a coded text like any other, in the journal, where the next batch reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.checklist import validation
from hub.checklist.definition import Form
from hub.checklist.folding import fold, folded_words
from hub.checklist.people import Person, Station
from hub.checklist.reading import CommandText, Reading, Unreadable
from hub.context import Hub
from hub.database import parts
from hub.dialog import dialog as dialogs
from hub.dialog import plan, screens
from hub.dialog.dialog import Dialog, Event, Look, Paper, Turn, Typed
from hub.dialog.screens import Choice, Screen
from hub.intake import answering, journal, registration
from hub.intake.entries import put_together
from hub.intake.journal import Entry
from hub.models import DialogRow
from hub.outbox import Draft
from hub.replies import problem_text, say
from hub.reports.stations import StationRecords

Senders = Mapping[tuple[bytes, datetime], Sequence[Person]]


@dataclass(frozen=True, slots=True)
class Guided:
    """What an entry did to a dialog: `drafts` by Telegram, or what is `said` in plain words. `taken` is False where
    it is something else besides, and only the question is asked again."""

    drafts: tuple[Draft, ...] = ()
    said: str = ""
    taken: bool = True


@dataclass(frozen=True, slots=True)
class _Open:
    """A dialog in hand, with its form, and whose it is."""

    row: DialogRow
    dialog: Dialog
    paper: Paper
    person: Person


class Guide:
    """The open dialogs of a batch's senders. Their stations are locked, so that no other worker has them in hand."""

    def __init__(
        self,
        session: Session,
        hub: Hub,
        senders: Senders,
        entries: Sequence[Entry],
        stations: Mapping[str, Station],
        records: StationRecords,
        now: datetime,
    ) -> None:
        self._session, self._hub, self._election = session, hub, hub.election
        self._stations, self._records, self._now = stations, records, now
        self._channels = hub.election.dialog if "form" in hub.election.checklist.commands else ()
        guided = [senders.get((it.sender, it.received_at), ()) for it in entries if it.channel in self._channels]
        self._rows = _rows(session, {person.id for persons in guided for person in persons})

    def take(self, entry: Entry, reading: Reading | None, senders: Sequence[Person]) -> Guided | None:
        """None where the entry is none of a dialog's business: then it is whatever it is."""
        if entry.channel not in self._channels or not senders:
            return None
        if isinstance(reading, CommandText) and reading.name == "form":
            return self._begin(entry, senders, reading.argument, reading.rest)
        if registration.is_start(entry):
            known = say(self._election, "register_already", senders[0].language, person=senders[0].code)
            return self._begin(entry, senders, above=known) if any(it.stations for it in senders) else None
        if entry.kind == "button" and (press := screens.pressed(entry.text)):
            return self._step(entry, self._found(senders, press[0]), press[1], senders)
        if entry.kind == "text" and isinstance(reading, Unreadable) and (found := self._found(senders)):
            return self._typed(entry, found, reading, senders)
        if entry.kind == "edited" and isinstance(reading, Unreadable) and (found := self._found(senders)):
            typed = _typed(entry)
            return self._step(entry, found, typed, senders) if typed.message in found.dialog.typed else None
        return None

    def _begin(
        self, entry: Entry, senders: Sequence[Person], form: str = "", rest: str = "", above: str = ""
    ) -> Guided | None:
        """The form that is named or due; which, where there are several. None where the one named is not theirs."""
        language, plain = senders[0].language, entry.channel != "telegram"
        choices = self._choices(entry, senders, form, rest)
        named = self._election.checklist.by_code.get(form)
        untimely = validation.untimely(named, entry.received_at) if named else None
        if untimely:
            screen = Screen(problem_text(self._election, untimely, language, named))
        elif named and not choices:
            return None
        elif not choices:
            screen = Screen(self._nothing(language, entry.received_at))
        elif len(choices) > 1:
            shown = [
                Choice(it, station, person.code if len(_owners(senders, station)) > 1 else "")
                for person, station, it in choices
            ]
            screen = screens.menu(self._election, language, shown, plain=plain)
        else:
            open_now = self._opened(entry, *choices[0])
            screen = self._shown(entry, open_now, Turn(open_now.dialog), senders)
        said = "\n".join(filter(None, [above, screen.text]))
        return self._answer(entry, senders[0], replace(screen, text=said))

    def _step(self, entry: Entry, found: _Open | None, event: Event, senders: Sequence[Person]) -> Guided:
        if found is None:
            over = say(self._election, "dialog_over", senders[0].language)
            return Guided((answering.draft(self._hub.vault, entry, over, person_id=senders[0].id),))
        turn = dialogs.take(found.dialog, event, found.paper)
        if turn.sent:
            self._send(entry, found, senders)
        else:
            self._keep(entry, found.row, found.dialog, turn.dialog)
        return self._answer(entry, senders[0], self._shown(entry, found, turn, senders))

    def _typed(self, entry: Entry, found: _Open, reading: Unreadable, senders: Sequence[Person]) -> Guided | None:
        """A bare answer to the question asked. What may be meant for a person goes to one as well."""
        if entry.received_at < found.row.asked_at:  # before this question was seen
            return self._step(entry, found, Look(), senders)
        press = screens.worded(self._election, entry.text, found.dialog.step)
        turn = dialogs.take(found.dialog, press or _typed(entry), found.paper)
        if turn.problem is None or turn.took:
            return self._step(entry, found, press or _typed(entry), senders)
        guided = self._step(entry, found, _typed(entry), senders)
        return guided if _tries(entry.text, reading) else replace(guided, said="", taken=False)

    def _send(self, entry: Entry, found: _Open, senders: Sequence[Person]) -> None:
        """Journals the coded text in the sender's name. It is unique by its dialog, whoever presses how often."""
        seen = dialogs.unobserved(found.dialog, found.paper)
        words = say(self._election, "dialog_unobserved", self._election.default_language, codes=", ".join(seen))
        shared = len(_owners(senders, found.dialog.station)) > 1
        comment = " ".join(filter(None, [found.person.code if shared else "", words if seen else ""]))
        texts = dialogs.coded(found.dialog, found.paper)
        texts = tuple(f"{text} # {comment}" if comment else text for text in texts)
        rows = [self._row(entry, found.row, number, text) for number, text in enumerate(texts)]
        journal.store(self._session, rows)
        self._session.delete(found.row)
        del self._rows[found.row.id]

    def _row(self, entry: Entry, row: DialogRow, number: int, text: str) -> dict[str, Any]:
        made_of = {"dialog": row.state, "sent_by": entry.id}
        return put_together(self._hub, entry, f"dialog:{row.id}:{number}", text, made_of, {"dialog": row.id})

    def _choices(self, entry: Entry, senders: Sequence[Person], form: str, rest: str) -> list[tuple[Person, str, Form]]:
        checklist = self._election.checklist
        forms = (
            [checklist.form(form)] if form in checklist.by_code else plan.open_forms(self._election, entry.received_at)
        )
        places = [
            (person, code)
            for person in senders
            if person.role == "observer"
            for code in person.stations
            if _named(rest, code, person.code)
        ]
        return [
            (person, code, each)
            for each in forms
            for person, code in places
            if each.code == form or self._unfinished(person, code, each)
        ]

    def _unfinished(self, person: Person, code: str, form: Form) -> bool:
        if any(
            (it.person_id, it.state["station"], it.state["form"]) == (person.id, code, form.code)
            for it in self._rows.values()
        ):
            return True
        station = self._stations[code]
        record = self._records.get(station.id, form.code)
        if record is None:
            return True
        told = self._records.known(station.id, person.id)
        if form.observers == "agree":
            told = {**told, form.code: record.of(person.id)}
        return bool(plan.lacking(self._election.checklist, form, told, station.voters))

    def _nothing(self, language: str, now: datetime) -> str:
        later = [form for form in self._election.checklist.forms if form.opens and form.opens > now]
        later.sort(key=self._election.due_at)
        told = (
            {"form": later[0].code, "due": f"{self._election.due_at(later[0]).astimezone(self._election.zone):%H:%M}"}
            if later
            else {}
        )
        said = say(self._election, "dialog_nothing", language)
        return f"{said}\n{say(self._election, 'dialog_next', language, **told)}" if told else said

    def _opened(self, entry: Entry, person: Person, station: str, form: Form) -> _Open:
        """The dialog on this form, where it stopped; else a new one."""
        for row in self._rows.values():
            if (row.person_id, row.state["station"], row.state["form"]) == (person.id, station, form.code):
                found = self._in_hand(row, person)
                self._keep(entry, row, found.dialog, found.dialog)
                return found
        paper = self._paper(person, station, form)
        dialog = dialogs.begin(entry.id, station, paper)
        row = DialogRow(id=dialog.id, person_id=person.id, state=dialog.as_json(), touched=entry.id, asked_at=self._now)
        self._session.add(row)
        self._rows[row.id] = row
        return _Open(row, dialog, paper, person)

    def _found(self, senders: Sequence[Person], dialog: int | None = None) -> _Open | None:
        """That dialog of theirs, or the one touched last; of a form and station that are still theirs."""
        by_id = {person.id: person for person in senders}
        rows = [
            row
            for row in self._rows.values()
            if row.person_id in by_id
            and row.state["form"] in self._election.checklist.by_code
            and row.state["station"] in by_id[row.person_id].stations
            and dialog in (None, row.id)
        ]
        row = max(rows, key=lambda it: it.touched, default=None)
        return self._in_hand(row, by_id[row.person_id]) if row else None

    def _in_hand(self, row: DialogRow, person: Person) -> _Open:
        dialog = Dialog.from_json(row.state)
        return _Open(
            row, dialog, self._paper(person, dialog.station, self._election.checklist.form(dialog.form)), person
        )

    def _paper(self, person: Person, station_code: str, form: Form) -> Paper:
        station = self._stations[station_code]
        record = self._records.get(station.id, form.code)
        said = record.of(person.id) if record else {}
        known = self._records.known(station.id, person.id)
        return Paper(self._election.checklist, form, said, known, station.voters)

    def _keep(self, entry: Entry, row: DialogRow, before: Dialog, after: Dialog) -> None:
        row.state, row.touched = after.as_json(), max(row.touched, entry.id)
        if after.at != before.at:
            row.asked_at = self._now

    def _shown(self, entry: Entry, found: _Open, turn: Turn, senders: Sequence[Person]) -> Screen:
        plain = entry.channel != "telegram"
        return screens.show(self._election, senders[0].language, turn, found.paper, plain=plain)

    def _answer(self, entry: Entry, person: Person, screen: Screen) -> Guided:
        """In the place of the screen whose button was pressed; as a new message where something was typed."""
        if entry.channel != "telegram":
            return Guided(said=screen.text)
        told = answering.draft(self._hub.vault, entry, screen.text, person_id=person.id, over_button=False)
        told = replace(told, buttons=screen.buttons)
        if entry.kind != "button":
            return Guided((told,))
        chat, message = entry.context.get("chat", ""), entry.context.get("message", "")
        own = bool(message) and chat == self._hub.vault.open(entry.sender_sealed).decode()
        shown = replace(told, kind="edit", edits=f"{chat}:{message}") if own else told
        return Guided((answering.draft(self._hub.vault, entry, "", person_id=person.id), shown))


def _typed(entry: Entry) -> Typed:
    return Typed(entry.text, entry.context.get("message", ""), entry.kind == "edited")


def _rows(session: Session, person_ids: set[int]) -> dict[int, DialogRow]:
    found: dict[int, DialogRow] = {}
    for part in parts(person_ids):
        rows = session.scalars(select(DialogRow).where(DialogRow.person_id.in_(part)).order_by(DialogRow.id))
        found |= {row.id: row for row in rows}
    return found


def _owners(senders: Sequence[Person], station: str) -> list[Person]:
    return [person for person in senders if person.role == "observer" and station in person.stations]


def _named(rest: str, station: str, person: str) -> bool:
    """Whether `10001` or `10001 A1` names this station, and this observer at it; nothing names them all."""
    words = folded_words(rest)
    return not words or (words[0] == station and (len(words) == 1 or words[1:] == folded_words(person)))


def _tries(text: str, reading: Unreadable) -> bool:
    """Whether a text that is no answer was meant for one: a word or a number, and no sentence. Whoever writes more
    may need help, and is heard at the desk."""
    letters = [word for word in fold(text).text.split() if any(map(str.isalpha, word))]
    return len(letters) <= 1 and all(problem.code != "unknown_form" for problem in reading.problems)
