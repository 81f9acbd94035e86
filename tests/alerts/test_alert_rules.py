"""What raises an alert, whom and when it reaches: without a database."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.alerts import pages, rules
from hub.alerts.pages import SHORT, SHORT_WIDE, Matter
from hub.alerts.rules import Sighting, Trigger
from hub.alerts.times import Waiting, waiting
from hub.checklist.definition import Category
from hub.election import configuration
from hub.election.alerting import Alerting, Chain, Hours, Pattern, Step

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


@pytest.mark.parametrize(
    ("folder", "language"), [(ELECTIONS / "arvenia", "en"), (KYRGYZSTAN, "ru"), (KYRGYZSTAN, "ky")]
)
def test_a_page_by_sms_keeps_to_its_segments_and_says_what_to_text_back(folder: Path, language: str) -> None:
    election = configuration.load(folder).election
    for category in election.checklist.categories:
        matter = Matter(57, f"incident:{category.code}", 1, "5191", "Ленинский район", "R", "A17", "слова", NOON)
        text = pages.text(election, matter, language)
        assert len(text) <= (SHORT if text.isascii() else SHORT_WIDE)
        assert "57" in text.splitlines()[-1]
        assert "5191" in text
        assert "слова" in pages.push(election, matter, language)


def test_every_topic_has_words() -> None:
    election = configuration.load(KYRGYZSTAN).election
    alerting = election.alerting
    topics = ["sos", "hub:worker", "hub:timers", "hub:steps", "answer:OPN.A=2", "incident:01"]
    topics += [f"pattern:{each.name}" for each in alerting.patterns] + [f"silence:{s.name}" for s in alerting.silence]
    for topic in topics:
        for language in election.checklist.languages:
            assert pages.what(election, topic, language) != topic


def test_waits_are_told_by_nearest_rank() -> None:
    assert waiting([]) == Waiting(0, None, None, None)
    assert waiting([float(n) for n in range(1, 101)]) == Waiting(100, 50.0, 95.0, 100.0)
