"""Sound elections load whole; each small mistake is found where it stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import get_args

import pytest

from hub.checklist.problems import ProblemCode
from hub.election import configuration, documents, wording
from hub.election.configuration import Configuration, ConfigurationError
from hub.election.definition import Election
from hub.election.findings import Finding, render

ROOT = Path(__file__).parents[2]
KYRGYZSTAN = ROOT / "config" / "kyrgyzstan-2021"
ARVENIA = ROOT / "tests" / "elections" / "arvenia"


@pytest.fixture(scope="module", autouse=True)
def composed_once() -> Iterator[None]:
    """Each case spoils one file: the others need not be parsed again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "_compose", lru_cache(documents._compose))
        yield


@pytest.fixture(scope="module")
def kyrgyzstan() -> Configuration:
    return configuration.load(KYRGYZSTAN)


@pytest.fixture
def arvenia(tmp_path: Path) -> Path:
    """A copy of the small election, to be spoilt."""
    return Path(shutil.copytree(ARVENIA, tmp_path / "arvenia"))


def test_the_kyrgyz_election_loads_whole(kyrgyzstan: Configuration) -> None:
    loaded = kyrgyzstan
    checklist = loaded.election.checklist
    assert [form.code for form in checklist.forms] == ["MOB", "ARR", "OPN", "TUR", "MID", "CLS", "CNT", "PRT"]
    assert len(checklist.categories) == 27
    assert len(loaded.stations) == 2435
    assert sum(station.sampled for station in loaded.stations) == 300
    assert len(loaded.people) == 600 + 67 + 37
    assert checklist.station.lengths == (4,)
    assert {station.region for station in loaded.stations} == {station.stratum for station in loaded.stations}


def test_codes_options_and_limits_stay_the_texts_that_were_written(kyrgyzstan: Configuration) -> None:
    checklist = kyrgyzstan.election.checklist
    yes, no = checklist.form("OPN").by_code["A"].options
    assert (yes.text["en"], yes.words["uz"], no.code, no.words["uz"]) == ("yes", ("ha",), "2", ("yo'q",))
    assert checklist.category_by_code["01"].severity == 1
    assert checklist.form("PRT").by_code["PX"].max == 6000


def test_every_critical_answer_and_every_estimate_of_the_kyrgyz_election_is_there(kyrgyzstan: Configuration) -> None:
    election = kyrgyzstan.election
    critical = {f"{form.code}.{question.code}": question.critical for form, question in election.checklist.questions()}
    assert {key: codes for key, codes in critical.items() if codes} == {
        "OPN.A": ("2",),
        "OPN.J": ("1",),
        "CLS.B": ("3",),
        "CNT.C": ("2",),
        "CNT.F": ("1",),
    }
    assert [turnout.name for turnout in election.analysis.turnout] == [
        "turnout at noon",
        "turnout at 16:00",
        "turnout at closing",
    ]
    assert len(election.analysis.shares[0].parts) == 22


def test_another_country_with_other_languages_codes_and_regions_loads_alike() -> None:
    loaded = configuration.load(ARVENIA)
    assert loaded.warnings == ()
    assert loaded.election.checklist.languages == ("en", "fr")
    assert loaded.election.checklist.station.lengths == (5,)
    assert {station.region for station in loaded.stations} == {"Littoral", "Montagne"}
    assert {station.stratum for station in loaded.stations} == {"urban", "rural"}
    assert [question.type for question in loaded.election.checklist.form("SET").questions] == [
        "time",
        "multiple",
        "choice",
        "decimal",
    ]
    assert [person.phones for person in loaded.people[:2]] == [("+237670000001",), ("+237670000002",)]


def test_a_moment_without_a_zone_is_the_elections() -> None:
    opens = configuration.load(ARVENIA).election.checklist.form("TAL").opens
    assert opens is not None
    assert opens.isoformat() == "2030-03-10T17:00:00+01:00"


