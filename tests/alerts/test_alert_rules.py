"""What raises an alert, whom and when it reaches: without a database."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bots import segments
from hub.alerts import pages, rules
from hub.alerts.auditor import TROUBLES
from hub.alerts.pages import Matter
from hub.alerts.rules import Sighting, Trigger
from hub.alerts.times import Waiting, waiting
from hub.checklist.definition import Category
from hub.election import configuration
from hub.election.alerting import Alerting, Chain, Hours, Pattern, Step
from hub.election.definition import Election

ELECTIONS = Path(__file__).parent.parent / "elections"
KYRGYZSTAN = Path(__file__).parent.parent.parent / "config" / "kyrgyzstan-2021"
NOON = datetime(2030, 3, 10, 12, 0, tzinfo=UTC)
TITLE = {"en": "x", "fr": "x"}


def pattern(check: str = "stations >= 3", by: str = "district") -> Pattern:
    told = {"name": "p", "title": TITLE, "topics": ["incident:31"], "by": by, "within": 30, "check": check}
    return Pattern.model_validate(told)


def seen(station: str, district: str = "D", region: str = "R", severity: int = 2) -> Sighting:
    return Sighting("incident:31", severity, station, district, region, NOON)


@pytest.mark.parametrize(
    ("sightings", "by", "check", "places"),
    [
        ([seen("1"), seen("2"), seen("3")], "district", "stations >= 3", {("R", "D")}),
        ([seen("1"), seen("1"), seen("2")], "district", "stations >= 3", set()),
        ([seen("1"), seen("1"), seen("2")], "district", "reports >= 3", {("R", "D")}),
        ([seen("1"), seen("2"), seen("3", "E")], "district", "stations >= 3", set()),
        ([seen("1"), seen("2"), seen("3", "E")], "region", "stations >= 3", {("R", "")}),
        ([seen("1"), seen("2"), seen("3", "E", "S")], "everywhere", "stations >= 3", {("", "")}),
        ([seen("1", severity=1), seen("2")], "district", "severity == 1 && stations > 1", {("R", "D")}),
        ([], "district", "stations >= 0", set()),
    ],
)
def test_a_pattern_is_several_reports_of_one_place(
    sightings: list[Sighting], by: str, check: str, places: set[tuple[str, str]]
) -> None:
    assert rules.by_pattern(pattern(check, by), sightings).keys() == places


@pytest.mark.parametrize("check", ["stations", "stations >=", "unknown > 2", "stations > 'a'"])
def test_an_unsound_pattern_does_not_load(check: str) -> None:
    with pytest.raises(ValidationError):
        pattern(check)


def test_a_category_raises_an_alert_only_where_somebody_is_paged_for_its_severity() -> None:
    category = Category(code="31", key="box", title=TITLE, severity=2)
    paging = Alerting(chains=(Chain(severity=(2,), steps=(Step(to=("lawyer",)),)),))
    assert rules.by_category(category, paging) == [Trigger("incident:31", 2)]
    assert rules.by_category(category, Alerting()) == []


@pytest.mark.parametrize(
    ("severity", "topic", "region", "at", "found"),
    [
        (1, "incident:31", "North", time(12), 0),
        (1, "incident:31", "North", time(23), 1),
        (1, "incident:31", "South", time(12), 2),
        (1, "answer:OPN.A=2", "North", time(12), 2),
        (2, "incident:31", "South", time(12), None),
    ],
)
def test_the_first_chain_that_fits_severity_category_region_and_hour_is_taken(
    severity: int, topic: str, region: str, at: time, found: int | None
) -> None:
    chains = (
        Chain(categories=("31",), regions=("North",), hours=Hours(start=time(6), end=time(22))),
        Chain(regions=("North",), hours=Hours(start=time(22), end=time(6))),
        Chain(severity=(1,)),
    )
    chain = Alerting(chains=chains).chain(severity, topic, region, at)
    assert chain == (None if found is None else chains[found])


def test_who_has_shifts_is_on_duty_within_them_only() -> None:
    alerting = Alerting(shifts={"coord": (Hours(start=time(20), end=time(8)),)})
    assert [alerting.on_duty("coord", time(hour)) for hour in (7, 8, 19, 20, 23)] == [True, False, False, True, True]
    assert alerting.on_duty("lawyer", time(12))


@pytest.mark.parametrize(
    ("step", "minutes"),
    [(Step(to=("a",), after=3), 3), (Step(to=("a",), after=30, digest=True), 20), (Step(to=("a",), digest=True), 0)],
)
def test_a_digest_is_due_at_the_next_whole_multiple_of_its_minutes(step: Step, minutes: int) -> None:
    started = NOON + timedelta(minutes=10)
    assert Alerting().due(step, started) - started == timedelta(minutes=minutes)


@pytest.fixture(scope="module", params=[ELECTIONS / "arvenia", KYRGYZSTAN], ids=["arvenia", "kyrgyzstan"])
def election(request: pytest.FixtureRequest) -> Election:
    return configuration.load(request.param).election


def every_topic(election: Election) -> list[str]:
    checklist, alerting = election.checklist, election.alerting
    answers = [(f.code, q.code, value) for f in checklist.forms for q in f.questions for value in q.critical]
    return [
        *("sos", *(f"hub:{trouble}" for trouble in TROUBLES)),
        *(f"incident:{category.code}" for category in checklist.categories),
        *(f"answer:{form}.{code}={value}" for form, code, value in answers),
        *(f"rule:{form.code}.{rule.name}" for form in checklist.forms for rule in form.rules),
        *(f"pattern:{pattern.name}" for pattern in alerting.patterns),
        *(f"silence:{silence.name}" for silence in alerting.silence),
    ]


@given(
    names=st.tuples(*[st.text("Aa -ŞşçêéёжңөүĞœ“’…N°€[]😀", max_size=200)] * 2),
    station=st.text("0123456789", max_size=8),
    person=st.text("ABCXYZ0123456789-", max_size=14),
    number=st.integers(1, 10**7),
    severity=st.sampled_from((1, 2, 3)),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_page_by_sms_is_one_segment_in_latin_two_in_others_and_says_what_to_text_back(
    election: Election, names: tuple[str, str], station: str, person: str, number: int, severity: int
) -> None:
    district, region = names
    for topic in every_topic(election):
        matter = Matter(number, topic, severity, station, district, region, person, "words", NOON)
        for language in election.checklist.languages:
            counted = segments.count(text := pages.text(election, matter, language))
            assert counted.count <= (1 if counted.gsm else 2)
            assert str(number) in text.splitlines()[0]
            assert station in text
            assert person in text
            assert text.splitlines()[-1].count(f" {number}") == 3


def test_a_page_has_number_severity_what_station_district_who_since_when_and_what_to_text_back() -> None:
    election = configuration.load(ELECTIONS / "arvenia").election
    matter = Matter(57, "answer:SET.A=0", 1, "10001", "Port-Nord", "Littoral", "A1", "mot à mot", NOON, (12, 31))
    assert pages.text(election, matter, "fr") == (
        "ALERTE 57, critique : Observateur admis : non. 10001, Port-Nord. A1, 13:00.\nRECU 57 / FINI 57 / FAUX 57"
    )
    assert pages.push(election, matter, "fr").splitlines()[1:] == ["« mot à mot »", "Alertes précédentes ici : 12, 31"]


def test_latin_letters_that_an_sms_would_pay_for_are_written_plainly() -> None:
    election = configuration.load(ELECTIONS / "arvenia").election
    matter = Matter(57, "incident:201", 2, "10001", "Forêt-aux-Œuvres d’Ağrı", "R", "A1", "", NOON)
    assert "serieuse : Propagande. 10001, Foret-aux-OEuvres d'Agri" in pages.text(election, matter, "fr").replace(
        "é", "e"
    )


def test_a_hub_that_was_loaded_before_a_word_was_needed_pages_all_the_same() -> None:
    election = configuration.load(ELECTIONS / "arvenia").election
    older = {key: told for key, told in election.replies.items() if not key.startswith(("severity_", "hub_pages"))}
    election = election.model_copy(update={"replies": older})
    matter = Matter(57, "hub:pages", 1, "", "", "", "", "", NOON)
    assert pages.text(election, matter, "en").startswith("ALERT 57, 1: hub:pages.")


def test_only_what_is_not_for_a_list_alone_must_be_answered() -> None:
    listed = Chain(severity=(3,), steps=(Step(to=("coordinator",), after=30, digest=True),))
    assert Alerting(chains=(Chain(severity=(1, 2), steps=(Step(to=("lawyer",)),)), listed)).answered() == (1, 2)


def test_every_topic_has_words(election: Election) -> None:
    for topic in every_topic(election):
        for language in election.checklist.languages:
            assert pages.what(election, topic, language) != topic


def test_waits_are_told_by_nearest_rank() -> None:
    assert waiting([]) == Waiting(0, None, None, None)
    assert waiting([float(n) for n in range(1, 101)]) == Waiting(100, 50.0, 95.0, 100.0)
