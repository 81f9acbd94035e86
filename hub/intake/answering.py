"""The way back to whoever sent a message: by the road it came, to the address it came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from hub import outbox
from hub.checklist.people import Person
from hub.context import Hub
from hub.intake.journal import Entry
from hub.outbox import Draft
from hub.sample import roster
from hub.vault import Vault

HELD = timedelta(seconds=65)  # what the desk says waits as long as it may be undone, and a little more


def draft(
    vault: Vault,
    entry: Entry,
    text: str,
    *,
    kind: str = "reply",
    person_id: int | None = None,
    dedup: str | None = None,
    over_button: bool = True,
    asks_contact: str = "",
) -> Draft:
    """An answer to an entry; over the pressed button unless that is to stay. What was told on the phone is answered
    by SMS, by whichever road there is."""
    return Draft(
        kind=kind,
        priority=outbox.REPLY,
        channel="telegram" if entry.channel == "telegram" else "sms",
        gateway="" if entry.gateway == "desk" else entry.gateway,
        address_sealed=_address(vault, entry),
        text=text,
        dedup=dedup,
        person_id=person_id,
        journal_id=entry.id,
        answers_button=entry.context.get("button", "") if over_button else "",
        sender=entry.context.get("recipient", ""),
        line=entry.context.get("line", ""),
        asks_contact=asks_contact,
        held=HELD if kind == "question" or entry.corrects else timedelta(0),
    )


def preferred(session: Session, hub: Hub, draft: Draft, entry: Entry, person: Person | None) -> Draft:
    """An answer by the road that its reader prefers; as it is where they prefer none, or cannot be reached there."""
    road = person.prefers if person else ""
    if person is None or road in ("", entry.gateway) or draft.answers_button or not _is_open(hub, road):
        return draft
    changed = replace(draft, gateway=road, sender="", line="", asks_contact="")
    kind = "telegram" if road == "telegram" else "phone"
    if entry.channel == "sms" and kind == "phone":
        return changed
    contact = next((it for it in roster.contacts(session, [person.id])[person.id] if it.kind == kind), None)
    if contact is None:
        return draft
    return replace(changed, channel="telegram" if kind == "telegram" else "sms", address_sealed=contact.sealed)


def _is_open(hub: Hub, road: str) -> bool:
    """Whether the gateway is configured: what is left to another would wait for ever."""
    its = hub.settings
    keys = {
        "telegram": its.telegram_token,
        "twilio": its.twilio_auth_token,
        "kannel": its.kannel_token,
        "smsgate": its.smsgate_signing_key,
    }
    return bool(keys[road].get_secret_value())


def _address(vault: Vault, entry: Entry) -> bytes:
    chat = entry.context.get("chat", "")
    if entry.channel == "whatsapp":
        return vault.seal(chat.encode() + vault.open(entry.sender_sealed))
    return entry.sender_sealed  # never the group that a button was pressed in: what is answered may be a phone number
