"""An answer leaves by the road that its message came, unless its reader prefers another."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from hub.database import writing
from hub.models import OutboxRow, PersonRow
from tests.journeys.town import Town

A1, A1_TELEGRAM, A2 = "+237670000001", "8100001", "+237670000002"


@pytest.mark.parametrize(
    ("prefers", "sender", "channel", "gateway", "address"),
    [
        ("", A1, "sms", "twilio", A1),
        ("", A1_TELEGRAM, "telegram", "telegram", A1_TELEGRAM),
        ("telegram", A1, "telegram", "telegram", A1_TELEGRAM),
        ("twilio", A1_TELEGRAM, "sms", "twilio", A1),
        ("smsgate", A1, "sms", "smsgate", A1),
        ("kannel", A1, "sms", "twilio", A1),  # not configured
        ("telegram", A2, "sms", "twilio", A2),  # A2 has no account there
    ],
)
async def test_an_answer_goes_by_the_preferred_road_where_there_is_one(
    town: Town, monkeypatch: pytest.MonkeyPatch, prefers: str, sender: str, channel: str, gateway: str, address: str
) -> None:
    monkeypatch.setattr(town.hub.settings, "smsgate_signing_key", SecretStr("configured"))
    with writing(town.hub.engine) as session:
        session.execute(update(PersonRow).values(prefers=prefers))
    await (
        town.sms(sender, "SET H0715 M1 A1") if sender.startswith("+") else town.telegram(int(sender), "SET H0715 M1 A1")
    )
    await town.work()
    with town.session() as session:
        row = session.scalars(select(OutboxRow).where(OutboxRow.kind == "reply")).one()
        sealed = town.hub.vault.open(row.address_sealed).decode()
        assert (row.channel, row.gateway, sealed) == (channel, gateway, address)
