"""What was known at an earlier hour is made again from the journal, and what was released then stays what it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hub import bulk
from hub.analysis import evidence, progress, releases, tables
from hub.analysis.evidence import Evidence
from hub.database import reading, writing
from hub.election.definition import Election
from hub.intake import corrections, decisions, undoing
from hub.models import AccountRow, DeedRow, JournalRow, ReleaseRow, StationRow, SubmissionRow
from hub.reports import history, rulings
from hub.sample import replacements
from hub.vault import Vault
from tests.journeys.town import Town

# The SQL is the same for these, so that one database will do; the others run on both.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
A1, A2, A3, A4 = "+237670000001", "+237670000002", "+237670000003", "+237670000004"
LINKED = 8100001  # A1 on Telegram


async def test_every_earlier_hour_is_made_again_as_it_was(town: Town) -> None:
    declare(town, observers="agree", rule="flag")
    account = hire(town, "op")
    seen: list[tuple[int, int, Evidence]] = []

    def remember() -> None:
        with reading(town.hub.engine) as session:
            seen.append((rulings.position(session), rulings.end(session), evidence.now(session)))

    acts: list[list[tuple[Any, ...]]] = [
        [("said", 7, "SET H0715 M1 A1")],
        [("sms", A2, "SET H0715 M2 A1")],  # a conflict
        [("edited", 7, "SET H0720 M1")],  # takes A1 back
        [("sms", A3, "SET H0700 M1"), ("sms", A3, "SET H0700 M1")],  # the same again
        [("sms", A4, "SET H0800 M1,2 A2"), ("sms", A4, "SET A0 M3")],  # a partial one, and a later one
        [("decide", "M", "2")],
        [("sms", A4, "SET A1 Q9")],
        [("correct", "SET A1 M1 W3")],
        [("undo",)],
        [("later", 14), ("sms", A3, "TAL R400 V200 YA120 YB70"), ("sms", A4, "TAL R300 V100 YA60 YB40")],
        [("later", 1), ("replace", "10004", "10005")],
        [("sms", A1, "TAL R900 V500 YA300 YB200")],
    ]
    for act in acts:
        for what, *told in act:
            await play(town, account, what, *told)
        remember()
    assert any(
        record.flags for _, _, known in seen for of_form in known.records.values() for record in of_form.values()
    )
    with reading(town.hub.engine) as session:
        for step, (position, last, known) in enumerate(seen):
            again = evidence.replayed(session, town.hub.election, known.frame, position, last)
            assert again.records == known.records, step
        # A position alone tells the sample, too: the replacement came after it.
        before = evidence.as_of(session, town.hub.election, seen[9][0])
        assert {each.code for each in before.frame.drawn} == {each.code for each in seen[0][2].frame.drawn}


@on_sqlite
async def test_a_release_stays_to_the_digit_after_ten_thousand_more_messages(town: Town) -> None:
    town.clock[0] += timedelta(hours=14)
    with writing(town.hub.engine) as session:  # two stations, so that the rules are within reach
        session.execute(update(StationRow).values(sampled=StationRow.code.in_(("10001", "10004"))))
    await town.sms(A1, "TAL R900 V500 YA300 YB200")
    await town.sms(A3, "TAL R400 V200 YA120 YB80")
    await town.work()
    proposer, signer = hire(town, "analyst-1"), hire(town, "office-1")
    with writing(town.hub.engine) as session:
        proposal = releases.propose(session, town.hub.election, account_id=proposer, now=town.clock[0])
        with pytest.raises(releases.NotPossible, match="same_person"):
            releases.sign(session, town.hub.vault, proposal, account_id=proposer, now=town.clock[0])
    with writing(town.hub.engine) as session:
        assert releases.sign(session, town.hub.vault, proposal, account_id=signer, now=town.clock[0]) == 1
        with pytest.raises(releases.NotPossible, match="gone"):
            releases.sign(session, town.hub.vault, proposal, account_id=signer, now=town.clock[0])
    with reading(town.hub.engine) as session:
        told = releases.frozen(session, 1)
        [listed] = releases.listing(session)
    assert told["tables"]["turnout"]["participation"]["estimate_pct"] == pytest.approx(100 * 700 / 1300, abs=4)
    assert "SET.A" not in told["tables"]["tables"]  # nobody reported it: no rule, no release
    assert (told["statement"]["proposed_by"], told["statement"]["signed_by"]) == ("analyst-1", "office-1")
    assert (listed.number, listed.position, listed.keys) == (1, 2, ("participation", "votes"))
    await town.sms(A1, "TAL V100 YA50 YB50")
    await town.work()
    more(town, 10_000)
    with reading(town.hub.engine) as session:
        live = tables.findings(session, town.hub.election).as_json()
        check = releases.check(session, town.hub.vault, 1)
        assert history.settled_until(session) > 10_000
    assert live["turnout"] != told["tables"]["turnout"]
    assert (check.sound, check.position) == (True, 2)


@on_sqlite
async def test_a_release_that_somebody_touched_is_found(town: Town) -> None:
    await one_station_reports(town)
    proposer, signer = hire(town, "a"), hire(town, "b")
    with writing(town.hub.engine) as session:
        proposal = releases.propose(session, town.hub.election, account_id=proposer, now=town.clock[0])
        releases.sign(session, town.hub.vault, proposal, account_id=signer, now=town.clock[0])
    with writing(town.hub.engine) as session:
        row = session.scalars(select(ReleaseRow)).one()
        row.tables = row.tables.replace('"n":1', '"n":2')
    with reading(town.hub.engine) as session:
        check = releases.check(session, town.hub.vault, 1)
        assert not releases.check(session, Vault("another secret, " * 3), 1).signed
    assert (check.signed, check.sound, check.different) == (False, False, ("/tables/SET.A/n", "/tables/SET.M/n"))


@on_sqlite
async def test_a_release_rests_on_what_has_been_read_and_needs_something_to_say(town: Town) -> None:
    first, second = hire(town, "a"), hire(town, "b")
    with writing(town.hub.engine) as session, pytest.raises(releases.NotPossible, match="nothing"):
        releases.propose(session, town.hub.election, account_id=first, now=town.clock[0])
    await one_station_reports(town)
    await town.sms(A2, "SET A1")  # not read yet
    with writing(town.hub.engine) as session:
        one = releases.propose(session, town.hub.election, account_id=first, now=town.clock[0])
        other = releases.propose(session, town.hub.election, account_id=second, now=town.clock[0])
        releases.drop(session, other, account_id=first, now=town.clock[0])
        assert session.get_one(ReleaseRow, one).position == 1
        assert [(each.id, each.number) for each in releases.listing(session)] == [(one, None)]


@on_sqlite
async def test_the_estimate_is_told_as_it_stood_at_each_minute_and_its_margin_narrows(town: Town) -> None:
    with writing(town.hub.engine) as session:
        session.execute(update(StationRow).values(sampled=StationRow.stratum == "urban", stratum="all"))
        session.execute(update(StationRow).where(StationRow.code == "10004").values(sampled=True))
    for sender, text in ((A1, "SET H0715 M1 A1"), (A3, "SET H0700 M1 A1"), (A4, "SET H0800 M1 A1"), (A3, "SET A0")):
        await town.sms(sender, text)
        await town.work()
        town.clock[0] += timedelta(minutes=10)
    with reading(town.hub.engine) as session:
        told = progress.progress(session, town.hub.election, "SET.A")
        assert progress.progress(session, town.hub.election, "SET.A") is told
        with pytest.raises(KeyError):
            progress.progress(session, town.hub.election, "SET.Q")
    shown = [(f"{each.at:%H:%M}", each.figures["1"].estimate, each.figures["1"].n) for each in told]
    assert shown == [("07:31", 1, 1), ("07:41", 1, 2), ("07:51", 1, 3), ("08:01", pytest.approx(2 / 3), 3)]
    assert told[0].figures["1"].margin is None
    widths = [(each.figures["1"].high or 0) - (each.figures["1"].low or 0) for each in told[1:3]]
    assert widths[1] < widths[0]


async def one_station_reports(town: Town) -> None:
    with writing(town.hub.engine) as session:
        session.execute(update(StationRow).values(sampled=StationRow.code.in_(("10001",))))
    await town.sms(A1, "SET H0715 M1 A1")
    await town.work()


async def play(town: Town, account: int, what: str, *told: Any) -> None:
    match what:
        case "sms":
            await town.sms(*told)
        case "said" | "edited":
            message = {"message_id": told[0], "date": 1, "edit_date": 2, "text": told[1]}
            message |= {"chat": {"id": LINKED, "type": "private"}, "from": {"id": LINKED}}
            await town.update({"message" if what == "said" else "edited_message": message})
        case "later":
            town.clock[0] += timedelta(hours=told[0])
        case "decide":
            [item] = [item for item in town.desk() if item.kind == "conflict"]
            why: dict[str, Any] = {"account_id": account, "reason": "called both", "now": town.clock[0]}
            with writing(town.hub.engine) as session:
                at, form = item.station_id or 0, item.form or ""
                decisions.decide(session, town.hub, station_id=at, form=form, values={told[0]: told[1]}, **why)
        case "correct":
            item = [item for item in town.desk() if item.kind == "message"][-1]
            why = {"account_id": account, "reason": "", "now": town.clock[0]}
            with writing(town.hub.engine) as session:
                corrections.save(session, town.hub, item_id=item.id, text=told[0], **why)
        case "undo":
            with writing(town.hub.engine) as session:
                deed = session.scalars(select(DeedRow)).one()
                undoing.undo(session, town.hub, deed.id, account, town.clock[0])
        case "replace":
            with writing(town.hub.engine) as session:
                replacements.replace(session, told[0], told[1], "closed", town.clock[0])
    await town.work()


def declare(town: Town, *, observers: str, rule: str) -> None:
    told = town.hub.election.model_dump(mode="json")
    for form in told["checklist"]["forms"]:
        form["observers"] = observers if form["code"] == "SET" else "either"
        for each in form["rules"]:
            each["severity"] = rule
    town.hub = replace(town.hub, election=Election.model_validate(told))


def hire(town: Town, name: str) -> int:
    with writing(town.hub.engine) as session:
        account = AccountRow(name=name, role="operator", language="en", password_hash="-")
        session.add(account)
        session.flush()
        return account.id


def more(town: Town, count: int) -> None:
    """As many messages as a day brings, which say something else about the same stations."""
    with writing(town.hub.engine) as session:
        of, like = session.get_one(SubmissionRow, 1), session.get_one(JournalRow, 1)
        columns = columns_of(like)
        said = columns_of(of)
        first = rulings.position(session) + 1
        ids = range(first, first + count)
        bulk.insert(session, JournalRow, [columns | {"id": id, "dedup": b"%d" % id} for id in ids])
        answers = ({"V": str(id % 700), "YA": str(id % 300), "YB": "0"} for id in ids)
        bulk.insert(
            session,
            SubmissionRow,
            [said | {"journal_id": id, "answers": each} for id, each in zip(ids, answers, strict=True)],
        )


def columns_of(row: JournalRow | SubmissionRow) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}
