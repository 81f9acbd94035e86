"""Findings: a release takes two people; a doubtful value is verified or quarantined, with a reason."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from hub.models import StationRow
from tests.console.house import House, post


async def test_what_one_proposes_another_signs(counted: House) -> None:
    async with counted.browser("office") as office, counted.browser("analyst") as analyst:
        assert "Nothing is released yet." in (await analyst.get("/findings")).text
        assert (await post(analyst, "/findings/releases")).status_code == 303
        page = (await analyst.get("/findings")).text
        assert "Proposed, not signed" in page
        assert "/findings/releases/1/sign" not in page
        assert (await post(analyst, "/findings/releases/1/sign")).status_code == 403
        assert "/findings/releases/1/sign" in (await office.get("/findings")).text
        await post(office, "/findings/releases/1/sign")
        page = (await office.get("/findings")).text
        assert "● Release 1" in page
        told = (await office.get("/findings/releases/1.json")).json()
        again = await post(office, "/findings/releases/1/sign")
        assert again.headers["location"] == "/findings?wrong=gone#releases"
        assert "signed or dropped already" in (await office.get("/findings?wrong=gone")).text
        assert (await office.get("/findings/releases/2.json")).status_code == 404
    assert told["statement"]["proposed_by"] == "analyst"
    assert told["statement"]["signed_by"] == "office"
    assert set(told["tables"]["votes"]) == {"Sun", "Moon"}
    assert len(bytes.fromhex(told["public_key"])) == 32
    assert counted.audited() == ["propose_release", "sign_release"]


async def test_nobody_signs_an_own_proposal(counted: House) -> None:
    async with counted.browser("office") as office:
        await post(office, "/findings/releases")
        assert "/findings/releases/1/sign" not in (await office.get("/findings")).text
        answer = await post(office, "/findings/releases/1/sign")
        assert answer.headers["location"] == "/findings?wrong=same_person#releases"
        await post(office, "/findings/releases/1/drop")
        assert "Nothing is released yet." in (await office.get("/findings")).text


async def test_a_doubtful_value_is_shown_by_question_and_verified_or_quarantined(counted: House) -> None:
    async with counted.browser("office") as office:
        page = (await office.get("/findings/doubts?question=TAL.V")).text
        assert "turnout 99.0%, over 95%" in page
        assert "▲ 1 flagged" in (await office.get("/findings")).text
        assert "What hangs on it" in page
        at = station(counted, "10004")
        told = {"station": str(at), "question": "TAL.V", "value": "396"}
        nothing = await post(office, "/findings/doubts", **told, verdict="verified")
        assert nothing.headers["location"].endswith("wrong=reason")
        stale = await post(office, "/findings/doubts", **told | {"value": "395"}, verdict="verified", reason="x")
        assert stale.headers["location"].endswith("wrong=stale")
        await post(office, "/findings/doubts", **told, verdict="verified", reason="saw the protocol")
        assert "● 1 verified" in (await office.get("/findings")).text
        await post(office, "/findings/doubts", **told, verdict="cleared")
        await post(office, "/findings/doubts", **told, verdict="quarantined", reason="another station's")
        page = (await office.get("/findings")).text
        assert "□ 1 quarantined" in page
        assert "another station&#39;s" in (await office.get("/findings/doubts")).text
    assert counted.audited() == ["verified", "cleared", "quarantined"]


@pytest.mark.parametrize("within", ["stratum:urban", "region:Littoral", "nowhere"])
async def test_every_figure_can_be_seen_of_a_part_alone(counted: House, within: str) -> None:
    async with counted.browser("office") as office:
        page = (await office.get("/findings", params={"within": within})).text
    share = {"stratum:urban": "55.6%", "region:Littoral": "68.9%", "nowhere": "68.9%"}[within]
    assert share in page


def station(house: House, code: str) -> int:
    with Session(house.hub.engine) as session:
        return session.query(StationRow.id).filter_by(code=code).one()[0]
