"""Which column of ours each header of theirs is: by its name in several languages or by what is told, never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.authoring.sheets import Complaint, Row
from hub.election.findings import nearest

# What the columns are called in sheets that people keep. Another name is told by hand, or it is not taken.
SYNONYMS: dict[str, str] = {
    "station": "station no|station number|station code|polling station|polling station no|polling station number|"
    "precinct|ps|ps no|ps code|"
    "bureau de vote|bureau|mesa|mesa electoral|участок|номер участка|№ участка|избирательный участок|"
    "шайлоо участкасы|участка|участканын номери",
    "stratum": "strata|strate|estrato|страта|стратум",
    "region": "oblast|province|governorate|région|región|provincia|регион|область|облус|аймак",
    "district": "rayon|raion|county|municipality|commune|département|distrito|municipio|район|округ",
    "voters": "registered voters|voters registered|registered|electors|number of voters|inscrits|électeurs inscrits|"
    "electores|избиратели|избирателей|число избирателей|количество избирателей|шайлоочулар|шайлоочулардын саны",
    "sampled": "sample|in sample|selected|échantillon|muestra|выборка|в выборке|тандоо|тандалган",
    "observer": "observer code|observer id|code|id|observateur|código|observador|код|код наблюдателя|наблюдатель|"
    "байкоочу|байкоочунун коду",
    "person": "person code|staff|staff code|code|id|código|код|код сотрудника|сотрудник|кызматкер",
    "role": "function|position|rôle|fonction|rol|cargo|роль|должность|ролу|кызматы",
    "phone": "telephone|tel|mobile phone|mobile number|phone number|cell|téléphone|teléfono|телефон|номер телефона|"
    "мобильный|телефону|телефон номери",
    "telegram_id": "telegram|telegram account|телеграм|телеграм id|id телеграм",
    "prefers": "preferred gateway|answers by|предпочитает|ответ через|жооп жолу",
    "language": "lang|langue|idioma|язык|тил|тили",
}
_LEAVE_OUT = ("", "-")
_ALIKE = 75  # per cent; from here on a header is asked about, as it may be a column of ours


@dataclass(frozen=True, slots=True)
class Mapped:
    """`places`: our column → the number of theirs, from 0. `taken`: their header → our column."""

    places: Mapping[str, int]
    taken: Mapping[str, str]
    left_out: tuple[str, ...]
    complaints: tuple[Complaint, ...]


def mapped(
    header: Row, columns: Sequence[str], told: Mapping[str, str], also: Mapping[str, Iterable[str]] | None = None
) -> Mapped:
    """Maps a header row to our `columns`. `told`: their header → our column, "-" to leave it out; it comes first.
    `also`: more names of a column, in the election's own words."""
    known = _known(columns, also or {})
    wanted = {_plain(theirs): ours for theirs, ours in told.items()}
    places: dict[str, int] = {}
    taken: dict[str, str] = {}
    left_out: list[str] = []
    complaints = list(_untellable(header, columns, told))
    for place, theirs in enumerate(header.cells):
        plain = _plain(theirs)
        ours = wanted.get(plain, known.get(plain, ""))
        if ours in places:
            fix = f"leave one of them out: --map '-={theirs}'"
            complaints.append(Complaint(header.address(place), f"“{theirs}” is a second column {ours}", fix))
        elif ours and ours not in _LEAVE_OUT:
            places[ours], taken[theirs] = place, ours
        elif theirs:
            left_out.append(theirs)
    open_names = {name: column for name, column in known.items() if column not in places}
    for theirs in left_out:
        if _plain(theirs) not in wanted and (guess := nearest(_plain(theirs), open_names, _ALIKE)):
            ours, at = known[guess], header.address(header.cells.index(theirs))
            fix = f"if so: --map '{ours}={theirs}'; if not: --map '-={theirs}'"
            complaints.append(Complaint(at, f"is “{theirs}” our column {ours}?", fix))
    return Mapped(places, taken, tuple(left_out), tuple(complaints))


def told(lines: Iterable[str]) -> dict[str, str]:
    """Their header → our column, from lines like `our column=their header`. Other lines say nothing."""
    pairs = [line.partition("=") for line in lines]
    return {theirs.strip(): ours.strip() for ours, _, theirs in pairs if theirs.strip()}


def _known(columns: Sequence[str], also: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Every name in its plain spelling → the column. A column's own name comes first: another's synonym gives way."""
    known = {_plain(column): column for column in columns}
    for column in columns:
        for name in (*SYNONYMS.get(column, "").split("|"), *also.get(column, ())):
            known.setdefault(_plain(name), column)
    return known


def _untellable(header: Row, columns: Sequence[str], told: Mapping[str, str]) -> Iterable[Complaint]:
    theirs = {_plain(cell): cell for cell in header.cells if cell}
    for name, column in told.items():
        if _plain(name) not in theirs:
            near = nearest(_plain(name), theirs)
            fix = f"did you mean {theirs[near]}?" if near else f"its headers are {', '.join(theirs.values())}"
            yield Complaint(header.address(0), f"the sheet has no header “{name}”", fix)
        if column not in (*columns, *_LEAVE_OUT):
            yield Complaint(header.address(0), f"we have no column {column}", f"ours are {', '.join(columns)}")


def _plain(header: str) -> str:
    """`Polling-station  No.` and `polling station no` are one name."""
    return " ".join(re.findall(r"\w+|№", unicodedata.normalize("NFC", header).casefold().replace("_", " ")))
