"""One batch on its way into the tables: entries are taken one by one, in order, and written together at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub import bulk, outbox
from hub.alerts import escalation, rules, sos
from hub.alerts.life import Place, at_station
from hub.alerts.rules import Trigger
from hub.checklist import grammar, proof, validation
from hub.checklist.people import Person, Station
from hub.checklist.reading import CommandText, IncidentText, Reading, ReportText
from hub.checklist.rules import of as rules_of
from hub.checklist.validation import Judgement
from hub.context import Hub
from hub.desk import opening
from hub.election.definition import Election
from hub.intake import answering, commands, guiding, journal, proving, registration, troubles
from hub.intake.blocks import Blocks
from hub.intake.budget import Budget
from hub.intake.journal import Entry
from hub.intake.outcomes import Outcomes
from hub.intake.photos import Photos
from hub.intake.registration import Registration
from hub.intake.versions import Versions
from hub.replies import help_text, in_order, say
from hub.reports import incidents, submissions
from hub.reports.stations import Lock, StationRecords
from hub.sample import roster

FLOOD = {"flood": True}
READ = {"text", "edited", "media", "button"}  # kinds of message that may hold a report or a command


def _holds_words(entry: Entry) -> bool:
    return entry.kind in READ and not (entry.kind == "media" and not entry.text.strip())


class Settlement:
    """Holds what one transaction has loaded and what it will write. `judgements`: entry id → what was made of it;
    `deferred`: entries for the next batch: their sender registered in this one, or another worker holds the station.
    """

    def __init__(
        self,
        session: Session,
        hub: Hub,
        entries: Sequence[Entry],
        now: datetime,
        lock: Lock = "wait",
    ) -> None:
        self._session = session
        self._hub = hub
        self._election: Election = hub.election
        self._now = now
        self.judgements: dict[int, Judgement] = {}
        self.deferred: set[int] = set()
        self._alarms: list[tuple[Entry, Trigger, Person, Place]] = []  # of reports: sounded when all are judged
        self._linked: set[bytes] = set()
        self._unproved: Counter[bytes] = Counter()  # senders of what waits for a call, of this batch
        checklist = self._election.checklist
        self._readings = {entry.id: grammar.read(entry.text, checklist) for entry in entries if _holds_words(entry)}
        self._senders = roster.senders(session, {(entry.sender, entry.received_at) for entry in entries})
        codes = {_station(reading) for reading in self._readings.values()}
        self._versions = Versions(session, entries)
        codes |= self._versions.stations | {
            code for persons in self._senders.values() for person in persons for code in person.stations
        }
        self._stations = roster.stations(session, {code for code in codes if code})
        station_ids = {station.id for station in self._stations.values()}
        named = {reading.form for reading in self._readings.values() if isinstance(reading, ReportText)}
        beside = {other for form in named for other in rules_of(checklist).beside(form)}
        self._records = StationRecords(session, station_ids, forms=beside, lock=lock)
        together = any(form.observers != "either" for form in self._election.checklist.forms)
        self._observers = roster.observers(session, station_ids, now) if together else {}
        self._budget = Budget(session, hub, entries, self._senders, now)
        strangers = (entry for entry in entries if (entry.sender, entry.received_at) not in self._senders)
        self._blocks = Blocks(session, hub, strangers, now)
        self._guide = guiding.Guide(session, hub, self._senders, entries, self._stations, self._records, now)
        self._photos = Photos(session, hub, self._stations, self._records)
        unknown = {entry.id for entry in entries if (entry.sender, entry.received_at) not in self._senders}
        self._out = Outcomes(session, hub, now, self._budget, self._photos, unknown & self._readings.keys())

    def in_turn(self, entries: Sequence[Entry]) -> list[Entry]:
        """As they came; but what may write at once comes last, where its sender sent nothing else: on SQLite everybody
        else waits from the first change on."""
        sent = Counter(entry.sender for entry in entries)

        def waits(entry: Entry) -> bool:
            return sent[entry.sender] == 1 and not isinstance(self._readings.get(entry.id), ReportText)

        return sorted(entries, key=waits)

    def take(self, entry: Entry) -> None:
        """Makes of one entry what it is: a report, an incident, a command, or something for the desk."""
        reading, senders = self._readings.get(entry.id), self._senders.get((entry.sender, entry.received_at), [])
        if entry.sender in self._linked or self._is_busy(reading, senders):
            self.deferred.add(entry.id)
            return
        made = None if senders else registration.register(self._session, self._hub, entry, self._now)
        if made is not None:
            self._register(entry, made)
        elif not senders and self._is_flood(entry):
            pass
        elif senders and self._proves(entry):
            self._prove(entry, senders[0])
        elif self._guided(entry, reading, senders):
            pass
        elif senders and registration.is_start(entry):
            self._out.settled(entry, "command", person=senders[0])
            known = say(self._election, "register_already", senders[0].language, person=senders[0].code)
            self._out.reply(entry, senders[0], known)
        elif entry.kind == "stop":
            self._opted_out(entry, senders)
        elif entry.kind == "start":
            roster.mark(self._session, entry.sender, "active", self._now)
            self._budget.opt(entry.sender, out=False)
            self._out.settled(entry, "ignored", person=senders[0] if senders else None)
        elif entry.kind == "unreadable":
            self.dead_letter(entry)
        elif entry.kind == "incomplete":
            self._incomplete(entry, senders)
        elif reading is None or (_in_group(entry) and not (senders and isinstance(reading, CommandText))):
            self._keep(entry, senders)
        elif isinstance(reading, CommandText) and senders:
            said = self._obey(reading, senders, entry)
            self._out.settled(entry, "command", person=senders[0])
            self._out.reply(entry, senders[0], said)
        else:
            self._judge(entry, reading, senders)

    def _is_busy(self, reading: Reading | None, senders: Sequence[Person]) -> bool:
        """Whether another transaction holds a station that this may be about."""
        if not self._records.busy:
            return False
        codes = {_station(reading), *(code for person in senders for code in person.stations)} | self._versions.stations
        known = [self._stations[code] for code in codes if code in self._stations]
        return any(station.id in self._records.busy for station in known)

    def _guided(self, entry: Entry, reading: Reading | None, senders: Sequence[Person]) -> bool:
        guided = self._guide.take(entry, reading, senders)
        if guided is None:
            return False
        self._out.drafts += guided.drafts
        if guided.taken:
            self._out.settled(entry, "command", person=senders[0])
        if guided.said:
            self._out.reply(entry, senders[0], guided.said)
        return guided.taken

    def _is_flood(self, entry: Entry) -> bool:
        """One of too many that strangers of a block of numbers wrote: kept, and the desk is told once."""
        if entry.account_id is not None or _in_group(entry):
            return False
        heard = self._blocks.hear(entry)
        if heard == "heard":
            return False
        self._out.settled(entry, "ignored")
        if heard == "first of too many":
            self._out.items.append(
                opening.item(
                    "unknown", self._blocks.cause(entry), 2, entry.received_at, journal_id=entry.id, detail=FLOOD
                )
            )
        return True

    def _proves(self, entry: Entry) -> bool:
        asked = self._election.proof.asked and entry.account_id is None
        return asked and _holds_words(entry) and not _in_group(entry) and proof.alone(entry.text)

    def _prove(self, entry: Entry, sender: Person) -> None:
        """A code by itself proves the one report of its sender that waits for it, which then comes again."""
        if entry.sender in self._unproved:
            self.deferred.add(entry.id)
            return
        self._out.settled(entry, "command", person=sender)
        kept = proving.the_one(proving.waiting(self._session, entry.sender))
        lack = proving.lack(self._session, self._hub, entry, kept.person_id, self._now) if kept else None
        if kept and not lack:
            proving.say_again(self._session, self._hub, entry, kept)
        else:
            said = say(self._election, "proof_wrong" if lack else "proof_whole", sender.language)
            self._out.reply(entry, sender, said)

    def dead_letter(self, entry: Entry) -> None:
        """For the desk, unread: no code of ours can make anything of it."""
        self._out.settled(entry, "error")
        self._out.to_desk(entry, 1, {"error": True})

    def write(self) -> None:
        stations = {station.id: station for station in self._stations.values()}
        self._out.items += troubles.follow(self._session, self._records, self._election.checklist, stations, self._now)
        with bulk.gathered(self._session) as insert_all:
            self._records.save()
            self._out.write()
        for entry, trigger, person, place in self._alarms:
            self._alert(entry, trigger, person, place, self.judgements[entry.id].comment)
        insert_all()
        self._blocks.save()

    def _obey(self, command: CommandText, senders: Sequence[Person], entry: Entry) -> str:
        if command.name in ("help", "form"):  # a form that is not asked here is told
            form = self._election.checklist.by_code.get(command.argument)
            return help_text(self._election, senders[0].language, form, brief=entry.channel != "telegram")
        if command.name == "status":
            return commands.status(self._session, self._election, senders, self._stations, self._records, entry.sender)
        if command.name == "sos":
            return self._call_for_help(entry, senders[0], command.rest)
        acted = commands.act(self._session, self._hub, command, senders, entry, self._now)
        if acted.aside:
            self._out.reply(entry, senders[0], acted.aside, answers=False)
        return acted.said

    def _judge(self, entry: Entry, reading: Reading, senders: Sequence[Person]) -> None:
        judgement = validation.judge(
            reading,
            senders=senders,
            stations=self._stations,
            records=self._records.known,
            checklist=self._election.checklist,
            now=entry.received_at,
        )
        self.judgements[entry.id] = judgement
        person, station = judgement.person, judgement.station
        if judgement.outcome == "rejected" or person is None or station is None:
            self._rejected(entry, reading, judgement)
        elif isinstance(reading, IncidentText):
            self._incident(entry, judgement, person, station)
        else:
            self._report(entry, judgement, person, station)

    def _report(self, entry: Entry, judgement: Judgement, person: Person, station: Station) -> None:
        assert judgement.form is not None
        form = self._election.checklist.form(judgement.form)
        there = self._records.get(station.id, form.code)
        if proving.waits_for_a_call(self._session, self._election, entry, there, person.id, judgement.answers):
            self._call_back(entry, judgement, person, station)
            return
        said, edits = there.of(person.id) if there else {}, self._versions.of(entry)
        needed = proving.report_needs_code(self._session, self._election, entry, judgement, said, edits)
        if needed and not self._is_proved(entry, judgement, person, station, form.code):
            return
        record = self._records.open(station.id, form.code, self._now)
        observers = self._observers.get(station.id, set())
        if form.observers == "parts" and observers - {person.id, *map(int, record.by_observer)}:
            judgement = _of_a_part(judgement)
        before = record.of(person.id)
        known = str(person.id) in record.by_observer
        if record.withdraw(person.id, edits, judgement.answers):
            known = False  # the new version says less, and that is news
        if self._moved(entry, person, station, form.code):
            known = False
        nothing_new = known and all(before.get(code) == value for code, value in judgement.answers.items())
        if judgement.outcome == "accepted" and nothing_new and not entry.corrects and not judgement.comment:
            self._repeated(entry, judgement, person, station)
            return
        must_agree = observers if form.observers == "agree" else None
        place = journal.place(self._session, entry)
        record.merge(person.id, judgement.answers, place, entry.id, self._now, must_agree)
        broken = self._newly_broken(station, judgement)
        for home, name in troubles.flag(self._records, self._election.checklist, station, form.code, self._now):
            # Broken by two observers together, or by another form: no single report has said so.
            broken += [it for it in rules.by_rules(self._election.checklist, home, [name]) if it not in broken]
        terms = _terms(record.voices(must_agree), edits, place if place != entry.origin else None)
        self._out.settled(entry, judgement.outcome, judgement, person, station, terms)
        fresh = {code: value for code, value in judgement.answers.items() if before.get(code) != value}
        self._alarms += [(entry, it, person, at_station(station)) for it in rules.by_answers(form, fresh) + broken]
        if judgement.outcome == "partial":
            self._out.to_desk(entry, self._urgency(judgement), {}, judgement)
        else:
            self._corrected(entry)
        self._out.confirm(entry, judgement, person)

    def _call_back(self, entry: Entry, judgement: Judgement, person: Person, station: Station) -> None:
        """Kept and not entered, until somebody has called the observer; see `proving`."""
        self._out.settled(entry, "rejected", judgement, person, station)
        self._to_be_called(entry, {"call_back": True}, judgement)
        place = {"form": judgement.form, "station": station.code}
        self._out.reply(entry, person, say(self._election, "call_back", person.language, **place))

    def _is_proved(self, entry: Entry, judgement: Judgement, person: Person, station: Station, what: str) -> bool:
        """Whether its code is good; else it is kept and not entered, and its sender asked; see `proving`."""
        lack = proving.lack(self._session, self._hub, entry, person.id, self._now)
        if lack is None:
            proving.close(self._session, entry, self._now)
            return True
        self._out.settled(entry, "rejected", judgement, person, station)
        self._to_be_called(entry, {"call_back": True, "proof": lack}, judgement)
        form = self._election.checklist.by_code.get(judgement.form or "")
        told = {"what": what, "station": station.code, "answers": in_order(form, judgement.answers)}
        self._out.reply(entry, person, say(self._election, f"proof_{lack}", person.language, **told))
        return False

    def _to_be_called(self, entry: Entry, detail: dict[str, Any], judgement: Judgement) -> None:
        """An item for each message; of too many in one sender's name, which anybody can forge, one for all the rest."""
        waiting = proving.calls(self._session, entry.sender) + self._unproved[entry.sender]
        self._unproved[entry.sender] += 1
        if waiting < proving.CALLS:
            self._out.to_desk(entry, 1, detail, judgement)
        else:
            self._out.to_desk(entry, 1, detail | FLOOD, judgement, cause=f"calls:{entry.sender.hex()}")

    def _moved(self, entry: Entry, person: Person, station: Station, form: str) -> bool:
        known = self._records, self._stations, self._election.checklist, self._observers
        return self._versions.move(entry, person.id, (station.id, form), *known, self._now)

    def _incident(self, entry: Entry, judgement: Judgement, person: Person, station: Station) -> None:
        assert judgement.category is not None
        category = self._election.checklist.category_by_code[judgement.category]
        repeated = incidents.same(
            self._session, person.id, station.id, category.code, judgement.description, entry.received_at
        )
        number = repeated.id if repeated else None
        title = category.title[self._election.language(person.language)]
        needed = number is None and proving.incident_needs_code(self._election, entry, category.severity)
        if needed and not self._is_proved(entry, judgement, person, station, title):
            return
        if number is None:
            triggers = rules.by_category(category, self._election.alerting)
            number = incidents.record(
                self._session,
                journal_id=entry.id,
                person_id=person.id,
                station_id=station.id,
                category=category.code,
                severity=category.severity,
                description=judgement.description,
                reported_at=entry.received_at,
            )
            for trigger in triggers:
                alert = self._alert(entry, trigger, person, at_station(station), judgement.description)
                incidents.link(self._session, number, alert)
            called = category.title[self._election.default_language]
            self._out.to_verify(entry, number, category.severity, station, f"{called}: {judgement.description}")
        self._out.settled(entry, "duplicate" if repeated else "accepted", judgement, person, station, incident=number)
        self._corrected(entry)
        said = say(self._election, "incident", person.language, number=number, category=title, station=station.code)
        self._out.reply(entry, person, said, dedup=f"again:incident:{number}" if repeated else None)

    def _rejected(self, entry: Entry, reading: Reading, judgement: Judgement) -> None:
        person = judgement.person
        self._out.settled(entry, "rejected", judgement, person, judgement.station)
        severity = 1 if isinstance(reading, IncidentText) else self._urgency(judgement, reading)
        self._out.to_desk(entry, severity, {}, judgement)
        if entry.corrects is None:  # what an operator tries out is not told to the observer
            self._out.confirm(entry, judgement, person)

    def _repeated(self, entry: Entry, judgement: Judgement, person: Person, station: Station) -> None:
        """The same again: nothing new is stored, and the first reply goes out once more, but only once."""
        assert judgement.form is not None
        first = submissions.first_like(self._session, person.id, station.id, judgement.form, judgement.answers)
        self._out.settled(entry, "duplicate", judgement, person, station)
        self._out.confirm(entry, judgement, person, dedup=f"again:{first or entry.id}")

    def _register(self, entry: Entry, made: Registration) -> None:
        self._out.submissions.append(submissions.row(entry.id, "command", self._now, person_id=made.person_id))
        if made.linked:
            self._linked.add(entry.sender)
        if made.item:
            self._out.items.append(made.item)
        self._out.drafts += made.confirmations
        told = answering.draft(self._hub.vault, entry, made.said, person_id=made.person_id, asks_contact=made.asks)
        self._out.drafts.append(replace(told, buttons=made.buttons))

    def _opted_out(self, entry: Entry, senders: Sequence[Person]) -> None:
        roster.mark(self._session, entry.sender, "opted_out", self._now)
        channels = ("telegram",) if entry.channel == "telegram" else ("sms", "whatsapp")
        outbox.silence(self._session, [person.id for person in senders], channels, self._hub.timer())
        self._budget.opt(entry.sender, out=True)
        self._out.settled(entry, "ignored")
        self._out.to_desk(entry, 2, {"stopped": True})

    def _incomplete(self, entry: Entry, senders: Sequence[Person]) -> None:
        """A part of a long message never came: nothing is read, for an answer may have been cut in two."""
        person = senders[0] if senders else None
        self._out.settled(entry, "rejected", person=person)
        lacking, total = entry.context["missing"], entry.context["part"][2]
        self._out.to_desk(entry, 2, {"missing_parts": lacking, "parts": total})
        language = person.language if person else self._election.default_language
        said = say(self._election, "part_missing", language, missing=lacking, total=total)
        self._out.reply(entry, person, said)

    def _keep(self, entry: Entry, senders: Sequence[Person]) -> None:
        """Nothing to read: a photo without words, a location, a service update. Kept; a photo is thanked for."""
        person = senders[0] if senders else None
        kept = self._photos.keep(entry, person)
        if kept is None:
            self._out.settled(entry, "ignored", person=person)
            return
        self._out.submissions.append(kept.submission(entry.id, self._now))
        if person is None and entry.kind == "media":
            self._out.to_desk(entry, 2, {"file": "held"})
        if kept.thanks:
            self._out.reply(entry, person, kept.thanks)

    def _alert(self, entry: Entry, trigger: Trigger, reporter: Person, place: Place, words: str) -> int:
        return escalation.sound(
            self._session,
            self._hub,
            trigger,
            place,
            self._now,
            at=entry.received_at,
            person_id=reporter.id,
            journal_id=entry.origin,
            words=words,
        )

    def _call_for_help(self, entry: Entry, sender: Person, words: str) -> str:
        """SOS: an alert about the person, wherever they are; at their own station, as far as the hub knows."""
        station = self._stations[sender.stations[0]] if sender.stations else None
        place = sos.about(sender.id, sender.region, station)
        number = self._alert(entry, sos.SOS, sender, place, words)
        return say(self._election, "sos_heard", sender.language, number=number)

    def _newly_broken(self, station: Station, judgement: Judgement) -> list[Trigger]:
        """The critical rules that this report violates and that were not flagged before."""
        triggers: list[Trigger] = []
        for problem in judgement.problems:
            if problem.code == "rule_violated":
                home, name = problem.detail["form"], problem.detail["rule"].rpartition(".")[2]
                record = self._records.get(station.id, home)
                if record is None or name not in record.flags:
                    triggers += rules.by_rules(self._election.checklist, home, [name])
        return triggers

    def _corrected(self, entry: Entry) -> None:
        if entry.corrects:
            cause = f"message:{entry.corrects}"
            opening.close_cause(self._session, cause, "corrected", self._now, entry.account_id)

    def _urgency(self, judgement: Judgement, reading: Reading | None = None) -> int:
        """1 where what can be read is critical, though it may not be stored."""
        answers = dict(judgement.answers)
        if isinstance(reading, ReportText):
            answers = {code: answer.value for code, answer in reading.answers.items()}
        form = self._election.checklist.by_code.get(judgement.form or "")
        return 1 if form and rules.by_answers(form, answers) else 2


def _of_a_part(judgement: Judgement) -> Judgement:
    """What is missing may be the part that another observer of the station has not sent yet."""
    problems = tuple(problem for problem in judgement.problems if problem.code != "missing_answers")
    return replace(judgement, problems=problems)


def _terms(voices: int, edits: list[int], place: int | None) -> dict[str, Any] | None:
    """What a replay has to know besides the answers; nearly always nothing."""
    unusual: dict[str, Any] = {"voices": voices} if voices > 1 else {}
    unusual |= {} if place is None else {"place": place}
    return unusual | ({"edits": edits} if edits else {}) or None


def _in_group(entry: Entry) -> bool:
    """Written where others talk, too: of that only commands are meant for the hub. A pressed button always is."""
    return entry.channel == "telegram" and entry.kind != "button" and entry.context.get("chat", "").startswith("-")


def _station(reading: Reading | None) -> str | None:
    return reading.station if isinstance(reading, ReportText | IncidentText) else None
