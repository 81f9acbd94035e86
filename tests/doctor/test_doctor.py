"""A hub that is ready but for one thing: `hub doctor` names it, says what would be right, and exits with 1."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Response
from pydantic import SecretStr
from sqlalchemy import Engine, select, update
from typer.testing import CliRunner

from bots.emulated.bot_api import BotApi
from bots.emulated.server import running
from bots.emulated.twilio_api import TwilioApi
from hub import leadership
from hub.accounts import accounts
from hub.cli import cli
from hub.clock import system
from hub.database import open_engine, schema, writing
from hub.doctor import doctor, machine
from hub.doctor.checks import Check
from hub.election import configuration
from hub.models import AccountRow, ContactRow, PersonRow
from hub.sample import importer, proofs
from hub.settings import Settings
from hub.vault import Vault

ARVENIA = Path(__file__).parent.parent / "elections" / "arvenia"
KEY = "Yz3-kq8TfWm1_xRb6HdLs0vPnUc9JgAe5iOtZ2"
SID, TOKEN, BOT, NUMBER = "AC" + "1" * 32, "a token", "4200:bot-token", "+15005550006"


class Proxy:
    """What stands in front of the hub, a Kannel and a phone beside it: /healthz, /readyz, /sendsms, /api/health."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.kannel = 400  # no receiver; the password was right

    def routes(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/healthz", lambda: Response("ok"))
        router.add_api_route("/readyz", lambda: {"ready": not self.wrong, "wrong": self.wrong})
        router.add_api_route("/sendsms", lambda: Response("Missing receiver", self.kannel))
        router.add_api_route("/api/health", lambda: {"status": "pass"})
        return router

    async def close(self) -> None: ...


@dataclass
class Practice:
    settings: Settings
    engine: Engine
    proxy: Proxy
    bot: BotApi
    now: datetime

    def examine(self, **settings: Any) -> list[Check]:
        found = doctor.examine(self.settings.model_copy(update=settings), self.now)
        return [check for checks in found.values() for check in checks]

    def wrong(self, **settings: Any) -> list[str]:
        """All but the one thing that no emulated hub can have: https."""
        found = [str(it) for it in self.examine(**settings) if it.state == "wrong"]
        assert any("not https" in it for it in found)
        return [it for it in found if "not https" not in it]


@pytest.fixture(scope="module")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("furnished") / "hub.db"))
    engine = open_engine(f"sqlite:///{store}")
    _furnish(engine)
    engine.dispose()  # which brings the write-ahead log into the file
    store.chmod(0o600)
    return store


@pytest.fixture
def practice(furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine, "ENVIRONMENTS", (Path("hub.env"),))
    monkeypatch.setattr(machine, "_free", lambda _place: 80.0)
    store = Path(shutil.copy(furnished, tmp_path / "hub.db"))
    engine = open_engine(f"sqlite:///{store}")
    proxy, bot = Proxy(), BotApi(BOT)
    with (
        running(proxy, bot, TwilioApi(SID, TOKEN, NUMBER)) as url,
        running(TwilioApi(SID, TOKEN, NUMBER, f"{url}/sms/twilio")) as twilio,
    ):
        settings = Settings(
            database_url=f"sqlite:///{store}",
            public_url=url,
            secret_key=SecretStr(KEY),
            spool_dir=tmp_path / "spool",
            twilio_account_sid=SID,
            twilio_auth_token=SecretStr(TOKEN),
            twilio_from=NUMBER,
            twilio_api_url=twilio,
            telegram_token=SecretStr(BOT),
            telegram_api_url=url,
            kannel_token=SecretStr("t"),
            kannel_send_url=f"{url}/sendsms?username=hub&password=p",
            smsgate_signing_key=SecretStr("k"),
            smsgate_api_url=f"{url}/api",
        )
        with writing(engine) as session:
            leadership.beat(session, "worker", system())
        yield Practice(settings, engine, proxy, bot, system())
    engine.dispose()


def _furnish(engine: Engine) -> None:
    """An election, and accounts with second factors."""
    with writing(engine) as session:
        importer.load(session, configuration.load(ARVENIA), Vault(KEY), system())
        for name, role in (("anna", "operator"), ("bea", "coordinator"), ("carl", "admin"), ("dora", "admin")):
            session.add(
                AccountRow(name=name, role=role, region="", language="en", password_hash="-", totp_secret=b"sealed")
            )


def test_a_hub_that_is_ready_has_nothing_wrong_but_what_is_emulated(practice: Practice) -> None:
    assert practice.wrong() == []
    told = {check.what for check in practice.examine()}
    assert {"telegram", "twilio", "kannel", "smsgate", "worker", "spool", "on call", "schema"} <= told


LACKING: dict[str, tuple[dict[str, Any], str]] = {
    "a key made by hand": ({"secret_key": SecretStr("s" * 40)}, "it can be guessed"),
    "no key": ({"secret_key": SecretStr("")}, "HUB_SECRET_KEY needs at least 32 characters"),
    "a played clock": ({"rehearsal_clock": Path("now")}, "HUB_REHEARSAL_CLOCK is set"),
    "a second factor that is offered": ({"second_factor": "offered"}, "set HUB_SECOND_FACTOR=required"),
    "another bot's token": ({"telegram_token": SecretStr("4200:other")}, "copy it from @BotFather"),
    "a webhook nobody registered": ({"telegram_webhook_secret": SecretStr("w")}, "it delivers to nobody"),
    "another account's token": ({"twilio_auth_token": SecretStr("x")}, "copy both from its console"),
    "a number that is not ours": ({"twilio_from": "+15005550007"}, "no number of this account"),
    "nobody at the phone": ({"smsgate_api_url": "http://127.0.0.1:1"}, "does not answer (ConnectError)"),
    "a database that is not there": ({"database_url": "postgresql://hub@127.0.0.1:1/hub"}, "look at HUB_DATABASE_URL"),
    "an address of no database": ({"database_url": "in the drawer"}, "HUB_DATABASE_URL cannot be used"),
}


