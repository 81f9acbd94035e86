"""Broadcasts in the console: one writes and sees the price, another approves, both see how it went."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import AuditRow, ContactRow, OutboxRow
from hub.sample import roster
from tests.console.house import House, csrf, post

TEXTS = {"text.fr": "Restez jusqu'à la fin.", "text.en": "Stay until the end."}


async def written(browser: httpx.AsyncClient, **fields: str) -> str:
    """The address of a new broadcast."""
    answer = await post(browser, "/broadcasts", roles="observer", **{**TEXTS, **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def states(house: House) -> list[str]:
    with Session(house.hub.engine) as session:
        return list(session.scalars(select(OutboxRow.state)))


async def test_one_writes_another_approves_and_it_goes_to_each_once(house: House) -> None:
    async with house.browser("office") as author, house.browser("supervisor") as second:
        path = await written(author)
        own = (await author.get(path)).text
        assert "nobody approves what they wrote" in own
        assert "Approve and send" not in own
        await post(author, f"{path}/approve")
        assert states(house) == []
        assert "Approve and send" in (await second.get(path)).text
        for _ in range(2):
            await post(second, f"{path}/approve")
        assert states(house) == ["pending"] * 5
        shown = (await author.get(path)).text
        assert "0 of 5" in shown
        assert "approved by supervisor" in shown
        assert "A5" in shown
        assert "Stay until the end" in (await author.get("/broadcasts")).text
    assert house.audited() == ["broadcast_write", "broadcast_approve"]


async def test_it_is_paused_goes_on_and_is_cancelled_and_each_is_on_record(house: House) -> None:
    async with house.browser("office") as author, house.browser("admin") as second:
        path = await written(author)
        await post(second, f"{path}/approve")
        said = []
        for act in ("pause", "pause", "go-on", "cancel", "go-on"):
            await post(author, f"{path}/{act}")
            said.append((await author.get(f"{path}/progress")).text)
        assert ["paused" in text for text in said] == [True, True, False, False, False]
        assert ["goes out" in text for text in said] == [False, False, True, False, False]
        assert "every 3s" in said[0]
        assert "every 3s" not in said[4]  # it is over, so nobody asks again
        assert "withdrawn" in (await author.get(f"{path}?state=withdrawn")).text
        assert "A1" not in (await author.get(f"{path}?state=sent")).text
    assert house.audited()[2:] == ["broadcast_pause", "broadcast_go_on", "broadcast_cancel"]
    with Session(house.hub.engine) as session:
        assert set(session.scalars(select(AuditRow.subject))) == {"broadcast 1"}


async def test_the_preview_counts_and_names_who_is_left_out(house: House) -> None:
    with Session(house.hub.engine) as session:
        for row in session.scalars(select(ContactRow).where(ContactRow.person_id == 2)):
            row.state = "opted_out"
        session.commit()
    async with house.browser("office") as browser:
        fields = {"csrf": await csrf(browser), "roles": "observer", "text.fr": "Ж" * 71}
        said = (await browser.post("/broadcasts/preview", data=fields)).text
    assert "4 people" in said
    assert "Telegram 3" in said
    assert "2 segments" in said
    assert "price unknown" in said
    assert "They want no messages (STOP): <b>1</b>" in said
    assert "A2" in said
    assert "1 person who reads English gets the text in" in said


@pytest.mark.parametrize("fields", [{"text.fr": " "}, {"text.en": "a" * 1501}])
async def test_a_text_that_is_missing_or_too_long_is_not_kept(house: House, fields: dict[str, str]) -> None:
    async with house.browser("office") as browser:
        answer = await post(browser, "/broadcasts", **{**TEXTS, **fields})
        assert answer.status_code == 422
        assert "Nothing was kept" in answer.text
        assert "Stay until" in answer.text or "aaaa" in answer.text  # what was typed is still there
    assert house.audited() == []


@pytest.mark.parametrize("name", ["operator-1", "littoral"])
async def test_others_see_no_broadcasts(house: House, name: str) -> None:
    async with house.browser(name) as browser:
        assert (await browser.get("/broadcasts")).status_code == 403
        assert (await post(browser, "/broadcasts", **TEXTS)).status_code == 403


@pytest.mark.parametrize(("language", "words"), [("ru", "Кому"), ("ky", "Кимге")])
async def test_the_pages_speak_every_language(house: House, language: str, words: str) -> None:
    async with house.browser("office") as browser:
        await post(browser, "/me/language", language=language)
        assert words in (await browser.get("/broadcasts/new")).text
        assert words in (await browser.get(await written(browser))).text


async def test_a_person_who_said_stop_is_marked_on_their_page(house: House) -> None:
    with Session(house.hub.engine) as session:
        for row in session.scalars(select(ContactRow).where(ContactRow.person_id == 1, ContactRow.kind == "phone")):
            roster.mark(session, row.digest, "opted_out", house.clock[0])
        session.commit()
    async with house.browser("operator-1") as browser:
        said = (await browser.get("/find/observer/A1")).text
    assert "wants no messages" in said
    assert "…001" in said
