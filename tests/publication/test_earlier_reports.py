"""The report of an earlier position, and of a release: what was known then, whatever has come since."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from hub.analysis import releases
from hub.cli import publication
from hub.cli.terminal import Refusal
from hub.database import reading, writing
from hub.models import AccountRow, AssignmentRow, ReleaseRow
from hub.publication import report
from hub.publication.document import Document
from hub.publication.report import Facts
from hub.publication.words import tenths
from hub.tabulation import Table
from tests.console import house as houses
from tests.console.house import A1, A2, A3, House


@pytest.fixture
def house(engine: Engine) -> House:
    """Two drawn stations, both counted, and a release of it that two people signed; then other numbers came."""
    houses.build(engine)
    house = houses.open_house(engine)
    house.evening()
    house.text(A1, "TAL R900 V500 YA300 YB200")
    house.text(A3, "TAL R400 V200 YA120 YB80")
    release(house)
    house.clock[0] += timedelta(minutes=30)
    house.text(A1, "TAL V100 YA50 YB50")
    house.text(A2, "ALR 10001 101 bagarre")
    return house


def release(house: House) -> None:
    def account(name: str) -> int:
        return session.scalars(select(AccountRow.id).where(AccountRow.name == name)).one()

    with writing(house.hub.engine) as session:
        told: dict[str, Any] = {"now": house.clock[0]}
        proposal = releases.propose(session, house.hub.election, account_id=account("analyst"), **told)
        releases.sign(session, house.hub.vault, proposal, account_id=account("office"), **told)


def figures(document: Document) -> list[tuple[object, ...]]:
    """Name, estimate, margin: of turnout and of each share."""
    shown = [it for it in document.blocks if isinstance(it, Table) and "Estimate, %" in it.headings]
    columns = [(it, it.headings.index("Estimate, %"), it.headings.index("Margin, ±")) for it in shown]
    return [(row[0], row[estimate], row[margin]) for it, estimate, margin in columns for row in it.rows]


def signed(session: Session) -> list[tuple[object, ...]]:
    told = releases.frozen(session, 1)["tables"]
    return [
        (name, *(None if it[key] is None else tenths(it[key] / 100, 2) for key in ("estimate_pct", "margin_95_pp")))
        for part in ("turnout", "votes")
        for name, it in told[part].items()
    ]


def test_the_report_of_a_release_has_the_signed_figures_to_the_digit_whatever_came_since(house: House) -> None:
    with reading(house.hub.engine) as session:
        basis = releases.basis(session, 1)
        facts, wanted = report.released(session, basis), signed(session)
        now = report.gather(session, house.hub.election, house.clock[0])
    told = report.report(facts, basis.election, "en")
    assert sorted(figures(told), key=str) == sorted(wanted, key=str)
    assert figures(told) != figures(report.report(now, house.hub.election, "en"))
    assert facts.findings.releasable().as_json() == frozen(house)
    assert told.as_of.startswith("Release 1. As of ")
    assert "every message to number 2 of the journal" in told.as_of


def frozen(house: House) -> Any:
    with reading(house.hub.engine) as session:
        return releases.frozen(session, 1)["tables"]


def test_the_report_of_a_position_tells_what_was_known_then(house: House) -> None:
    with writing(house.hub.engine) as session:  # an observer is moved away afterwards
        session.execute(update(AssignmentRow).values(until=house.clock[0]))
    with reading(house.hub.engine) as session:
        then = report.as_of(session, house.hub.election, 2)
        before = report.as_of(session, house.hub.election, 1)
        now = report.gather(session, house.hub.election, house.clock[0])
        latest = report.as_of(session, house.hub.election, 4)
    assert then.findings.as_json() == report_of(house, 1).findings.as_json()
    assert [it.all.received for it in (each.coverage.forms["TAL"] for each in (before, then))] == [1, 2]
    assert [len(each.incidents) for each in (then, now)] == [0, 1]
    assert [sum(post.observers for post in each.posts) for each in (then, now)] == [3, 0]
    # The journal's end is now, to the minute at which something came.
    assert (latest.findings, latest.coverage.forms, latest.incidents) == (
        now.findings,
        now.coverage.forms,
        now.incidents,
    )


def report_of(house: House, number: int) -> Facts:
    with reading(house.hub.engine) as session:
        return report.released(session, releases.basis(session, number))


def test_what_there_is_not_is_refused_with_what_there_is(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(publication, "opened", lambda: house.hub)
    target = tmp_path / "report.docx"
    with pytest.raises(Refusal, match="has been to 4"):
        publication.report(target, "docx", "en", as_of=5)
    with pytest.raises(Refusal, match="no release 2"):
        publication.report(target, "docx", "en", release=2)
    with pytest.raises(Refusal, match="its own position"):
        publication.report(target, "docx", "en", as_of=1, release=1)
    publication.report(target, "docx", "en", release=1)
    assert target.read_bytes().startswith(b"PK")


def test_a_release_that_somebody_touched_is_not_printed(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(publication, "opened", lambda: house.hub)
    with writing(house.hub.engine) as session:
        row = session.scalars(select(ReleaseRow)).one()
        row.tables = row.tables.replace("53.", "35.")
    with pytest.raises(Refusal, match="is not what the journal gives"):
        publication.report(tmp_path / "report.docx", "docx", "en", release=1)
