from __future__ import annotations

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select, update

from bots.gateway import InboundMessage, Part
from hub.context import Hub
from hub.database import reading, writing
from hub.intake import journal, pipeline
from hub.intake.parts import assemble
from hub.models import InboxRow, OutboxRow, SubmissionRow, WorkItemRow
from hub.settings import Settings
from tests.journeys.town import MORNING, load

A1 = "+237670000001"
TEXT = {1: "SET H07", 2: "15 M1", 3: " A1"}


@pytest.mark.parametrize(
    ("came", "wholes"),
    [
        ([(1, "a"), (2, "b")], [("ab", [])]),
        ([(2, "b"), (1, "a")], [("ab", [])]),
        ([(2, "b")], [(" […] b", [1])]),
        ([(1, "a"), (1, "a"), (2, "b")], [("ab", [])]),
        ([(1, "a"), (2, "b"), (2, "b")], [("ab", [])]),
        ([(1, "a"), (2, "b"), (1, "c"), (2, "d")], [("ab", []), ("cd", [])]),
        ([(1, "a"), (2, "b"), (1, "a"), (2, "d")], [("ab", []), (" […] d", [1])]),
        ([], []),
    ],
)
def test_parts_of_one_reference_become_messages(
    came: list[tuple[int, str]], wholes: list[tuple[str, list[int]]]
) -> None:
    found = assemble((id, number, 2, text) for id, (number, text) in enumerate(came))
    assert [(whole.text, whole.missing) for whole in found] == wholes


@pytest.fixture
def hub(engine: Engine) -> Hub:
    return load(engine, Settings(secret_key=SecretStr("s" * 40)), [MORNING])


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 2, 3, 1)])
def test_a_long_message_is_read_once_whichever_part_comes_first(hub: Hub, order: tuple[int, ...]) -> None:
    for n, number in enumerate(order):
        put(hub, number, f"id{n}")
        pipeline.settle_batch(hub, 10)
    later(hub)
    assert sorted(outcomes(hub)) == ["accepted"] + ["ignored"] * (len(order) - 1)
    with reading(hub.engine) as session:
        assert session.scalars(select(OutboxRow.text)).one().endswith("H07:15 M1 A1")


def test_row_21_of_a_message_with_a_part_missing_nothing_is_stored_and_it_is_asked_for_again(hub: Hub) -> None:
    put(hub, 3, "id3")
    put(hub, 1, "id1")
    pipeline.settle_batch(hub, 10)
    assert outcomes(hub) == []
    later(hub)
    assert sorted(outcomes(hub)) == ["ignored", "rejected"]
    with reading(hub.engine) as session:
        assert session.scalars(select(OutboxRow.text)).one() == "Il manque la partie 2 sur 3. Renvoyez tout."
        detail = session.scalars(select(WorkItemRow.detail)).one()
    assert detail == {"missing_parts": "2", "parts": 3, "whole": "SET H07 […]  A1"}
    put(hub, 2, "id2")
    pipeline.settle_batch(hub, 10)
    assert sorted(outcomes(hub)) == ["accepted", "ignored", "rejected"]


def put(hub: Hub, number: int, provider_id: str) -> None:
    message = InboundMessage("kannel", "sms", provider_id, A1, TEXT[number], b"", part=Part(7, number, 3))
    with writing(hub.engine) as session:
        journal.store(session, [journal.row(message, hub.vault, "CM", MORNING)])


def later(hub: Hub) -> None:
    """Nobody has to wait for what is late."""
    with writing(hub.engine) as session:
        session.execute(update(InboxRow).values(not_before=None))
    while pipeline.settle_batch(hub, 10):
        pass


def outcomes(hub: Hub) -> list[str]:
    with reading(hub.engine) as session:
        return list(session.scalars(select(SubmissionRow.outcome).order_by(SubmissionRow.journal_id)))