@pytest.mark.parametrize("directory", [KYRGYZSTAN, ARVENIA], ids=["kyrgyzstan", "arvenia"])
def test_an_election_survives_being_stored_as_json(directory: Path) -> None:
    election = configuration.load(directory).election
    assert Election.model_validate(election.model_dump(mode="json")) == election


def test_every_problem_has_a_reply() -> None:
    assert {f"problem_{code}" for code in get_args(ProblemCode)} <= wording.PLACEHOLDERS.keys()


# file, what stands there, what is put instead, where it is found, words of the finding
BROKEN = [
    ("election.yaml", "country: CM", "contry: CM", "election.yaml:3", "unknown key contry — did you mean country?"),
    ("election.yaml", "country: CM\n", "", "election.yaml:1", "country is missing"),
    ("election.yaml", "country: CM", "country: Cameroon", "election.yaml:3", "“Cameroon” is not spelt right"),
    ("election.yaml", "Africa/Douala", "Africa/Duala", "election.yaml:4", "'Africa/Duala' is no time zone"),
    ("election.yaml", "default_language: fr", "default_language: de", "election.yaml:6", "de is not among the languag"),
    ("election.yaml", "words: [BV, BUREAU", "words: [BV, BUREAU]]", "election.yaml:8", "not YAML"),
    ("election.yaml", "[HELP, AIDE]", "[HELP]", "election.yaml:10", "carriers keep HELP"),
    ("election.yaml", "[ACK, RECU]", "[ACK, aide]", "election.yaml:12", "aide of the command ack reads the same"),
    ("election.yaml", "code: ALR", "code: STOP\n  alias: []", "election.yaml:21", "unknown key alias"),
    ("election.yaml", "[ACK, RECU]", "[ACK, PVR]", "election.yaml:9", "“PVR1” has two readings: ack 1 · TAL R=1"),
    ("election.yaml", "[ALERTE]", "[ТАL]", "forms/TAL.yaml:1", "reads the same as a word of the incident"),
    ("election.yaml", "code: ALR\n  aliases: [ALERTE]", "code: STOP", "election.yaml:20", "carriers keep STOP"),
    ("options.yaml", 'fr: ["non"]', 'fr: ["Oui"]', "options.yaml:7", "means both option 1 and option 0"),
    ("options.yaml", 'fr: ["non"]', 'fr: ["OIl"]', "options.yaml:7", "would be read as a number"),
    ("forms/SET.yaml", "options: yes_no", "options: yes_non", "forms/SET.yaml:19", "did you mean yes_no?"),
    ("forms/SET.yaml", ', fr: "Installation"', "", "forms/SET.yaml:2", "no title in fr"),
    ("forms/SET.yaml", 'fr: "encre"', 'de: "Tinte"', "forms/SET.yaml:13", "de is not among the languages"),
    ("forms/SET.yaml", "code: W", "code: WL", "forms/SET.yaml:21", "without I, L, O"),
    ("forms/SET.yaml", "code: W", "code: A", "forms/SET.yaml:21", "code A stands there twice"),
    ("forms/SET.yaml", "type: decimal", "type: decimel", "forms/SET.yaml:22", "did you mean decimal?"),
    ("forms/SET.yaml", "critical: [0]", "critical: [7]", "forms/SET.yaml:20", "critical 7 is none of the options"),
    ("forms/SET.yaml", "type: time", "typ: time", "forms/SET.yaml:7", "unknown key typ — did you mean type?"),
    ("forms/SET.yaml", "type: time", "type: choice", "forms/SET.yaml:6", "a choice question without options"),
    ("forms/SET.yaml", "min: 0", "min: 1000", "forms/SET.yaml:25", "the greatest value 999.5 is less"),
    ("forms/SET.yaml", "code: 3,", "code: 13,", "forms/SET.yaml:12", "E12 would be option 12, or 1 and 2"),
    ("forms/SET.yaml", "due: 08:30", "due: half past", "forms/SET.yaml:4", "write a time, like 09:00"),
    ("forms/SET.yaml", "due: 08:30", "due: 08:30\ndue: 09:30", "forms/SET.yaml:5", "due stands here twice"),
    ("forms/SET.yaml", "code: SET", "code: END", "forms/SET.yaml:1", "carriers keep END"),
    ("forms/SET.yaml", "code: SET", "code: END", "forms/SET.yaml:1", "the file is called SET — call it END.yaml"),
    ("forms/TAL.yaml", "code: YA", "code: BV", "forms/TAL.yaml:1", "“PVBV11111” has two readings: TAL 11111 · TAL BV="),
    ("forms/TAL.yaml", "opens: 2030-03-10", "opens: 2030-03-11", "forms/TAL.yaml:6", "TAL opens after it is due"),
    ("forms/TAL.yaml", "name: votes_within_list", "name: votes_add_up", "forms/TAL.yaml:36", "stands there twice"),
    ("forms/TAL.yaml", "severity: reject", "severity: refuse", "forms/TAL.yaml:39", "“refuse” is unknown"),
    ("forms/TAL.yaml", "YA + YB\n", "YA + YC\n", "forms/TAL.yaml:34", "column 11: there is no question YC"),
    ("forms/TAL.yaml", "YA + YB\n", "(YA + YB\n", "forms/TAL.yaml:34", "rule votes_add_up"),
    ("forms/TAL.yaml", "check: V <= R", "check: V <= TLA.R", "forms/TAL.yaml:37", "there is no question TLA.R"),
    ("incidents.yaml", "code: 201", "code: 20101", "incidents.yaml:5", "write one to three digits"),
    ("incidents.yaml", "severity: 1", "severity: 4", "incidents.yaml:3", "“4” is unknown"),
    ("incidents.yaml", "key: campaigning", "key: violence", "incidents.yaml:6", "key violence stands there twice"),
    ("alerts.yaml", "to: [coordinator]}", "to: [coordinater]}", "alerts.yaml:10", "did you mean coordinator?"),
    ("alerts.yaml", "fallback: head_office", "fallback: office2", "alerts.yaml:11", "nobody has the role"),
    ("alerts.yaml", "incident:101", "incident:999", "alerts.yaml:16", "incident:999 names no category"),
    ("alerts.yaml", "check: stations >= 2", "check: stations + 2", "alerts.yaml:19", "neither true nor false"),
    (
        "alerts.yaml",
        "form: SET\n    after: 30\n    share",
        "form: SEP\n    after: 30\n    share",
        "alerts.yaml:30",
        "SET",
    ),
    ("analysis.yaml", "votes: TAL.V", "votes: TAL.W", "analysis.yaml:4", "there is no question TAL.W"),
    ("analysis.yaml", "Moon: TAL.YB", "Moon: SET.A", "analysis.yaml:10", "SET.A is no number but a choice"),
    ("analysis.yaml", "domains: []", "domains: [MOB]", "analysis.yaml:1", "there is no form MOB"),
    ("analysis.yaml", "parts:", "partes:", "analysis.yaml:8", "unknown key partes — did you mean parts?"),
    ("replies.yaml", "accepted:", "acepted:", "replies.yaml:1", "there is no reply acepted — did you mean accepted?"),
    ("replies.yaml", "accepted:", "acepted:", "replies.yaml:1", "the reply accepted is missing"),
    ("replies.yaml", "OK. {answers}", "OK. {answer}", "replies.yaml:2", "unknown placeholder {answer}"),
    ("replies.yaml", "OK. {answers}", "OK. {answers", "replies.yaml:2", "braces do not match"),
    (
        "stations.csv",
        "district,voters",
        "distrikt,voters",
        "stations.csv:1",
        "unknown column distrikt — did you mean d",
    ),
    ("stations.csv", "district,voters", "distrikt,voters", "stations.csv:1", "column district is missing"),
    ("stations.csv", "Dunes,380", ",380", "stations.csv:6", "district is empty — write the district's name"),
    ("stations.csv", "10002,", "10001,", "stations.csv:3", "station 10001 stands already in stations.csv:2"),
    ("stations.csv", "Port-Sud,700", "Port-Sud,-700", "stations.csv:4", "“-700” is no positive number"),
    ("stations.csv", "Port-Sud,700,", "Port-Sud,700", "stations.csv:4", "5 cells, but 6 columns"),
    ("stations.csv", "10002,", "101,", "incidents.yaml:1", "101 could be a station's number"),
    ("observers.csv", "A3,observer,10004", "A3,observer,10099", "observers.csv:4", "there is no station 10099"),
    ("observers.csv", "A3,observer,10004", "A3,observer,10005", "observers.csv:4", "10005 is not in the sample"),
    ("observers.csv", "A3,observer,10004", "A3,observer,", "observers.csv:4", "the observer has no station"),
    ("observers.csv", "A3,", "A1,", "observers.csv:4", "A1 stands already in observers.csv:2"),
    ("observers.csv", "8100004", "8100001", "observers.csv:5", "this telegram_id stands already in observers.csv:2"),
    ("observers.csv", "6 70 00 00 02", "12", "observers.csv:3", "this phone is no number of the country"),
    ("observers.csv", "8100005,en", "8100005,de", "observers.csv:6", "write one of en, fr"),
    ("observers.csv", "Z1,mobile", "Z1,mobil", "observers.csv:7", "unknown role “mobil” — did you mean mobile?"),
    ("observers.csv", "fr,Montagne", "fr,Montange", "observers.csv:7", "did you mean Montagne?"),
    ("staff.csv", "Littoral,+237680000003", ",+237680000003", "staff.csv:4", "the lawyer has no region"),
    ("staff.csv", "coord-m,", "A1,", "staff.csv:3", "A1 stands already in observers.csv:2"),
    ("staff.csv", "8200005", "-8200005", "staff.csv:5", "this telegram_id is no account's number"),
    ("staff.csv", "office,head_office", "office,group", "staff.csv:5", "this telegram_id is no group's number"),
    ("staff.csv", "office,head_office", "office,group", "staff.csv:5", "a group has no phone"),
    ("staff.csv", ",", ";", "staff.csv:1", "the columns are not separated by commas"),
]


