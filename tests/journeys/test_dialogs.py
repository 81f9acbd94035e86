"""Telegram as a guide: forms filled in question by question, as dialogues with the emulated Bot API."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from hub.database import reading
from hub.models import DialogRow, StationRecordRow
from tests.journeys.town import Town

A1, A2_PHONE = 8100001, "+237670000002"


class Phone:
    """A Telegram account that sees the bot's messages, and presses what stands under the latest."""

    def __init__(self, town: Town, account: int) -> None:
        self.town, self.account = town, account
        self.screens: dict[int, dict[str, Any]] = {}
        self.toasts: list[str] = []
        self._seen = 0

    async def write(self, text: str) -> str:
        await self.town.telegram(self.account, text)
        return await self.look()

    async def press(self, label: str, screen: dict[str, Any] | None = None) -> str:
        await self.touch(label, screen)
        return await self.look()

    async def touch(self, label: str, screen: dict[str, Any] | None = None) -> None:
        """Presses, and does not wait."""
        screen = screen or self.last
        data = {text.removeprefix("✓ "): data for row in buttons(screen) for text, data in row}[label]
        assert len(data.encode()) <= 64
        message = {"message_id": screen["message_id"], "chat": {"id": self.account, "type": "private"}}
        query = {"id": f"press{self.town.updates}", "from": {"id": self.account}, "data": data, "message": message}
        await self.town.update({"callback_query": query})

    async def look(self) -> str:
        """Lets the hub work; the text of the latest screen."""
        await self.town.work()
        for it in self.town.bot_api.sent[self._seen :]:
            if it["method"] == "answerCallbackQuery":
                self.toasts.append(it.get("text", ""))
            elif int(it["chat_id"]) == self.account:
                number = int(it["message_id"])
                self.screens.pop(number, None)
                self.screens[number] = it
        self._seen = len(self.town.bot_api.sent)
        return str(self.last["text"])

    @property
    def last(self) -> dict[str, Any]:
        return list(self.screens.values())[-1]

    @property
    def labels(self) -> list[str]:
        return [label for row in buttons(self.last) for label, _ in row]


def buttons(screen: dict[str, Any]) -> list[list[tuple[str, str]]]:
    keyboard = screen.get("reply_markup", {}).get("inline_keyboard", [])
    return [[(it["text"], it["callback_data"]) for it in row] for row in keyboard]


def record(town: Town, form: str) -> dict[str, str]:
    with reading(town.hub.engine) as session:
        found = session.scalars(select(StationRecordRow.answers).where(StationRecordRow.form == form)).all()
        return dict(found[0]) if found else {}


def dialogs(town: Town) -> int:
    with reading(town.hub.engine) as session:
        return len(session.scalars(select(DialogRow)).all())


async def test_a_form_is_asked_question_by_question_and_sent_once_at_the_end(town: Town) -> None:
    phone = Phone(town, A1)
    for step in ("/start", "0715", "+encre", "+Terminé", "+oui", "+Passer", "+Envoyer"):
        said = await (phone.press(step[1:]) if step[0] == "+" else phone.write(step))
        print(f">>> {step}\n{said}\n    {phone.labels}")
