"""Who takes part: observers and mobile teams from observers.csv, everybody else from staff.csv."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.election import phones, tables
from hub.election.alerting import Alerting
from hub.election.assembly import Draft
from hub.election.findings import Findings, did_you_mean, few
from hub.election.frame import FILE as FRAME
from hub.election.frame import StationEntry
from hub.election.tables import Row

OBSERVERS, STAFF = "observers.csv", "staff.csv"
FIELD_ROLES = ("observer", "mobile")
STAFF_ROLES = ("coordinator", "lawyer", "head_office", "operator", "group")
_REGIONAL = ("coordinator", "lawyer")  # paged for the stations of one region
_CODE = {OBSERVERS: "observer", STAFF: "person"}  # the column of the person's code
_CONTACTS = ("region", "phone", "telegram_id", "language")
GATEWAYS = ("telegram", "twilio", "kannel", "smsgate")
PREFERS = "prefers"  # a column that a table may have
Wrong = Iterator[tuple[str, str, str]]  # column ("code": whatever it is called here), message, fix


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """One person. `phones` are E.164, `telegram` the account's number; either may be empty. No name is kept.

    `prefers`: one of GATEWAYS, by which answers leave; "" leaves them to the road that a message came.
    """

    code: str
    role: str
    language: str
    region: str = ""
    stations: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    telegram: str = ""
    prefers: str = ""

    def addresses(self) -> list[tuple[str, str]]:
        """Every way to reach them: (`phone` or `telegram`, address)."""
        return [*(("phone", phone) for phone in self.phones), *([("telegram", self.telegram)] if self.telegram else [])]


@dataclass(slots=True)
class _Register:
    """What the lines are checked against, and what the lines before them said."""

    country: str
    languages: Sequence[str]
    stations: Mapping[str, StationEntry]
    findings: Findings
    regions: frozenset[str] = frozenset()
    seen: dict[tuple[str, str], str] = field(default_factory=dict)  # ("phone", number) → "observers.csv:12"
    doubtful_phones: list[tuple[str, int]] = field(default_factory=list)


def read(
    directory: Path, country: str, languages: Sequence[str], stations: Sequence[StationEntry], findings: Findings
) -> tuple[PersonEntry, ...]:
    """The people of both files, in their order. An empty `country` or `languages` (unreadable) checks nothing of it."""
    by_code = {station.code: station for station in stations}
    regions = frozenset(station.region for station in stations)
    register = _Register(country, languages, by_code, findings, regions)
    observers = tables.read(directory, OBSERVERS, ("observer", "role", "station", *_CONTACTS), findings, [PREFERS])
    staff = tables.read(directory, STAFF, ("person", "role", *_CONTACTS), findings, [PREFERS])
    people = [_person(OBSERVERS, row, row["observer"], FIELD_ROLES, register) for row in observers.rows]
    people += [_person(STAFF, row, row["person"], STAFF_ROLES, register) for row in staff.rows]
    _warn_of_doubtful_phones(register)
    _warn_of_unobserved(stations, people, findings)
    return tuple(people)


def judge_paged(alerting: Alerting, people: Sequence[PersonEntry], draft: Draft) -> None:
    """Whoever alerts page is a role, or a person by code."""
    codes = {person.code for person in people if person.role in STAFF_ROLES}
    known = (*STAFF_ROLES, *sorted(codes))
    named = {
        ("chains", chain, "steps", step, "to", place): to
        for chain, each in enumerate(alerting.chains)
        for step, one in enumerate(each.steps)
        for place, to in enumerate(one.to)
    } | {("fallback",): alerting.fallback}
    for at, to in named.items():
        if to not in known:
            draft.error(("alerting", *at), f"nobody has the role or the code {to}", did_you_mean(to, known))
    for code in alerting.shifts.keys() - codes:
        draft.error(("alerting", "shifts", code), f"nobody has the code {code}", did_you_mean(code, sorted(codes)))


def warn_of_unpaged(
    alerting: Alerting, stations: Sequence[StationEntry], people: Sequence[PersonEntry], findings: Findings
) -> None:
    """Warns of regions with sampled stations in which a step of a chain has nobody to page."""
    regions = {station.region for station in stations if station.sampled}
    asked = {step.to for chain in alerting.chains for step in chain.steps if set(step.to) <= set(_REGIONAL)}
    for roles in sorted(asked):
        if alone := sorted(regions - {person.region for person in people if person.role in roles}):
            message = f"no {' or '.join(roles)} for {few(alone)}, though alerts page one"
            findings.warning(STAFF, 0, message, "add one, or change alerts.yaml")


def _person(file: str, row: Row, code: str, roles: Sequence[str], register: _Register) -> PersonEntry:
    """The person as far as the line is sound; what is not is a finding, and nobody is loaded then."""
    read = [phones.read(written, register.country) for written in _phones(row)] if register.country else []
    known = [phone for phone in read if phone]
    person = PersonEntry(
        code=code,
        role=row["role"],
        language=row["language"],
        region=row["region"],
        stations=tuple(row["station"].split()),
        phones=tuple(dict.fromkeys(phone.e164 for phone in known)),
        telegram=row["telegram_id"],
        prefers=row[PREFERS],
    )
    if any(not phone.valid for phone in known):
        register.doubtful_phones.append((file, row.line))
    wrong = [
        *_wrong_identity(person, roles, register),
        *_wrong_place(person, register),
        *_wrong_contacts(person, row, register),
    ]
    for column, message, fix in wrong:
        register.findings.error(file, row.line, message, fix, _CODE[file] if column == "code" else column)
    _note_repetitions(file, row.line, person, register)
    return person


def _phones(row: Row) -> list[str]:
    """The numbers of a cell as they are written, with `;` between several."""
    return [written for part in row["phone"].split(";") if (written := part.strip())]


def _wrong_identity(person: PersonEntry, roles: Sequence[str], register: _Register) -> Wrong:
    if not person.code:
        yield "code", "the person has no code", "write a code, like M01; never a name"
    if person.role not in roles:
        yield "role", f"unknown role “{person.role}”", did_you_mean(person.role, roles)
    if register.languages and person.language not in register.languages:
        message = f"language “{person.language}” is not one of this election"
        yield "language", message, f"write one of {', '.join(register.languages)}"


def _wrong_place(person: PersonEntry, register: _Register) -> Wrong:
    if person.region and register.regions and person.region not in register.regions:
        yield "region", f"unknown region “{person.region}”", did_you_mean(person.region, register.regions)
    if person.role in _REGIONAL and not person.region:
        yield "region", f"the {person.role} has no region", "write the region whose alerts this person gets"
    if person.role == "observer" and not person.stations:
        yield "station", "the observer has no station", "write the station's number"
    if person.role == "mobile" and person.stations:
        yield "station", "a mobile observer has no station", "leave the station empty, or make the role observer"
    for code in person.stations if register.stations else ():
        station = register.stations.get(code)
        if station is None:
            yield "station", f"there is no station {code}", f"write a station of {FRAME}"
        elif not station.sampled:
            message = f"station {code} is not in the sample"
            yield "station", message, f"write a sampled station, or mark this one in {FRAME}"


def _wrong_contacts(person: PersonEntry, row: Row, register: _Register) -> Wrong:
    for written in _phones(row) if register.country else ():
        if phones.read(written, register.country) is None:
            which = f"the phone “{written}”" if ";" in row["phone"] else "this phone"
            yield "phone", f"{which} is no number of the country", "write it with + and the country's code"
    if person.role == "group":
        yield from _wrong_group(person, row)
    elif person.telegram and not re.fullmatch(r"[0-9]{4,15}", person.telegram):
        fix = "write the digits that the bot shows, not the @name"
        yield "telegram_id", "this telegram_id is no account's number", fix
    if person.prefers and person.prefers not in GATEWAYS:
        yield PREFERS, f"unknown gateway “{person.prefers}”", did_you_mean(person.prefers, GATEWAYS)
    if person.role in FIELD_ROLES and not row["phone"] and not person.telegram:
        fix = "write at least one: without them nobody knows whose report it is"
        yield "phone", "neither phone nor telegram_id", fix


def _wrong_group(person: PersonEntry, row: Row) -> Wrong:
    """A chat that is paged, and whose members act by their own accounts: it has an id below zero, and no telephone."""
    if not re.fullmatch(r"-[0-9]{4,15}", person.telegram):
        yield "telegram_id", "this telegram_id is no group's number", "write it with its minus, like -1001234567890"
    if row["phone"]:
        yield "phone", "a group has no phone", "leave it empty; give each member a line of their own"


def _note_repetitions(file: str, line: int, person: PersonEntry, register: _Register) -> None:
    before = register.seen.setdefault(("code", person.code), f"{file}:{line}")
    if before != f"{file}:{line}":
        message = f"{person.code} stands already in {before}"
        register.findings.error(file, line, message, "give each person one code", _CODE[file])
    before = register.seen.setdefault(("telegram", person.telegram), f"{file}:{line}")
    if person.telegram and before != f"{file}:{line}":
        message = f"this telegram_id stands already in {before}"
        register.findings.error(file, line, message, "an account is one person's: write the right one", "telegram_id")
    for phone in person.phones:
        before = register.seen.setdefault(("phone", phone), f"{file}:{line}")
        if before != f"{file}:{line}":
            message = f"this phone stands already in {before}"
            fix = "allowed, but then each text must name its station, or, where that is the same, who writes"
            register.findings.warning(file, line, message, fix, "phone")


def _warn_of_doubtful_phones(register: _Register) -> None:
    # Numbering plans change faster than the library: one doubt for all of them, never a refusal.
    if doubtful := register.doubtful_phones:
        file, line = doubtful[0]
        message = f"{len(doubtful)} phones have the right length, but no prefix that is known in {register.country}"
        register.findings.warning(file, line, message, "send a test message to this one")


def _warn_of_unobserved(stations: Sequence[StationEntry], people: Sequence[PersonEntry], findings: Findings) -> None:
    observed = {code for person in people for code in person.stations}
    alone = [station.code for station in stations if station.sampled and station.code not in observed]
    if alone and people:
        message = f"{len(alone)} sampled stations without an observer: {few(alone)}"
        findings.warning(OBSERVERS, 0, message, "assign observers, or expect no report from there")