@pytest.mark.parametrize(("file", "old", "new", "place", "words"), BROKEN)
def test_a_mistake_is_found_where_it_stands(
    arvenia: Path, file: str, old: str, new: str, place: str, words: str
) -> None:
    _replace(arvenia / file, old, new, count=-1 if old == "," else 1)
    errors = [str(finding) for finding in configuration.check(arvenia) if finding.severity == "error"]
    assert any(error.startswith(f"{place}: ") and words in error for error in errors), "\n".join(errors)


WARNINGS = [
    (
        "replies.yaml",
        "Nothing was stored.",
        "Nothing. " * 60,
        "replies.yaml:11",
        "nothing_stored takes up to 4 SMS in en",
    ),
    (
        "replies.yaml",
        "Nothing was stored.",
        "Né à Žár" * 27,
        "replies.yaml:11",
        "nothing_stored takes up to 4 SMS in en",
    ),
    ("stations.csv", "Vallée,290,1", "Vallée,290,", "stations.csv:5", "stratum rural has one sampled station only"),
    ("stations.csv", "Vallée,300,", "Vallée,300,1", "observers.csv", "1 sampled stations without an observer: 20004"),
    (
        "observers.csv",
        "6 70 00 00 02",
        "+237670000001",
        "observers.csv:3",
        "this phone stands already in observers.csv:2",
    ),
    ("observers.csv", "6 70 00 00 02", "+237170000002", "observers.csv:3", "1 phones have the right length"),
    ("staff.csv", "coord-m,coordinator", "coord-m,lawyer", "staff.csv", "no coordinator for Montagne"),
]


