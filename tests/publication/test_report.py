"""The report of the golden day is the published one: its tables, its rounding, and the print's own errors beside."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
import pytest
from ruamel.yaml import YAML

from hub.analysis import tables
from hub.analysis.bases import Soundness
from hub.analysis.coverage import Coverage
from hub.analysis.evidence import Drawn, Evidence, Frame, Record
from hub.analysis.reconciliation import Comparison
from hub.analysis.tables import Findings
from hub.election import configuration
from hub.election.definition import Election
from hub.publication import deployment, exhibits, office, printing, report, words
from hub.publication.document import Document, Drawing, Heading, Paragraph
from hub.publication.report import Facts
from hub.publication.words import Words, languages, tenths
from hub.tabulation import Table

GOLDEN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"
ARVENIA = Path(__file__).parents[1] / "elections" / "arvenia"
MIDNIGHT = datetime(2021, 11, 28, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def golden() -> Election:
    return configuration.load(GOLDEN).election


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((GOLDEN / "day" / "expected.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def day() -> Evidence:
    """Every report of the day, without a database."""
    with (GOLDEN / "stations.csv").open(encoding="utf-8") as file:
        frame = list(enumerate(csv.DictReader(file), 1))
    parts: dict[tuple[str, str, str], int] = {}
    for _, row in frame:
        part = (row["stratum"], row["stratum"], row["district"])
        parts[part] = parts.get(part, 0) + 1
    drawn = [
        Drawn(id, row["station"], row["stratum"], row["stratum"], row["district"], int(row["voters"]))
        for id, row in frame
        if row["sampled"] == "1"
    ]
    ids = {station.code: station.id for station in drawn}
    records: dict[str, dict[int, Record]] = {}
    for line in (GOLDEN / "day" / "messages.jsonl").read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        if "answers" in message:
            records.setdefault(message["form"], {})[ids[message["station"]]] = Record(message["answers"])
    return Evidence(Frame(parts, tuple(drawn)), records)


@pytest.fixture(scope="module")
def found(day: Evidence, golden: Election) -> Findings:
    return tables.compute(day, golden)


@pytest.fixture(scope="module")
def facts(day: Evidence, found: Findings) -> Facts:
    return Facts(MIDNIGHT, 2352, found, Coverage({}, (), ()), deployment.layers(day), [], [], [], [], [])


def test_every_checklist_table_has_the_published_counts_and_percentages(
    facts: Facts, golden: Election, expected: dict[str, Any]
) -> None:
    told = {it.title.partition(" ")[0]: it for it in blocks(report.report(facts, golden, "en"), Table) if it.title}
    assert told.keys() >= expected["tables"].keys()
    for key, wanted in expected["tables"].items():
        counts = [row[1] for row in told[key].rows if row[1]]
        assert sorted(counts) == sorted(wanted["counts"].values())
        for _, count, share, estimate, margin, *_ in told[key].rows:
            # As it is printed: one decimal of the stations that answered.
            assert share == Decimal(f"{100 * count / wanted['n']:.1f}")
            if count:
                figures = [(it["estimate_pct"], it["normal_margin_95_pp"]) for it in wanted["weighted"].values()]
                assert any(
                    abs(float(estimate) - pct) <= 0.0501 and abs(float(margin) - points) <= 0.0501
                    for pct, points in figures
                )


def test_turnout_and_shares_are_the_published_ones(found: Findings, golden: Election, expected: dict[str, Any]) -> None:
    spoken = Words(golden, "en")
    turnout = {row[0]: row[2:4] for row in exhibits.exhibit(found, spoken, "turnout").tables[0].rows}
    assert turnout == {
        name: (tenths(it["estimate_pct"] / 100, 2), tenths(it["margin_99_pp"] / 100, 2))
        for name, it in expected["turnout"].items()
    }
    shares = {row[0]: row[1] for row in exhibits.exhibit(found, spoken, "shares:party_list_shares").tables[0].rows}
    wanted = expected["party_list_shares"].items()
    assert shares.keys() == {name for name, _ in wanted}
    assert all(abs(float(str(shares[name])) - it["estimate_pct"]) <= 0.0051 for name, it in wanted)


def test_the_sample_table_is_the_published_allocation(facts: Facts, golden: Election) -> None:
    layers = next(it for it in blocks(report.report(facts, golden, "en"), Table) if len(it.rows) == 9)
    assert [row[3] for row in layers.rows] == [28, 73, 27, 56, 31, 21, 14, 50, 300]
    assert layers.rows[-1] == ("Total", 2435, Decimal("100.0"), 300, Decimal("100.0"), 300)


def test_the_prints_own_errors_stand_beside_their_tables(
    found: Findings, golden: Election, expected: dict[str, Any]
) -> None:
    departures = " ".join(expected["departures_from_print"])
    told = {
        key: " ".join(exhibits.exhibit(found, Words(golden, "en"), key).tables[0].notes)
        for key in ("MOB.G", "CNT.F", "CNT.A", "CLS.B")
    }
    assert all("Note: the printed report gives" in notes for notes in told.values())
    figures = set(re.findall(r"\d+\.\d|\d{2,}", departures))
    assert figures - {"99"} <= set(re.findall(r"\d+\.\d|\d{2,}", " ".join(told.values())))


@pytest.mark.parametrize("language", languages())
def test_the_report_is_whole_in_each_language(facts: Facts, golden: Election, language: str) -> None:
    told = report.report(facts, golden, language)
    said = " ".join(it.words for it in told.blocks if isinstance(it, Heading | Paragraph))
    assert not re.search(r"[{}]", said)
    assert len(list(blocks(told, Drawing))) == 5  # turnout over the day and by stratum, shares
    assert printing.pdf(told).startswith(b"%PDF")


def test_the_second_elections_report_speaks_its_own_language() -> None:
    arvenia = configuration.load(ARVENIA).election
    nothing = Evidence(Frame({}, ()), {})
    facts = Facts(MIDNIGHT, 0, tables.compute(nothing, arvenia), Coverage({}, (), ()), [], [], [], [], [], [])
    assert arvenia.default_language in languages()
    told = report.report(facts, arvenia, arvenia.default_language)
    assert (told.title, told.election) == ("Constats de l’observation", "Élection générale d'Arvénie")
    english = report.report(facts, arvenia, "en")
    assert len(told.blocks) == len(english.blocks)
    assert not {it.words for it in blocks(told, Paragraph)} & {it.words for it in blocks(english, Paragraph)}


def test_every_language_has_every_word() -> None:
    said = {language: YAML(typ="safe").load(words.FILES / f"{language}.yaml") for language in languages()}
    for language, texts in said.items():
        places = {key: set(re.findall(r"{\w+}", text)) for key, text in texts.items()}
        assert places == {key: set(re.findall(r"{\w+}", text)) for key, text in said["en"].items()}, language


def test_a_figure_that_may_not_be_released_is_named_and_nowhere_told(facts: Facts, golden: Election) -> None:
    held = {
        key: replace(it, release=replace(it.release, overall=0.5))
        for key, it in facts.findings.tables.items()
        if key == "CLS.B"
    }
    turnout = tuple(replace(it, release=replace(it.release, conflicts=2)) for it in facts.findings.turnout)
    thin = replace(facts.findings, tables=facts.findings.tables | held, turnout=turnout)
    told = report.report(replace(facts, findings=thin), golden, "en")
    assert not [it for it in blocks(told, Table) if it.title.startswith("CLS.B")]
    assert "Turnout" not in [it.words for it in blocks(told, Heading)]
    last = told.blocks[-1]
    assert isinstance(last, Table)
    assert [row[1] for row in last.rows][:2] == [
        "50.0% of the stations stand behind it",
        "100.0% of the stations stand behind it · open conflicts: 2",
    ]
    for key in ("CLS.B", "turnout", "nothing"):
        with pytest.raises(KeyError):
            exhibits.exhibit(thin, Words(golden, "en"), key)


def test_verified_flagged_disputed_and_quarantined_values_are_told_apart_in_every_table(
    found: Findings, golden: Election
) -> None:
    doubt = Soundness(verified=3, flagged=2, quarantined=1, disputed=4)
    asked = {"CLS.B": replace(found.tables["CLS.B"], soundness=doubt)}
    turnout = (found.turnout[0], replace(found.turnout[1], soundness=doubt), *found.turnout[2:])
    ballot = found.shares[0]
    parts = (replace(ballot.parts[0], soundness=doubt), *ballot.parts[1:])
    doubtful = replace(found, tables=found.tables | asked, turnout=turnout, shares=(replace(ballot, parts=parts),))
    said = (
        "verified by a person: 3 · flagged and not verified: 2 · observers disagree, left out: 4 · "
        "quarantined, left out: 1"
    )
    names = {"CLS.B": "", "turnout": "turnout at 16:00: ", f"shares:{ballot.name}": f"{ballot.parts[0].name}: "}
    for key, name in names.items():
        notes = [exhibits.exhibit(it, Words(golden, "en"), key).tables[0].notes for it in (doubtful, found)]
        assert set(notes[0]) - set(notes[1]) == {name + said}


def test_who_is_ahead_is_called_or_said_to_be_too_close(found: Findings, golden: Election) -> None:
    ballot = found.shares[0]
    first = ballot.leads[0]
    assert not first.called
    sure = replace(first, estimate=replace(first.estimate, low=0.001))
    called = replace(found, shares=(replace(ballot, leads=(sure, *ballot.leads[1:])),))
    key = f"shares:{ballot.name}"
    notes = [exhibits.exhibit(it, Words(golden, "en"), key).tables[0].notes for it in (found, called)]
    assert f"{first.ahead} and {first.behind}: too close to call" in notes[0][1]
    assert f"{first.ahead} is ahead of {first.behind} by" in notes[1][1]


def test_control_ratios_that_do_not_hold_are_told_on_both_sides(facts: Facts, golden: Election) -> None:
    rule = golden.checklist.form("PRT").rules[0]
    compared = [Comparison("1191", (), 3, ((), (rule.name,))), Comparison("1192", (), 3, ((), ()))]
    told = report.report(replace(facts, compared=compared), golden, "en")
    [table] = [it for it in blocks(told, Table) if it.title == "Control ratios that do not hold"]
    assert table.rows == [("1191", "", rule.message["en"])]


def test_turnout_is_compared_from_hour_to_hour_where_both_may_be_told(found: Findings, golden: Election) -> None:
    notes = exhibits.exhibit(found, Words(golden, "en"), "turnout").tables[0].notes
    first, second = (each.estimate.estimate for each in found.turnout[:2])
    assert first is not None
    assert second is not None
    assert f"turnout at noon → turnout at 16:00: {tenths(second - first)} points (±" in notes[1]
    noon = replace(found.turnout[0], release=replace(found.turnout[0].release, overall=0.5))
    held = replace(found, turnout=(noon, *found.turnout[1:]))
    assert not any("noon" in note for note in exhibits.exhibit(held, Words(golden, "en"), "turnout").tables[0].notes)


def test_the_same_report_can_be_worked_on_in_a_house_style(facts: Facts, golden: Election, tmp_path: Path) -> None:
    house = docx.Document()
    house.sections[0].header.paragraphs[0].text = "Our house"
    house.save(str(tmp_path / "house.docx"))
    short = replace(report.report(facts, golden, "ky"), blocks=report.report(facts, golden, "ky").blocks[:10])
    made = docx.Document(io.BytesIO(office.office(short, MIDNIGHT, tmp_path / "house.docx")))
    assert made.sections[0].header.paragraphs[0].text == "Our house"
    assert made.paragraphs[0].text == "Байкоонун жыйынтыгы"
    assert [cell.text for cell in made.tables[0].rows[-1].cells][:4] == ["Жыйынтыгы", "2\xa0435", "100,0", "300"]


def blocks(document: Document, kind: type[Any]) -> list[Any]:
    return [block for block in document.blocks if isinstance(block, kind)]
