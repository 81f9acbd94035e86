"""One process takes the steps in time; where it is gone, another notices, says so, and does what cannot wait."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from hub import timers
from hub.alerts import auditor
from hub.models import AlertRow, AlertStepRow
from hub.timers import Timers
from tests.journeys.town import Town

A1, OFFICE, COORDINATOR_PHONE = "+237670000001", 8200005, "+237680000001"


async def test_of_two_processes_one_leads_and_each_step_is_taken_once(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    town.clock[0] += timedelta(minutes=3)
    one, other = Timers(town.hub), Timers(town.hub)
    other._holder = "elsewhere"
    assert (one.take(), other.take()) == (1, 0)
    with town.session() as session:
        taken = select(AlertStepRow.id).where(AlertStepRow.outcome == "sent", AlertStepRow.position == 1)
        assert len(session.scalars(taken).all()) == 2


async def test_without_a_worker_the_web_process_says_so_and_takes_the_steps(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.sms(A1, "SET H0715 M1 A0")
    await town.work()
    town.clock[0] += timedelta(minutes=3)
    monkeypatch.setattr(timers, "LOOK", 0.01)
    monkeypatch.setattr(auditor, "SILENT", timedelta(0))
    watching = asyncio.create_task(timers.audit(town.hub, town.gateways.all()))
    async with asyncio.timeout(20):
        await everybody_told(town)
    watching.cancel()
    await asyncio.wait([watching])
    with town.session() as session:
        topics = set(session.scalars(select(AlertRow.topic)))
    assert "hub:worker" in topics


async def everybody_told(town: Town) -> None:
    while True:
        town.seen = {}
        if {str(OFFICE), COORDINATOR_PHONE} <= {address for address, _ in town.told()}:
            return
        await asyncio.sleep(0.05)