@pytest.mark.parametrize(("file", "old", "new", "place", "words"), WARNINGS)
def test_a_doubt_is_told_and_does_not_stop_the_load(
    arvenia: Path, file: str, old: str, new: str, place: str, words: str
) -> None:
    _replace(arvenia / file, old, new)
    if place == "stations.csv:5":
        _replace(arvenia / "observers.csv", "A5,observer,20005", "A5,observer,10004")
    warnings = [str(warning) for warning in configuration.load(arvenia).warnings]
    assert [warning for warning in warnings if warning.startswith(f"{place}: ") and words in warning], warnings


@pytest.mark.parametrize("price", ["0.25", "{kannel: 0.05, twilio: 0.25}"])
def test_a_long_reply_is_told_with_the_price_of_a_day(arvenia: Path, price: str) -> None:
    _replace(arvenia / "election.yaml", "default_language: fr", f"default_language: fr\nsegment_price: {price}")
    _replace(arvenia / "replies.yaml", "OK. {answers}", "OK. {answers}" + " Thank you." * 60)
    [warning] = configuration.check(arvenia)
    words = "accepted takes up to 5 SMS in en; a day of it, to 3 telephones, is 30 SMS and costs 7.50"
    assert words in str(warning)


def _delete(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_text("")


def _latin_1(path: Path) -> None:
    path.write_bytes(path.read_text("utf-8").encode("latin-1"))


@pytest.mark.parametrize(
    ("file", "spoil", "place", "words"),
    [
        ("stations.csv", _delete, "stations.csv", "this file is missing"),
        ("stations.csv", _empty, "stations.csv:1", "this file is empty"),
        ("stations.csv", _latin_1, "stations.csv:11", "not UTF-8"),
        ("alerts.yaml", _delete, "alerts.yaml", "this file is missing"),
        ("replies.yaml", _empty, "replies.yaml:1", "this file is empty"),
        ("options.yaml", _delete, "options.yaml", "this file is missing"),
        ("forms/TAL.yaml", _latin_1, "forms/TAL.yaml:3", "not UTF-8"),
        ("election.yaml", _delete, "election.yaml", "this file is missing"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error(
    arvenia: Path, file: str, spoil: Callable[[Path], None], place: str, words: str
) -> None:
    spoil(arvenia / file)
    errors = [str(finding) for finding in configuration.check(arvenia) if finding.severity == "error"]
    assert len(errors) == 1, "\n".join(errors)
    assert errors[0].startswith(f"{place}: {words}")


def test_a_byte_order_mark_is_no_mistake(arvenia: Path) -> None:
    for name in ("stations.csv", "election.yaml"):
        path = arvenia / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert configuration.check(arvenia) == ()


def test_all_mistakes_are_told_at_once(arvenia: Path) -> None:
    _replace(arvenia / "stations.csv", "Dunes,380", ",380")
    _replace(arvenia / "observers.csv", "Z1,mobile", "Z1,mobil")
    _replace(arvenia / "alerts.yaml", "after: 10, to", "after: -10, to")
    with pytest.raises(ConfigurationError) as caught:
        configuration.load(arvenia)
    assert [finding.file for finding in caught.value.findings] == ["alerts.yaml", "observers.csv", "stations.csv"]


def test_no_finding_shows_a_whole_telephone_number(arvenia: Path) -> None:
    _replace(arvenia / "observers.csv", "6 70 00 00 02", "+237670000001")
    assert "670000001" not in render(configuration.check(arvenia))


def test_a_finding_reads_as_place_message_and_fix() -> None:
    finding = Finding("stations.csv", 17, "district is empty", "write the district's name")
    assert str(finding) == "stations.csv:17: district is empty — write the district's name"
    assert render([finding]).endswith("\n1 error, 0 warnings")


def _replace(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), "utf-8")


def test_a_person_may_have_several_numbers_in_any_spelling_and_each_is_judged(arvenia: Path) -> None:
    _replace(arvenia / "observers.csv", "+237670000001", "+237670000001; 6 70 00 00 77;670-000-001")
    assert configuration.load(arvenia).people[0].phones == ("+237670000001", "+237670000077")
    _replace(arvenia / "observers.csv", "6 70 00 00 77", "77")
    [error] = [str(finding) for finding in configuration.check(arvenia) if finding.severity == "error"]
    assert error.startswith("observers.csv:2: the phone “77” is no number of the country")
