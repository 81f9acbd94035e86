"""Doubtful values and what hangs on them. No database: evidence is made by hand."""

from __future__ import annotations

import random
from typing import Any

import pytest

from hub.analysis import groups, quality, tables
from hub.analysis.bases import NOTHING_SAID
from hub.analysis.evidence import Drawn, Evidence, Frame, Record
from hub.analysis.sensitivity import Sensitivity, sensitivity
from hub.election.definition import Election


def evidence(**records: Record) -> Evidence:
    """Stations s1, s2, … of one stratum of 100 and one district, each with a record on the form DAY."""
    drawn = tuple(
        Drawn(int(name[1:]), name[1:], "north", "east" if int(name[1:]) % 2 else "west", "d", 1000) for name in records
    )
    by_id = {station.id: record for station, record in zip(drawn, records.values(), strict=True)}
    districts = {("north", region, "d"): 50 for region in ("east", "west")}
    return Evidence(Frame(districts, drawn), {"DAY": by_id})


def counted(k: int = 100, t: int = 50, r: int = 30, b: int = 20, **others: Any) -> Record:
    return Record({"K": str(k), "T": str(t), "R": str(r), "B": str(b), "A": "1"}, **others)


def doubted(base: Evidence, election: Election) -> list[tuple[str, str, str]]:
    return [(each.kind, each.station, each.place[2]) for each in quality.doubts(base, election).values]


@pytest.mark.parametrize(
    ("record", "kinds"),
    [
        (counted(), []),
        (counted(t=95, r=60, b=35), []),
        (counted(t=96, r=60, b=36), ["turnout"]),
        (counted(t=101, r=60, b=41), ["over"]),
        (counted(r=31, b=20), ["sum"]),  # more votes for the parties than votes
        (counted(r=29, b=20), []),  # less may be: the parts are not declared to be the whole
        (counted(t=99, r=60, b=39, verified=frozenset("T")), ["turnout"]),
        (Record(quarantined={"T": "101"}), []),
    ],
)
def test_a_value_is_flagged_by_what_is_known_of_its_own_station(
    small: Election, record: Record, kinds: list[str]
) -> None:
    assert [kind for kind, _, _ in doubted(evidence(s1=record), small)] == kinds


def test_parts_that_are_the_whole_must_add_up(small: Election) -> None:
    told = small.model_dump(mode="json")
    told["analysis"]["shares"][0]["whole"] = True
    assert doubted(evidence(s1=counted(r=29)), Election.model_validate(told)) == [("sum", "1", "T")]


def test_a_broken_rule_flags_the_answers_that_it_names(small: Election) -> None:
    base = evidence(s1=counted(flags=frozenset({"sum"})))
    assert doubted(base, small) == [("rule", "1", "K"), ("rule", "1", "T")]
    assert [each.told for each in quality.doubts(base, small).values] == [{"rule": "DAY.sum"}] * 2
    assert list(quality.doubts(base, small).by_question()) == ["DAY.K", "DAY.T"]


def test_a_turnout_far_from_its_neighbours_is_flagged(small: Election) -> None:
    near = {f"s{2 * number}": counted(t=40 + number, r=10, b=10) for number in range(1, 8)}
    assert doubted(evidence(**near), small) == []
    # Median 44.5%, median distance 2 points: usual is up to 3.5 · 1.4826 · 2 = 10.4 points away.
    assert doubted(evidence(**near, s16=counted(t=54, r=10, b=10)), small) == []
    assert doubted(evidence(**near, s16=counted(t=60, r=10, b=10)), small) == [("neighbours", "16", "T")]
    few = dict(list(near.items())[:4])
    assert doubted(evidence(**few, s16=counted(t=60, r=10, b=10)), small) == []
    assert doubted(evidence(**near, s15=counted(t=60, r=10, b=10)), small) == []  # of another region


def test_neighbours_who_are_all_alike_tell_nothing_unusual() -> None:
    assert quality.outlying(0.9, [0.5] * 6, 3.5) is None


@pytest.mark.parametrize(
    ("statistic", "p"), [(0.0, 1.0), (14.684, 0.10), (16.919, 0.05), (21.666, 0.01), (27.877, 0.001)]
)
def test_chi_square_agrees_with_the_printed_table(statistic: float, p: float) -> None:
    assert quality._chi_square_9(statistic) == pytest.approx(p, abs=5e-6, rel=5e-4)


def test_made_up_last_digits_are_odd_and_counted_ones_are_not() -> None:
    chance = random.Random(2012)
    counted = [chance.randint(100, 999) for _ in range(300)]
    assert quality.last_digits(counted)[1] > 0.01
    assert quality.round_numbers(counted)[1] > 0.01
    rounded = [count - count % 5 if index % 4 == 0 else count for index, count in enumerate(counted)]
    assert quality.last_digits(rounded)[1] < 0.01
    share, p = quality.round_numbers(rounded)
    assert (share > 0.3, p < 0.001) == (True, True)


def test_the_chance_of_round_numbers_is_binomial() -> None:
    share, p = quality.round_numbers([10, 15, 21])  # 3 · .2² · .8 + .2³
    assert [share, p] == pytest.approx([2 / 3, 0.104])


