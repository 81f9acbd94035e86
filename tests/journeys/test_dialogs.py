"""Telegram as a guide: forms filled in question by question, as dialogues with the emulated Bot API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from hub.database import open_engine, reading
from hub.models import DialogRow, StationRecordRow
from hub.sample import importer
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


async def walk(phone: Phone, *steps: str) -> str:
    """`+label` presses, anything else is typed."""
    said = ""
    for step in steps:
        said = await (phone.press(step[1:]) if step[0] == "+" else phone.write(step))
    return said


async def test_a_form_is_asked_question_by_question_and_sent_once_at_the_end(town: Town) -> None:
    phone = Phone(town, A1)
    said = await phone.write("/start")
    assert said == "A1 : compte connu.\nSET 10001 · 1/4\nH. Ouvert à\nTapez l'heure, comme 07:15."
    assert "✓ H : 07:15\nSET 10001 · 2/4\nM. Ce qui manque" in await phone.write("7.15")
    await walk(phone, "+encre", "+bulletins")
    assert phone.labels[:4] == ["✓ encre", "scellés", "✓ bulletins", "Terminé"]
    assert (await phone.press("Terminé")).startswith("✓ M : encre, bulletins\nSET 10001 · 3/4\nA. Observateur admis")
    assert record(town, "SET") == {}
    assert await walk(phone, "+oui", "+Passer") == (
        "SET 10001 : Installation\nVérifiez, puis envoyez.\n"
        "H. Ouvert à : 07:15\nM. Ce qui manque : encre, bulletins\nA. Observateur admis : oui\n"
        "Sans réponse : W\nPour changer une réponse, touchez sa lettre."
    )
    assert await phone.press("Envoyer") == "SET 10001 : reçu. H07:15 M1,3 A1"
    assert record(town, "SET") == {"H": "07:15", "M": "1,3", "A": "1"}
    assert (dialogs(town), town.desk()) == (0, [])
    # Every press is in the journal as it came; what was sent is a coded text like any other.
    assert [row.text.partition(" ?")[0] for row in town.journal()] == [
        *("/start", "7.15", "tick 1", "tick 3", "done", "A 1", "next", "send", "SET 10001 H07:15 M1,3 A1")
    ]
    assert [it.outcome for it in town.submissions()] == ["command"] * 8 + ["accepted"]


async def test_the_protocol_is_checked_as_numbers_are_typed_and_once_more_before_it_is_sent(town: Town) -> None:
    town.clock[0] += timedelta(hours=10)
    phone = Phone(town, A1)
    assert await phone.write("/form") == "Quelle fiche ?"
    assert phone.labels == ["SET Installation", "TAL Dépouillement"]
    assert "Tapez le nombre, de 1 à 2000." in await phone.press("TAL Dépouillement")
    assert (await phone.write("2O67")).splitlines()[0] == "R : 2O67 hors de 1 à 2000."
    assert "R : 2[ ]067 n'est pas un nombre" in await phone.write("2 067")
    said = await walk(phone, "٨٠٠", "500", "3OO", "100", "+Oui")
    assert "R. Inscrits : 800\n" in said
    assert "\nVérifiez. V n'est pas YA + YB\n" in said
    assert (await phone.press("YB")).endswith("Noté : 100")
    assert "Vérifiez. V" not in await phone.write("200")
    assert await phone.press("Envoyer") == "TAL 10001 : reçu. R800 V500 YA300 YB200 Z1"
    assert record(town, "TAL") == {"R": "800", "V": "500", "YA": "300", "YB": "200", "Z": "1"}
    assert await phone.write("/form") == "SET 10001 · 1/4\nH. Ouvert à\nTapez l'heure, comme 07:15."


async def test_an_interrupted_dialog_goes_on_in_another_process_on_another_day(town: Town, database_url: str) -> None:
    phone = Phone(town, A1)
    await walk(phone, "/form", "0715", "+encre")
    town.clock[0] += timedelta(days=1)
    engine = open_engine(database_url)
    with reading(engine) as session:
        election = importer.election(session)
    assert election is not None
    town.hub = replace(town.hub, engine=engine, election=election)
    assert (await phone.press("Terminé")).startswith("✓ M : encre\nSET 10001 · 3/4")
    await phone.write("/form")
    assert phone.labels == ["SET Installation", "TAL Dépouillement"]
    assert (await phone.press("SET Installation")).startswith("SET 10001 · 3/4\nA. ")
    await walk(phone, "+oui", "+Passer", "+Envoyer")
    assert record(town, "SET") == {"H": "07:15", "M": "1", "A": "1"}
    engine.dispose()


async def test_a_coded_text_in_the_middle_is_what_it_is_and_what_it_says_is_not_asked_again(town: Town) -> None:
    phone = Phone(town, A1)
    await walk(phone, "/form", "0715")
    question = phone.last
    assert await phone.write("SET M2 W12") == "SET 10001 : reçu. M2 W12\nManque : H, A"
    assert (await phone.write("ALR 201 ils crient")).startswith("N° ")
    assert (await phone.press("Passer", question)).startswith("SET 10001 · 3/4\nA. ")
    said = await phone.press("oui")
    assert said.startswith("✓") is False
    assert "M. Ce qui manque : scellés" in said
    assert await phone.press("Envoyer") == "SET 10001 : reçu. H07:15 A1"
    assert record(town, "SET") == {"H": "07:15", "M": "2", "A": "1", "W": "12"}


async def test_a_button_pressed_twice_or_on_an_old_screen_changes_nothing(town: Town) -> None:
    phone = Phone(town, A1)
    await walk(phone, "/form", "0715", "+Passer")
    asked = phone.last
    for label in ("oui", "non", "oui"):
        await phone.touch(label, asked)
    assert (await phone.look()).startswith("SET 10001 · 4/4\nW. ")
    summary = await phone.press("Passer")
    assert "A. Observateur admis : oui" in summary
    assert await phone.press("non", asked) == summary
    for _ in range(3):
        await phone.touch("Envoyer")
    await phone.look()
    assert [it.outcome for it in town.submissions()].count("accepted") == 1
    assert phone.toasts[-2:] == ["Cette fiche est déjà envoyée."] * 2
    assert record(town, "SET") == {"H": "07:15", "A": "1"}


async def test_back_shows_the_answer_and_a_letter_of_the_summary_changes_it(town: Town) -> None:
    phone = Phone(town, A1)
    await walk(phone, "/form", "0715")
    assert (await phone.press("Retour")).endswith("Noté : 07:15")
    assert "Suivant" in phone.labels
    await walk(phone, "+Suivant", "+Passer", "+non", "+Non observé")
    assert phone.last["text"].splitlines()[-3:-1] == ["Non observé : W", "Sans réponse : M"]
    await phone.press("A")
    assert phone.labels[:2] == ["oui", "✓ non"]
    await walk(phone, "+oui", "+Envoyer")
    assert record(town, "SET") == {"H": "07:15", "A": "1"}
    assert town.journal()[-1].text == "SET 10001 H07:15 A1 # Non observé : W"


async def test_words_that_are_no_answer_ask_again_and_a_sentence_is_heard_at_the_desk(town: Town) -> None:
    phone = Phone(town, A1)
    await walk(phone, "/form")
    assert "H : matin n'est pas une heure." in await phone.write("matin")
    assert town.desk() == []
    await phone.write("venez vite, ils me menacent")
    assert [item.kind for item in town.desk()] == ["message"]
    assert (await phone.write("0715")).startswith("✓ H : 07:15")


async def test_a_typed_answer_can_be_edited_as_any_message(town: Town) -> None:
    phone = Phone(town, A1)
    await phone.write("/form")
    message: dict[str, Any] = {"message_id": 77, "date": 1, "from": {"id": A1}, "chat": {"id": A1, "type": "private"}}
    await town.update({"message": message | {"text": "0715"}})
    await town.update({"edited_message": message | {"text": "0730"}})
    assert (await phone.look()).startswith("✓ H : 07:30\nSET 10001 · 2/4\nM. ")
    assert town.desk() == []


async def test_by_sms_the_same_room_asks_the_next_question_where_an_election_wants_it(town: Town) -> None:
    await town.sms(A2_PHONE, "FORM SET")
    await town.work()
    assert town.told()[-1][1].startswith("SET Setting up: H, M 1-3")  # what HELP SET says
    await town.sms(A2_PHONE, "FORM 10001 A1 H0715")  # no command: a report without its form
    await town.work()
    assert town.submissions()[-1].outcome == "rejected"
    town.told()
    town.hub = replace(town.hub, election=town.hub.election.model_copy(update={"dialog": ("telegram", "sms")}))
    said = []
    for text in ("FORM SET", "0715", "1,3", "yes", "skip", "A0", "send"):
        await town.sms(A2_PHONE, text)
        await town.work()
        said += [words for address, words in town.told() if address == A2_PHONE]
    assert said[0] == (
        "SET 10001 · 1/4\nH. Opened at\nType the time, like 07:15.\nOr write: Skip / Not observed / Back"
    )
    assert said[2].startswith("✓ M: ink, ballots\nSET 10001 · 3/4\nA. Observer admitted\n1: yes\n0: no\n")
    assert said[5].endswith("H07:15 M1,3 A0\nNot answered: W\nWrite Send to send it, or a letter with its new answer.")
    # Both go out together, and no provider keeps an order.
    assert set(said[6:]) == {"SET 10001: sent. The answer follows.", "SET 10001: OK. H07:15 M1,3 A0"}
    assert record(town, "SET") == {"H": "07:15", "M": "1,3", "A": "0"}


async def test_in_a_group_only_commands_are_answered_and_in_private(town: Town) -> None:
    for text in ("bonjour", "SET A0", "/SET A0", "/poll@another_bot now", "/status", "/form@hub_bot"):
        chat = {"id": -55, "type": "group"}
        await town.update({"message": {"message_id": 1, "date": 0, "chat": chat, "from": {"id": A1}, "text": text}})
    await town.work()
    assert [address for address, _ in town.told()] == [str(A1), str(A1)]
    assert [it.outcome for it in town.submissions()] == ["ignored"] * 4 + ["command"] * 2
    assert town.desk() == []


async def test_status_says_what_has_come_what_is_due_and_what_is_wrong(town: Town) -> None:
    phone = Phone(town, A1)
    assert await phone.write("/status") == "10001 : reçu – ; attendu SET 08:30, TAL 23:00"
    await walk(phone, "SET H0715", "SET Q", "TAL R500 V400 YA300 YB50")
    town.clock[0] += timedelta(hours=10)
    await phone.write("TAL R500 V400 YA300 YB50")
    assert await phone.write("/status") == (
        "10001 : reçu SET, TAL.\nSET incomplète, manque : M, A\n"
        "Vérifiez. TAL: V n'est pas YA + YB\nChez l'opérateur : 2"
    )
    await town.sms(A2_PHONE, "STATUS")
    await town.work()
    assert town.told()[-1][1].startswith("10001: received SET, TAL.\nSET is incomplete, missing: M, A")
