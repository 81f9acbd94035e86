"""Silences and patterns, and what a supervisor does with alerts. The clock is moved."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.alerts import escalation, life, times, watching
from hub.alerts.life import Place, Who
from hub.alerts.rules import Trigger
from hub.database import writing
from hub.models import AlertRow, AlertStepRow, IncidentRow, PersonRow
from tests.journeys.town import Town

A1, MOBILE = "+237670000001", "+237670000009"
OTHER_COORDINATOR, OFFICE = 8200002, 8200005
DESK = Who("console")
VILLAGE = Place("10", "Montagne", "Vallée", 10)


async def test_silences_are_raised_once_and_end_when_something_comes(town: Town) -> None:
    watch(town)
    assert still_open(town) == ["silence:sms_silent"]
    await town.sms(A1, "SET H0715 M1 A1")
    await town.work()
    watch(town)
    assert still_open(town) == []
    watch(town, minutes=30)
    raised = [*["silence:opening_missing"] * 3, *["silence:opening_thin"] * 2, "silence:sms_silent"]
    assert still_open(town) == raised
    watch(town, minutes=1)
    assert still_open(town) == raised
    await town.telegram(8100004, "SET 20001 H0715 M1 A1")
    await town.telegram(8100005, "SET 20005 H0715 M1 A1")
    await town.work()
    watch(town)
    assert still_open(town) == ["silence:opening_missing", "silence:opening_thin", "silence:sms_silent"]


async def test_a_silence_that_was_answered_for_is_not_raised_again(town: Town) -> None:
    watch(town, minutes=30)
    with writing(town.hub.engine) as session:
        for number in session.scalars(select(AlertRow.id).where(AlertRow.topic == "silence:opening_missing")).all():
            life.resolve(session, number, DESK, town.clock[0], "they are well")
    watch(town, minutes=5)
    assert "silence:opening_missing" not in still_open(town)


async def test_nobody_says_that_nothing_came_while_messages_wait_unread(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A1")
    watch(town, minutes=30)
    assert still_open(town) == ["silence:sms_silent"]


async def test_a_pattern_over_a_district_is_raised_once_and_again_only_by_fresh_reports(town: Town) -> None:
    await incident(town, "20004")
    watch(town)
    assert "pattern:fights" not in still_open(town)
    await incident(town, "20005")
    watch(town)
    watch(town)
    assert still_open(town).count("pattern:fights") == 1
    told = [text for address, text in town.told() if address == str(OTHER_COORDINATOR)]
    await town.work()
    told += [text for address, text in town.told() if address == str(OTHER_COORDINATOR)]
    assert any("Violence dans plusieurs bureaux" in text and "20004, 20005" in text for text in told)
    with writing(town.hub.engine) as session:
        number = session.scalars(select(AlertRow.id).where(AlertRow.topic == "pattern:fights")).one()
        life.resolve(session, number, DESK, town.clock[0])
    watch(town, minutes=1)
    assert "pattern:fights" not in still_open(town)
    for station in ("20004", "20005"):
        await incident(town, station, "encore")
    watch(town)
    assert "pattern:fights" in still_open(town)


async def test_a_repeat_pages_again_only_when_it_has_grown_more_severe(town: Town) -> None:
    with writing(town.hub.engine) as session:
        first = sound(session, town, 2)
        assert (sound(session, town, 2), sound(session, town, 3)) == (first, first)
        assert session.get_one(AlertRow, first).chain == 1
        assert sound(session, town, 1) == first
        alert = session.get_one(AlertRow, first, populate_existing=True)
        assert (alert.chain, alert.severity) == (2, 1)


async def test_a_supervisor_merges_and_nobody_is_paged_for_what_is_merged(town: Town) -> None:
    with writing(town.hub.engine) as session:
        one = sound(session, town, 2)
        other = sound(session, town, 1, topic="incident:201")
        assert escalation.merge(session, town.hub, other, one, DESK, town.clock[0])
        assert not escalation.merge(session, town.hub, one, other, DESK, town.clock[0])
        assert session.get_one(AlertRow, one, populate_existing=True).severity == 1
        merged = session.get_one(AlertRow, other, populate_existing=True)
        assert (merged.state, merged.outcome, merged.merged_into) == ("resolved", "merged", one)
        waiting = select(AlertStepRow.kind).where(AlertStepRow.alert_id == other, AlertStepRow.done_at.is_(None))
        assert session.scalars(waiting).all() == ["news"]


async def test_a_supervisor_splits_chosen_incidents_off_and_their_alert_is_paged(town: Town) -> None:
    for said in ("une bagarre", "deux bagarres", "des coups"):
        await incident(town, "20004", said)
    town.told()
    with writing(town.hub.engine) as session:
        first, second, third = session.scalars(select(IncidentRow.id).order_by(IncidentRow.id)).all()
        parted = escalation.split(session, town.hub, 1, [second, third, 999], DESK, town.clock[0])
        assert parted is not None
        assert escalation.split(session, town.hub, 1, [second], DESK, town.clock[0]) is None
        assert session.scalars(select(IncidentRow.alert_id).order_by(IncidentRow.id)).all() == [1, parted, parted]
    await town.work()
    [page] = [text for _, text in town.told() if f"ALERTE {parted}" in text]
    assert "« deux bagarres »" in page
    await incident(town, "20004", "encore")
    with writing(town.hub.engine) as session:
        assert session.scalars(select(IncidentRow.id).where(IncidentRow.alert_id == 1)).all()[0] == first
        assert len(session.scalars(select(IncidentRow.id).where(IncidentRow.alert_id == 1)).all()) == 2
        assert escalation.merge(session, town.hub, 1, parted, DESK, town.clock[0])
        assert set(session.scalars(select(IncidentRow.alert_id))) == {parted}


async def test_regrading_says_whether_to_page_again(town: Town) -> None:
    with writing(town.hub.engine) as session:
        number = sound(session, town, 2)
        assert not life.regrade(session, number, 3, DESK, town.clock[0])
        assert life.regrade(session, number, 1, DESK, town.clock[0])
        escalation.start(session, town.hub, number, town.clock[0])
    await town.work()
    assert str(OTHER_COORDINATOR) in [address for address, _ in town.told()]


async def test_verifying_takes_an_alert_that_nobody_had(town: Town) -> None:
    with writing(town.hub.engine) as session:
        lawyer = session.scalars(select(PersonRow.id).where(PersonRow.code == "law-l")).one()
        number, alerting = sound(session, town, 1), town.hub.election.alerting
        assert life.verify(session, alerting, number, Who("call", lawyer), town.clock[0], "spoke to Z1")
        alert = session.get_one(AlertRow, number, populate_existing=True)
        assert (alert.state, alert.verified_at, alert.acknowledged_by) == ("acknowledged", town.clock[0], lawyer)


async def test_times_to_acknowledge_and_to_resolve_by_region_and_topic(town: Town) -> None:
    alerting, start = town.hub.election.alerting, town.clock[0]
    with writing(town.hub.engine) as session:
        number = sound(session, town, 1)
        life.acknowledge(session, alerting, number, DESK, start + timedelta(minutes=2))
        life.release(session, number, start + timedelta(minutes=32))
        life.acknowledge(session, alerting, number, DESK, start + timedelta(minutes=33))
        life.resolve(session, number, DESK, start + timedelta(minutes=40))
        sound(session, town, 1)
        [(region, found)] = times.by_region(times.of_each(session)).items()
        assert (region, found.raised) == ("Montagne", 2)
        assert (found.acknowledged.count, found.acknowledged.median) == (1, 120.0)
        assert (found.resolved.count, found.resolved.longest) == (1, 2400.0)
        assert times.by_topic(times.of_each(session, region="Montagne")).keys() == {"incident:101"}


def sound(session: Session, town: Town, severity: int, topic: str = "incident:101") -> int:
    return escalation.sound(session, town.hub, Trigger(topic, severity), VILLAGE, town.clock[0])


async def incident(town: Town, station: str, words: str = "bagarre") -> None:
    town.clock[0] += timedelta(seconds=10)
    await town.sms(MOBILE, f"ALR {station} 101 {words}")
    await town.work()


def watch(town: Town, minutes: int = 0) -> None:
    town.clock[0] += timedelta(minutes=minutes)
    with writing(town.hub.engine) as session:
        watching.watch(session, town.hub, town.clock[0])


def still_open(town: Town) -> list[str]:
    with town.session() as session:
        return sorted(session.scalars(select(AlertRow.topic).where(AlertRow.state != "resolved")))
