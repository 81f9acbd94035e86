"""What is sent: the golden day's reports, from as many stations as are wanted, each sound, each to be stored once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby, islice
from pathlib import Path

from bots.emulated.signing import signed_form
from hub.election import configuration
from hub.election.configuration import Configuration
from hub.election.people import STAFF_ROLES, PersonEntry
from hub.rehearsal import day
from hub.rehearsal.day import Recorded

SID, NUMBER = "AC" + "0" * 32, "+15005550006"
DIGITS = 4  # of a copy's number: ten thousand copies send twenty million messages


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of the load, and what must come of it."""

    id: str
    sender: str
    text: str
    form: str
    answers: dict[str, str]


def enlarge(directory: Path, copies: int, staff: bool = False) -> Configuration:
    """The election with its sample `copies` times, and one observer with one phone at each station.

    With its staff, observers can also write by Telegram: see `telegram`.
    """
    whole = _loaded(directory)
    checklist = whole.election.checklist
    width = checklist.station.lengths[0] + DIGITS
    # Opening times are for a day; a load is sent in a minute.
    forms = tuple(form.model_copy(update={"opens": None}) for form in checklist.forms)
    drawn = [station for station in whole.stations if station.sampled]
    stations, people = [], []
    for copy in range(copies):
        for place, station in enumerate(drawn):
            code = _copied(copy, station.code)
            stations.append(replace(station, code=code))
            people.append(_observer(code, copy * len(drawn) + place, whole.people[0]))
    station_code = checklist.station.model_copy(update={"lengths": (width,)})
    enlarged = checklist.__class__.model_validate(
        checklist.model_dump() | {"forms": [form.model_dump() for form in forms], "station": station_code.model_dump()}
    )
    changed = whole.election.model_dump() | {"checklist": enlarged.model_dump()}
    election = whole.election.__class__.model_validate(changed)
    if staff:
        people = [replace(person, telegram=telegram(person.phones[0])) for person in people]
        people += [person for person in whole.people if person.role in STAFF_ROLES]
    return replace(whole, election=election, stations=tuple(stations), people=tuple(people))


def telegram(phone: str) -> str:
    """The Telegram account of whoever has this telephone."""
    return f"9{phone[-7:]}"


@dataclass(frozen=True, slots=True)
class Messages:
    """The first `count` of these messages, made anew by whoever goes through them: a million need no memory."""

    directory: Path
    copies: int
    count: int

    def __iter__(self) -> Iterator[Sent]:
        return islice(messages(self.directory, self.copies), self.count)


def records(sent: Iterable[Sent]) -> int:
    """How many records of stations such messages make, copy after copy."""
    copies = groupby(sent, lambda message: message.id[:DIGITS])
    return sum(len({(message.text.split()[1], message.form) for message in copy}) for _, copy in copies)


def messages(directory: Path, copies: int) -> Iterator[Sent]:
    """The day's reports of the drawn stations, copy after copy, in the order of the day."""
    reports = [it for it in day.load(directory / "day" / "messages.jsonl") if it.category is None]
    places = {code: place for place, code in enumerate(dict.fromkeys(_drawn(directory)))}
    for copy in range(copies):
        for report in reports:
            yield _sent(report, copy, places[report.station], len(places))


def requests(sent: Iterator[Sent], token: str, url: str) -> Iterator[bytes]:
    """Complete HTTP requests, signed as Twilio signs."""
    for message in sent:
        form = {
            "MessageSid": f"SM{message.id}",
            "AccountSid": SID,
            "From": message.sender,
            "To": NUMBER,
            "Body": message.text,
            "NumMedia": "0",
            "NumSegments": "1",
            "ApiVersion": "2010-04-01",
        }
        body, headers = signed_form(token, f"{url}/sms/twilio", form)
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = ["POST /sms/twilio HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}", *lines]
        yield "\r\n".join([*head, "", ""]).encode() + body


def _sent(report: Recorded, copy: int, place: int, places: int) -> Sent:
    text = report.text.replace(report.station, _copied(copy, report.station), 1)
    return Sent(_copied(copy, report.id), _phone(copy * places + place), text, report.form, report.answers)


def _copied(copy: int, code: str) -> str:
    return f"{copy:0{DIGITS}d}{code}"


def _drawn(directory: Path) -> list[str]:
    return [station.code for station in _loaded(directory).stations if station.sampled]


@cache
def _loaded(directory: Path) -> Configuration:
    """Read once: it takes two seconds, and whoever proves what came goes through the messages twice."""
    return configuration.load(directory)


def _observer(station: str, number: int, like: PersonEntry) -> PersonEntry:
    code = f"{station}-1"
    return replace(like, code=code, role="observer", stations=(station,), phones=(_phone(number),), telegram="")


def _phone(number: int) -> str:
    return f"+99655{number:07d}"
