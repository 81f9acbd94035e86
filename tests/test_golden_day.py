"""The whole published day, through real processes and emulated providers: nothing lost, nothing different."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select

from hub.accounts import sessions
from hub.bootstrap import open_hub
from hub.console import access
from hub.console.app import console
from hub.context import Hub
from hub.database import open_engine, writing
from hub.models import AccountRow, StationRecordRow, SubmissionRow, WorkItemRow
from hub.rehearsal import day, demo
from hub.settings import Settings

PAGES = (
    "/me", "/desk", "/desk/1", "/desk/queue", "/late?all=1", "/team", "/find?q=1", "/find?q=a",
    "/alerts", "/alerts?state=resolved", "/alerts/1", "/alerts/times", "/alerts/incidents", "/alerts/incidents/1",
    "/alerts/incidents/published", "/day", "/findings", "/findings/charts", "/findings/doubts", "/findings/protocols",
    "/broadcasts", "/broadcasts/new", "/import", "/accounts", "/accounts/1", "/audit",
)  # fmt: skip
LANGUAGES = ("en", "ru", "ky")
SLOW_LINE = 100_000  # bytes
KYRGYZSTAN = Path(__file__).parent.parent / "config" / "kyrgyzstan-2021"


def test_the_golden_day_is_played_without_losing_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUB_LOG_LEVEL", "debug")
    assert demo.run(KYRGYZSTAN, once=True, speed=1, port=0) == 0
    assert _of_people(capfd.readouterr().err) == []
    assert {key: size for key, size in _weights().items() if size > SLOW_LINE} == {}


def _of_people(logs: str) -> list[str]:
    """Numbers, accounts and texts of the day's messages that are in what its processes logged."""
    played = day.load(KYRGYZSTAN / "day" / "messages.jsonl")
    told = {word for it in played for word in (it.sender[-8:], it.text)}
    return [word for word in told if len(word) > 5 and word in logs]


def _weights() -> dict[tuple[str, str], int]:
    """Bytes of every page after the day, the desk's and the callers' as on a bad one, by language and address."""
    engine = open_engine(f"sqlite:///{demo.HOME}/hub.db")
    hub = open_hub(Settings(database_url=f"sqlite:///{demo.HOME}/hub.db", secret_key=SecretStr("s" * 40)))
    with writing(engine) as session:
        cookies = {}
        for language in LANGUAGES:
            account = AccountRow(name=language, role="admin", region="", language=language, password_hash="-")
            session.add(account)
            session.flush()
            cookies[language] = {access.COOKIE: sessions.begin(session, account.id, "", hub.timer(), proved=True)}
        session.add_all(
            AccountRow(name=f"desk-{number}", role="operator", region="", language="ru", password_hash="-")
            for number in range(20)
        )
        session.execute(delete(StationRecordRow).where(StationRecordRow.form == "CLS"))
        newest = select(SubmissionRow).order_by(SubmissionRow.journal_id.desc()).limit(300)
        session.add_all(
            WorkItemRow(
                kind="message", journal_id=it.journal_id, station_id=it.station_id, form=it.form, severity=2, detail={},
                opened_at=hub.clock(),
            )
            for it in session.scalars(newest)
        )  # fmt: skip
    engine.dispose()
    answers = {
        (language, path): answer
        for language, cookie in cookies.items()
        for path, answer in asyncio.run(_answers(hub, cookie)).items()
    }
    hub.engine.dispose()
    assert {key for key, answer in answers.items() if answer.status_code != 200} == set()
    return {key: len(answer.content) for key, answer in answers.items()}


async def _answers(hub: Hub, cookies: dict[str, str]) -> dict[str, httpx.Response]:
    unforced = replace(hub, settings=hub.settings.model_copy(update={"second_factor": "offered"}))
    transport = httpx.ASGITransport(console(unforced))
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test", cookies=cookies) as browser:
        return {path: await browser.get(path) for path in PAGES}


@pytest.mark.slow
def test_a_day_that_differs_from_what_was_expected_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    changed = tmp_path / "election"
    changed.symlink_to(KYRGYZSTAN)
    whole = day.load
    monkeypatch.setattr(day, "load", lambda path: whole(path)[:12])
    assert demo.run(changed, once=True, speed=1, port=0) == 1
