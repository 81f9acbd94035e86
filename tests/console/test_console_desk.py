"""The desk as operators use it: open, correct, save, decide; and never two at once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.desk import queue
from hub.models import AuditRow, JournalRow, OutboxRow, StationRecordRow, WorkItemRow
from tests.console.house import A1, A2, House, post

UNSOUND = "SET H2570 M1 A1"


def rows(house: House, item_id: int) -> tuple[WorkItemRow, list[JournalRow]]:
    with Session(house.hub.engine) as session:
        return session.get_one(WorkItemRow, item_id), list(session.scalars(select(JournalRow).order_by(JournalRow.id)))


async def test_an_operator_sees_the_text_its_unsound_piece_and_who_sent_it(house: House) -> None:
    house.text(A1, UNSOUND)
    async with house.browser("operator-1") as browser:
        assert UNSOUND in (await browser.get("/desk")).text
        page = (await browser.get(f"/desk/{house.item()}")).text
    assert '<mark class="unsound"' in page
    assert ">2570<sup>1</sup></mark>" in page
    for known in ("A1", "observer", "station 10001", "…001"):
        assert known in page
    assert "670000001" not in page  # never the full number


async def test_what_the_hub_would_read_is_shown_as_it_is_typed_and_nothing_is_stored(house: House) -> None:
    house.text(A1, UNSOUND)
    async with house.browser("operator-1") as browser:
        path = f"/desk/{house.item()}/preview"
        page = (await post(browser, path, text="SET H0725 M13 A1")).text
        assert "accepted" in page
        for words in ("Opened at", "07:25", "ink, ballots", "Observer admitted", "yes"):
            assert words in page
        page = (await post(browser, path, text="SET H0725 M19 A1")).text
        assert "in part" in page
        assert '<mark class="unsound">' in page
    assert len(rows(house, house.item())[1]) == 1


async def test_a_correction_takes_the_same_path_the_original_stays_and_the_observer_gets_the_reply(
    house: House,
) -> None:
    house.text(A2, UNSOUND)
    house.text(A1, "call me please")
    first, second = sorted([house.item(), house.item() - 1])
    async with house.browser("operator-1") as browser:
        await browser.get(f"/desk/{first}")
        answer = await post(browser, f"/desk/{first}/save", text="SET H0725 M1 A1", reason="called")
        assert answer.headers["location"] == f"/desk/{second}?done=saved"  # the next one opens by itself
        assert "This is the next one." in (await browser.get(answer.headers["location"])).text
    item, journal = rows(house, first)
    assert item.resolution == "corrected"
    assert [(row.text, row.corrects, row.reason) for row in journal if row.id == 1 or row.corrects] == [
        (UNSOUND, None, None),
        ("SET H0725 M1 A1", 1, "called"),
    ]
    with Session(house.hub.engine) as session:
        record = session.scalars(select(StationRecordRow)).one()
        assert record.answers == {"H": "07:25", "M": "1", "A": "1"}
        replies = session.scalars(select(OutboxRow.text).where(OutboxRow.journal_id == journal[-1].id)).all()
        assert replies == ["SET 10001: OK. H07:25 M1 A1"]
    assert house.audited()[:2] == ["claim", "save"]


async def test_what_is_still_unsound_after_saving_stays_open_with_the_same_operator(house: House) -> None:
    house.text(A1, UNSOUND)
    async with house.browser("operator-1") as browser:
        answer = await post(browser, f"/desk/{house.item()}/save", text="SET H0725 M19 A1")
        assert answer.headers["location"] == f"/desk/{house.item()}?done=open"
        assert "SET H0725 M19 A1</textarea>" in (await browser.get(answer.headers["location"])).text


async def test_the_second_operator_is_told_who_has_it_and_no_edit_is_lost(house: House) -> None:
    house.text(A1, UNSOUND)
    path = f"/desk/{house.item()}"
    async with house.browser("operator-1") as first, house.browser("operator-2") as second:
        await first.get(path)
        house.clock[0] += timedelta(minutes=2)
        page = (await second.get(path)).text
        assert "operator-1 has this item since 08:40" in page
        assert "<textarea" not in page
        assert "operator-1 has it" in (await second.get("/desk/queue")).text
        # The first one goes away for too long; the second takes over; the first comes back and saves.
        house.clock[0] += queue.LEASE
        assert "<textarea" in (await second.get(path)).text
        notice = (await post(first, f"{path}/keep")).text
        assert "operator-2 has this item since 08:47" in notice
        refused = await post(first, f"{path}/save", text="SET H0725 M1 A1")
        assert refused.status_code == 409
        assert "operator-2 has this item since 08:47" in refused.text
        assert "SET H0725 M1 A1</textarea>" in refused.text
    with Session(house.hub.engine) as session:
        refusal = session.scalars(select(AuditRow).where(AuditRow.action == "save_refused")).one()
        assert refusal.after["text"] == "SET H0725 M1 A1"
    assert len(rows(house, house.item())[1]) == 1


async def test_typing_keeps_the_claim(house: House) -> None:
    house.text(A1, UNSOUND)
    path = f"/desk/{house.item()}"
    async with house.browser("operator-1") as first, house.browser("operator-2") as second:
        await first.get(path)
        for _ in range(3):
            house.clock[0] += queue.LEASE - timedelta(seconds=1)
            assert "notice" not in (await post(first, f"{path}/keep")).text
        assert "<textarea" not in (await second.get(path)).text


async def test_an_item_that_was_closed_meanwhile_keeps_the_text_of_who_comes_too_late(house: House) -> None:
    house.text(A1, UNSOUND)
    path = f"/desk/{house.item()}"
    async with house.browser("operator-1") as first, house.browser("operator-2") as second:
        await first.get(path)
        house.clock[0] += queue.LEASE
        await post(second, f"{path}/unusable", reason="a test message")
        refused = await post(first, f"{path}/save", text="SET H0725 M1 A1")
        assert refused.status_code == 409
        assert "closed meanwhile" in refused.text
        assert "SET H0725 M1 A1</textarea>" in refused.text


async def test_a_message_is_called_unusable_only_with_a_reason(house: House) -> None:
    house.text(A1, "call me please")
    item = house.item()
    async with house.browser("operator-1") as browser:
        assert (await post(browser, f"/desk/{item}/unusable", reason="  ")).status_code == 422
        answer = await post(browser, f"/desk/{item}/unusable", reason="wrong number")
        assert answer.headers["location"] == "/desk?done=unusable"
    row, journal = rows(house, item)
    assert (row.resolution, row.detail["reason"]) == ("unusable", "wrong number")
    assert [entry.text for entry in journal] == ["call me please"]


async def test_an_item_given_back_is_free(house: House) -> None:
    house.text(A1, UNSOUND)
    path = f"/desk/{house.item()}"
    async with house.browser("operator-1") as first, house.browser("operator-2") as second:
        await first.get(path)
        await post(first, f"{path}/release")
        assert "<textarea" in (await second.get(path)).text


async def test_a_conflict_shows_both_observers_and_is_decided_with_a_reason(house: House) -> None:
    house.text(A1, "SET H0715 M1 A1")
    house.text(A2, "SET H0730 M1 A1")
    path = f"/desk/{house.item('conflict')}"
    async with house.browser("operator-1") as browser:
        page = (await browser.get(path)).text
        for shown in ("A1", "A2", "07:15", "07:30", "they differ", "SET H0730 M1 A1"):
            assert shown in page
        for wrong in ({"value.H": "07:15"}, {"reason": "x"}, {"value.H": "09:00", "reason": "x"}):
            assert (await post(browser, f"{path}/decide", **wrong)).status_code == 422
        answer = await post(browser, f"{path}/decide", **{"value.H": "07:30", "reason": "called both"})
        assert answer.headers["location"] == "/desk?done=decided"
        assert "Closed at 08:40 by operator-1: decided." in (await browser.get(path)).text
    with Session(house.hub.engine) as session:
        assert session.scalars(select(StationRecordRow)).one().answers["H"] == "07:30"


async def test_a_conflict_shows_what_each_rule_says_of_each_value_and_who_decided_it_and_why(house: House) -> None:
    house.clock[0] += timedelta(hours=14)
    house.text(A1, "TAL R900 V50 YA20 YB30")
    house.text(A2, "TAL R900 V51 YA20 YB30")
    path = f"/desk/{house.item('conflict')}"
    async with house.browser("operator-1") as browser:
        page = (await browser.get(path)).text
        assert page.count("V is not YA + YB") == 1
        await post(browser, f"{path}/decide", **{"value.V": "50", "reason": "as on the photo"})
        assert "decided by operator-1: as on the photo" in (await browser.get(path)).text


async def test_a_broken_rule_is_settled_with_a_reason(house: House) -> None:
    house.clock[0] += timedelta(hours=14)
    house.text(A1, "TAL R900 V500 YA300 YB100")
    path = f"/desk/{house.item('rule')}"
    async with house.browser("operator-1") as browser:
        assert "V is not YA + YB" in (await browser.get(path)).text
        assert (await post(browser, f"{path}/settle")).status_code == 422
        assert (await post(browser, f"{path}/settle", reason="so on paper")).status_code == 303
        assert (await post(browser, f"{path}/save", text="x")).status_code == 404  # no message is behind a rule


async def test_who_may_only_look_neither_claims_nor_edits(house: House) -> None:
    house.text(A1, UNSOUND)
    async with house.browser("office") as browser:
        page = (await browser.get(f"/desk/{house.item()}")).text
        assert UNSOUND.split("2570")[0] in page
        assert "<textarea" not in page
        assert "not change it" in page
    assert rows(house, house.item())[0].claimed_by is None


async def test_an_unknown_sender_is_said_to_be_unknown(house: House) -> None:
    house.text("+237699999999", "SET 10001 H0715 M1 A1")
    async with house.browser("operator-1") as browser:
        page = (await browser.get(f"/desk/{house.item('unknown')}")).text
        assert "Nobody is registered under this number" in page
        assert "699999999" not in page


async def test_what_an_observer_texts_is_shown_and_never_run(house: House) -> None:
    house.text(A1, "<script>alert(1)</script> & \"quoted\" 'too'")
    async with house.browser("operator-1") as browser:
        for path in ("/desk", f"/desk/{house.item()}"):
            page = (await browser.get(path)).text
            assert "<script>alert" not in page
            assert "&lt;script&gt;" in page
