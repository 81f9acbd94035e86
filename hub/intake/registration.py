"""A stranger on Telegram becomes known: by sharing a number that the roster has, or by a coordinator's one-time code.

The link is told by SMS to the registered numbers: nobody becomes an observer behind the observer's back. What is
refused goes to the desk; nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub import outbox
from hub.context import Hub
from hub.desk import opening
from hub.election.definition import Election
from hub.intake.journal import Entry
from hub.outbox import Draft
from hub.replies import say
from hub.sample import invitations, links, roster
from hub.sample.invitations import Refusal
from hub.sample.links import Linked, Taken

_START = re.compile(r"\s*/start(?:@\w+)?(?:\s+(?P<code>\S.*?))?\s*", re.IGNORECASE | re.DOTALL)
_CODE = re.compile(r"[\d\s.·•‐‑–—-]+")
_LENGTHS = range(4, 13)  # digits that may be meant for a code


@dataclass(frozen=True, slots=True)
class Registration:
    """What became of it. `asks`: the label of the button that shares a number, "" where none is wanted."""

    said: str
    person_id: int | None = None
    linked: bool = False
    asks: str = ""
    buttons: tuple[tuple[tuple[str, str], ...], ...] = ()
    confirmations: tuple[Draft, ...] = ()
    item: dict[str, Any] | None = None


def is_start(entry: Entry) -> bool:
    """/start, or a shared number: no report, whoever it comes from."""
    return entry.channel == "telegram" and (entry.kind == "contact" or _START.fullmatch(entry.text) is not None)


def invitation(election: Election, said: str = "") -> tuple[str, str]:
    """How to become known, below what was said; and the label of the button that shares a number."""
    language = election.default_language
    told = f"{said}\n{say(election, 'register_how', language)}".strip()
    return told, say(election, "button_share_number", language)


def register(session: Session, hub: Hub, entry: Entry, now: datetime) -> Registration | None:
    """Takes what a stranger wrote as the wish to be known; None where it is none, or was not written in private."""
    if entry.channel != "telegram" or entry.kind not in ("text", "contact") or not _private(hub, entry):
        return None
    if entry.kind == "contact":
        return _by_number(session, hub, entry, now)
    start = _START.fullmatch(entry.text)
    code = _digits((start["code"] or "") if start else entry.text)
    if start and not start["code"]:
        said, asks = invitation(hub.election)
        return Registration(said, asks=asks)
    return _by_code(session, hub, entry, code, now) if start or len(code) in _LENGTHS else None


def _by_number(session: Session, hub: Hub, entry: Entry, now: datetime) -> Registration:
    owners = links.owners(session, bytes.fromhex(entry.context.get("contact", "")))
    if len(owners) == 1:
        return _link(session, hub, entry, owners[0], "contact", now)
    why = "shared_number" if owners else "unknown_number"
    return Registration(_say(hub, f"register_{why}"), item=_item(entry, why, 3))


def _by_code(session: Session, hub: Hub, entry: Entry, code: str, now: datetime) -> Registration:
    found = invitations.redeem(session, hub.vault, code, entry.sender, entry.received_at)
    if not isinstance(found, Refusal):
        return _link(session, hub, entry, found, "code", now)
    if found.locked:
        return Registration(_say(hub, "register_locked"))
    item = _item(entry, f"guessing_{found.begins}", 2) if found.begins else None
    return Registration(_say(hub, "register_locked" if found.begins else "register_wrong_code"), item=item)


def _link(session: Session, hub: Hub, entry: Entry, person_id: int, how: str, now: datetime) -> Registration:
    match links.link(session, hub.vault, person_id, entry.sender_sealed, how, now):
        case Taken(code=code, language=language):
            return Registration(say(hub.election, "register_taken", language), item=_item(entry, f"taken {code}", 2))
        case Linked(code=code, language=language):
            told = tuple(_confirmations(session, hub, entry, person_id, code, language))
            said = say(hub.election, "register_done", language, person=code)
            return Registration(
                said, person_id, linked=True, buttons=_first(hub.election, language), confirmations=told
            )


def _first(election: Election, language: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """A button that asks for the form that is due, where the election guides through it."""
    words = election.checklist.commands.get("form")
    return (((say(election, "button_report", language), words[0]),),) if words and "telegram" in election.dialog else ()


def _confirmations(session: Session, hub: Hub, entry: Entry, person_id: int, code: str, language: str) -> list[Draft]:
    return [
        Draft(
            kind="reply",
            priority=outbox.REPLY,
            channel="sms",
            address_sealed=contact.sealed,
            text=say(hub.election, "register_sms", language, person=code),
            dedup=f"linked:{entry.id}:{contact.id}",
            person_id=person_id,
            journal_id=entry.id,
        )
        for contact in roster.contacts(session, [person_id])[person_id]
        if contact.kind == "phone"
    ]


def _item(entry: Entry, why: str, severity: int) -> dict[str, Any]:
    reason, _, person = why.partition(" ")
    # Strangers may be many: one item for one account, and one for all guessing together.
    of = "all" if reason == "guessing_everybody" else entry.sender.hex()
    detail = {"registration": reason} | ({"person": person} if person else {})
    cause = f"registration:{why}:{of}"
    return opening.item("registration", cause, severity, entry.received_at, journal_id=entry.id, detail=detail)


def _private(hub: Hub, entry: Entry) -> bool:
    """A code that is typed in a group is everybody's."""
    chat = entry.context.get("chat", "")
    return not chat or chat == hub.vault.open(entry.sender_sealed).decode()


def _digits(text: str) -> str:
    """The digits of a text that holds nothing else, of any script; a text with words is none of its digits."""
    if not _CODE.fullmatch(text):
        return ""
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


def _say(hub: Hub, key: str) -> str:
    return say(hub.election, key, hub.election.default_language)
