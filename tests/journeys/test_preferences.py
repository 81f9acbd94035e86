"""An answer leaves by the road that its message came, unless its reader prefers another."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from hub.database import writing
from hub.models import OutboxRow, PersonRow
from tests.journeys.town import Town

A1, A1_TELEGRAM, A2 = "+237670000001", "8100001", "+237670000002"
ANSWERS = [
    # prefers, sender → channel, gateway, address
    ("", A1, "sms", "twilio", A1),
    ("", A1_TELEGRAM, "telegram", "telegram", A1_TELEGRAM),
    ("telegram", A1, "telegram", "telegram", A1_TELEGRAM),
    ("twilio", A1_TELEGRAM, "sms", "twilio", A1),
    ("smsgate", A1, "sms", "smsgate", A1),
    ("kannel", A1, "sms", "twilio", A1),  # not configured
    ("telegram", A2, "sms", "twilio", A2),  # A2 has no account there
]


async def test_an_answer_goes_by_the_preferred_road_where_there_is_one(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(town.hub.settings, "smsgate_signing_key", SecretStr("configured"))
    for minute, (prefers, sender, *expected) in enumerate(ANSWERS):
        with writing(town.hub.engine) as session:
            session.execute(update(PersonRow).values(prefers=prefers))
        report = f"SET H07{minute:02} M1 A1"
        await (town.sms(sender, report) if sender.startswith("+") else town.telegram(int(sender), report))
        await town.work()
        with town.session() as session:
            row = session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(1)).one()
            address = town.hub.vault.open(row.address_sealed).decode()
        assert [row.channel, row.gateway, address] == expected, (prefers, sender)