def test_what_is_wrong_is_named_with_what_would_be_right(practice: Practice) -> None:
    told = {name: practice.wrong(**settings) for name, (settings, _) in LACKING.items()}
    assert {name: found for name, found in told.items() if not any(LACKING[name][1] in it for it in found)} == {}


def test_no_secret_is_ever_shown(practice: Practice) -> None:
    found = practice.examine(telegram_api_url="http://127.0.0.1:1", twilio_api_url="http://127.0.0.1:1")
    shown = "\n".join(map(str, found))
    assert not any(secret in shown for secret in (KEY, TOKEN, BOT, "password=p"))


def test_kannel_that_does_not_take_the_password_is_wrong(practice: Practice) -> None:
    practice.proxy.kannel = 403
    assert [it.split(":")[0] for it in practice.wrong()] == ["✗ kannel"]


def test_what_readyz_says_is_told(practice: Practice) -> None:
    practice.proxy.wrong = ["3 batches of messages wait on this disk for the database"]
    assert practice.wrong() == ["✗ public address: 3 batches of messages wait on this disk for the database"]


def test_a_clock_an_hour_off_is_told_by_every_provider(practice: Practice) -> None:
    practice.now += timedelta(hours=1)
    told = practice.wrong()
    assert any(it.startswith("✗ clock of telegram: 36") for it in told), told
    assert any(it.startswith("✗ worker: none for 36") for it in told)


def test_a_file_of_settings_that_everybody_may_read_is_wrong(practice: Practice) -> None:
    Path("hub.env").write_text("HUB_SECRET_KEY=…")
    Path("hub.env").chmod(0o644)
    assert practice.wrong() == ["✗ permissions: everybody on this machine may read hub.env: chmod 600"]


def test_a_full_disk_and_a_spool_that_cannot_be_written_are_wrong(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "in the way").write_text("")
    monkeypatch.setattr(machine, "_free", lambda _place: 0.4)
    told = practice.wrong(spool_dir=tmp_path / "in the way")
    assert any("0.4 GB free" in it for it in told)
    assert any("spool" in it and "cannot be written" in it for it in told)


def test_where_codes_are_asked_for_and_somebody_has_none_it_says_how_they_are_made(
    practice: Practice, tmp_path: Path
) -> None:
    assert not any(check.what == "codes" for check in practice.examine())
    asked = tmp_path / "asked"
    shutil.copytree(ARVENIA, asked)
    with (asked / "election.yaml").open("a") as top:
        top.write("proof: {forms: [TAL]}\n")
    vault = Vault(KEY)
    with writing(practice.engine) as session:
        importer.load(session, configuration.load(asked), vault, practice.now)
    [told] = [it for it in practice.examine() if it.what == "codes"]
    assert (told.state, "hub proof issue" in str(told)) == ("doubtful", True)
    with writing(practice.engine) as session:
        proofs.issue(session, vault, "pin", (), practice.now)
    [told] = [it for it in practice.examine() if it.what == "codes"]
    assert told.state == "fine"


def test_a_region_where_nobody_can_be_paged_is_named_with_its_hour(practice: Practice) -> None:
    with writing(practice.engine) as session:
        staff = select(PersonRow.id).where(PersonRow.role.in_(("coordinator", "lawyer", "head_office")))
        session.execute(update(ContactRow).where(ContactRow.person_id.in_(staff)).values(state="blocked"))
    told = practice.wrong()
    assert any("nobody can be paged in Littoral from 00:00 for severity 1" in it for it in told), told


def test_people_nobody_can_reach_and_accounts_without_a_second_factor_are_asked_about(practice: Practice) -> None:
    with writing(practice.engine) as session:
        one = session.scalars(select(PersonRow.id).where(PersonRow.code == "A1")).one()
        session.execute(update(ContactRow).where(ContactRow.person_id == one).values(state="opted_out"))
        accounts.create(session, "emil", "analyst", "en")
    asked = [check.told for check in practice.examine() if check.state == "doubtful"]
    assert any("people cannot be reached: A1" in it for it in asked), asked
    assert any("have no second factor yet" in it and "emil" in it for it in asked)


def test_a_store_that_would_lose_what_it_acknowledged_is_wrong(engine: Engine) -> None:
    """The PostgreSQL of the tests does not wait for its disk."""
    found = {check.what: check for check in machine.database(engine, datetime.now(UTC))}
    expected = "wrong" if engine.dialect.name == "postgresql" else "fine"
    assert found["database"].state == expected, found
    assert found["schema"].state == "fine"
    assert found["worker"].state == "wrong"


def test_a_schema_that_is_behind_is_wrong(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/empty.db")
    told = [str(check) for check in machine.database(engine, system())]
    assert told[-1] == f"✗ schema: it is empty, and ours is {schema(engine)[1]}: hub init DIR"
    engine.dispose()


def test_the_checklist_is_printed_and_the_command_fails_while_anything_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", f"sqlite:///{tmp_path}/hub.db")
    monkeypatch.setenv("HUB_PUBLIC_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HUB_SPOOL_DIR", f"{tmp_path}/spool")
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 1
    for words in ("✗ secret key", "✗ gateways: none is configured", "✗ schema", "☐ A backup was restored"):
        assert words in result.stdout, result.stdout