def test_counts_are_tested_where_there_are_enough_that_are_large(small: Election) -> None:
    many = {f"s{n}": counted(k=900, t=500 + n, r=n, b=n) for n in range(1, 61)}
    found = quality.doubts(evidence(**many), small).digits
    assert [(test.kind, test.ref, test.n) for test in found] == [("last", "DAY.T", 60), ("round", "DAY.T", 60)]
    assert not any(test.odd for test in found)


def test_every_table_tells_verified_flagged_disputed_and_quarantined_apart(small: Election) -> None:
    base = evidence(
        s2=counted(t=99, r=60, b=39),
        s4=counted(t=98, r=60, b=38, verified=frozenset("T")),
        s6=Record({"K": "100", "A": "1"}, quarantined={"T": "7"}),
        s8=Record({"K": "100", "A": "1"}, said={"T": ("10", "90")}),
        s10=counted(),
    )
    found = tables.compute(base, small)
    sound = found.turnout[0].soundness
    assert (sound.verified, sound.flagged, sound.quarantined, sound.disputed) == (1, 1, 1, 1)
    assert found.turnout[0].estimate.n == 3
    assert found.tables["DAY.A"].soundness == NOTHING_SAID
    weighed = {each.key: each for each in hanging(base, small)}
    turnout = weighed["turnout"]
    assert turnout.stands.estimate == pytest.approx((99 + 98 + 50) / 300)
    assert turnout.verified.estimate == pytest.approx((98 + 50) / 200)
    assert turnout.lowest.estimate == pytest.approx((99 + 98 + 50 + 10) / 400)
    assert turnout.highest.estimate == pytest.approx((99 + 98 + 50 + 90) / 400)
    assert (turnout.unverified, turnout.disputed) == (1, 1)


def test_a_conflict_over_a_question_is_decided_each_way(small: Election) -> None:
    disputed = Record({}, said={"A": ("1", "2")})
    yes, no = Record({"A": "1"}), Record({"A": "2"})
    base = evidence(s2=yes, s4=yes, s6=no, s8=disputed)
    found = {each.key: each for each in hanging(base, small)}["DAY.A=1"]
    assert (found.lowest.estimate, found.highest.estimate) == (0.5, 0.75)
    assert found.stands.estimate == pytest.approx(2 / 3)
    assert found.steady


def test_deciding_each_way_finds_the_extremes_of_a_ratio_when_the_base_is_disputed_too(small: Election) -> None:
    base = evidence(
        s2=counted(k=100, t=40),
        s4=counted(k=300, t=90),
        s6=Record({"K": "10"}, said={"T": ("5", "9"), "K": ("10", "400")}),
    )
    found = {each.key: each for each in hanging(base, small)}["turnout"]
    ways = [(130 + t) / (400 + k) for t in (5, 9) for k in (10, 400)]
    assert found.lowest.estimate == pytest.approx(min(ways))
    assert found.highest.estimate == pytest.approx(max(ways))


def test_figures_of_a_region_are_a_domain_and_of_a_declared_group_too(small: Election) -> None:
    told = small.model_dump(mode="json")
    told["analysis"]["groups"] = {"odd": {"name": {"en": "Odd"}, "stations": ["1", "3"], "regions": ["west"]}}
    election = Election.model_validate(told)
    base = evidence(s1=Record({"A": "1"}), s2=Record({"A": "2"}), s3=Record({"A": "1"}), s4=Record({}))
    parts = groups.parts(base, election)
    assert list(parts) == ["stratum:north", "region:east", "region:west", "group:odd"]
    east = tables.compute(groups.within(base, parts["region:east"]), election).tables["DAY.A"]
    assert (east.n, east.options[0].estimate.estimate, east.options[0].count) == (2, 1, 2)
    assert east.release.strata == {"north": 1}
    (stratum,) = east.options[1].strata
    assert sorted(stratum.pairs) == [(0, 0), (0, 1), (0, 1)]  # the station of the west is outside, not missing
    whole = tables.compute(groups.within(base, parts["group:odd"]), election).tables["DAY.A"]
    assert whole.n == 3


def test_turnout_is_compared_from_hour_to_hour(small: Election) -> None:
    told = small.model_dump(mode="json")
    told["analysis"]["turnout"] = [
        {"name": "noon", "votes": "DAY.R", "registered": "DAY.K"},
        {"name": "evening", "votes": "DAY.T", "registered": "DAY.K"},
    ]
    base = evidence(s2=counted(t=50, r=30), s4=counted(t=60, r=20))
    (rise,) = tables.compute(base, Election.model_validate(told)).rises
    assert (rise.earlier, rise.later) == ("noon", "evening")
    assert rise.estimate is not None
    assert rise.estimate.estimate == pytest.approx(0.3)
    assert rise.estimate.margin is not None


def hanging(base: Evidence, election: Election) -> list[Sensitivity]:
    doubts = quality.doubts(base, election)
    found = tables.compute(base, election, doubts=doubts)
    return list(sensitivity(base, election, found, doubts.places).values())
