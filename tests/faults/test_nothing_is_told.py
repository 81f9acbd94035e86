"""A short day through real processes that log all they can, with everything failing once: no number, token or text of
a message is in the logs, the metrics or the figures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from bots.emulated.signing import signed_form
from hub.analysis import tables
from hub.console import access
from hub.custody import keys
from hub.custody.verification import verify
from hub.database import reading
from hub.intake import journal
from hub.rehearsal.stage import Stage, free_port, stage
from tests.journeys.town import ARVENIA

TELEGRAM, PHONES = "8100004", ("+237670000001", "+237670000002", "+237699887766")
SAID = ("SET 10001 H0715 M13 A1 # tambourine", "trombone under the bridge", "INC 10001 06 xylophone", "stop")
NEVER = ("tambourine", "trombone", "xylophone", TELEGRAM, *(phone[-8:] for phone in PHONES))


@pytest.mark.slow
def test_no_number_token_or_text_is_in_logs_metrics_or_figures(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_LOG_LEVEL", "debug")
    port = free_port(0, may_change=True)
    with stage(ARVENIA, tmp_path / "home", port, datetime(2030, 3, 10, 7, 30, tzinfo=UTC)) as played:
        for said in SAID:
            for phone in PHONES:
                _texts(played, phone, said)
        _updates(played, {"text": SAID[1]})
        with _away(played, "submission"):  # the worker fails, three times each, and goes on
            _updates(played, {"text": SAID[0]})
            time.sleep(0.5)
        with _away(played, "journal"):  # the web process keeps it in its spool
            assert _texts(played, PHONES[0], SAID[2]).status_code == 200
        with _away(played, "login_session"):  # and a page breaks
            asked = f"{played.doors.hub}/find?q={PHONES[0]}"
            assert httpx.get(asked, cookies={access.COOKIE: "a token"}).status_code == 500
        _fault(played, "answer", status=500)
        _fault(played, "lose")
        _updates(played, {"text": SAID[2]})
        _until(lambda: _nothing_waits(played))
        told = {"/metrics": httpx.get(f"{played.doors.hub}/metrics").text}
        told["figures"] = _figures(played)
        secrets = _secrets(played)
        _until(lambda: _proved(played) == ("", 16))  # the worker has linked and signed all of it meanwhile
    told["logs"] = "".join(capfd.readouterr())
    assert all(word in told["logs"] for word in ("exception", "journal.database_away", "uvicorn.error")), told["logs"]
    for place, words in told.items():
        assert [word for word in (*NEVER, *secrets) if word in words] == [], place


def _texts(played: Stage, phone: str, said: str) -> httpx.Response:
    doors, url = played.doors, f"{played.doors.hub}/sms/twilio"
    form = {"MessageSid": f"SM{time.time_ns()}", "AccountSid": doors.twilio_sid, "From": phone, "NumMedia": "0"}
    form |= {"To": doors.twilio_number, "Body": said}
    body, headers = signed_form(doors.twilio_token, url, form)
    return httpx.post(url, content=body, headers=headers)


def _updates(played: Stage, message: dict[str, object]) -> None:
    who = {"id": int(TELEGRAM), "is_bot": False, "first_name": "Ada"}
    said = {"message_id": 1, "date": 0, "chat": who | {"type": "private"}, "from": who} | message
    update = {"update_id": time.time_ns() // 1000, "message": said}
    headers = {"x-telegram-bot-api-secret-token": played.doors.telegram_secret}
    httpx.post(f"{played.doors.hub}/telegram", json=update, headers=headers).raise_for_status()


@contextmanager
def _away(played: Stage, table: str) -> Iterator[None]:
    """A table that is not there: whoever wants it gets an exception that quotes what it wanted to write."""
    _sql(played, f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
        time.sleep(0.5)
    finally:
        _sql(played, f"ALTER TABLE {table}_away RENAME TO {table}")


def _sql(played: Stage, statement: str) -> None:
    with played.hub.engine.begin() as connection:
        connection.execute(text(statement))


def _fault(played: Stage, kind: str, **more: object) -> None:
    for road in ("fault", "twilio/fault"):
        httpx.post(f"{played.providers}/control/{road}", json={"kind": kind, **more})


def _nothing_waits(played: Stage) -> bool:
    with reading(played.hub.engine) as session:
        return journal.unread(session) == 0


def _until(holds: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < 60
        time.sleep(0.1)


def _figures(played: Stage) -> str:
    with reading(played.hub.engine) as session:
        return json.dumps(tables.findings(session, played.hub.election).as_json())


def _proved(played: Stage) -> tuple[str, int]:
    key = keys.public(keys.opened(played.hub.settings.evidence_key))
    with reading(played.hub.engine) as session:
        found = verify(session, played.hub.vault, played.hub.election.key, [key])
    return found.broken, found.counts["journal"]


def _secrets(played: Stage) -> list[str]:
    settings = played.hub.settings
    names = ("secret_key", "twilio_auth_token", "telegram_token", "telegram_webhook_secret")
    return [getattr(settings, name).get_secret_value() for name in names] + settings.evidence_key.read_text().split()
