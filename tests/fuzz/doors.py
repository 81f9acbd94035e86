"""Schemathesis over every page and every webhook of a real web process, as nobody, as an operator and as others.

`python -m tests.fuzz.doors ST [EXAMPLES]`: ST is how Schemathesis' `st` is called. It fails on any 500, on an answer
that takes ten seconds, and on a process of more than 512 MB. The webhooks' signatures have tests of their own: here
Telegram's secret and Kannel's token are known, so that their decoders are reached; Twilio's and SMSGate's are not.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from hub import clock
from hub.accounts import sessions
from hub.accounts.sessions import Limits
from hub.database import migrate, open_engine, writing
from hub.models import AccountRow
from tests.console.house import House, build, open_house

NOBODY = ""
WHO = (NOBODY, "operator-1", "office", "admin")
MOST = 512 * 1024 * 1024  # bytes
SECRET, TOKEN = "telegram-secret", "kannel-token"
# They end the log-in that knocks, or never end themselves.
SPARED = r"^/(logout|events|me/sessions|me/password|me/second-factor|accounts/.+|findings/charts/\{key\})"
TEXTS = ("SET H0715 M1 A0", "SET H0715 M1 A1 W20", "SET M9", "INC 11 they took my phone", "SOS", "what?", "SET A1 A0")


def main(st: str, examples: str) -> int:
    with tempfile.TemporaryDirectory(prefix="hub-fuzz-") as home:
        url = f"sqlite:///{home}/hub.db"
        house = _house(url)
        (port,) = _free_ports()
        environment = os.environ | _environment(home, url, port)
        with subprocess.Popen([sys.executable, "-m", "hub", "serve", "--port", str(port)], env=environment) as web:
            try:
                _wait_for(port)
                schema = Path(home, "openapi.json")
                schema.write_text(json.dumps(_schema(house)))
                failed = [who for who in WHO if not _knock(st, schema, port, house, who, examples)]
                peak = int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{web.pid}/status").read_text())[0]) * 1024
            finally:
                web.kill()
    print(f"failed as: {failed or 'nobody at all'}; the web process held {peak // 1024 // 1024} MB at most")
    return int(bool(failed) or peak > MOST)


def _house(url: str) -> House:
    """A small election with something of everything in it."""
    engine = open_engine(url)
    migrate(engine)
    build(engine)
    house = open_house(engine)
    for text in TEXTS:
        house.text("+237670000001", text)
    house.text("+237679999999", "who am I")
    return house


def _environment(home: str, url: str, port: int) -> dict[str, str]:
    return {
        "HUB_DATABASE_URL": url,
        "HUB_SECRET_KEY": "s" * 40,
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_SPOOL_DIR": f"{home}/spool",
        "HUB_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "HUB_TWILIO_AUTH_TOKEN": "unknown to whoever knocks",
        "HUB_TWILIO_API_URL": "http://127.0.0.1:9",
        "HUB_TELEGRAM_TOKEN": "4200:fuzz",
        "HUB_TELEGRAM_API_URL": "http://127.0.0.1:9",
        "HUB_TELEGRAM_WEBHOOK_SECRET": SECRET,
        "HUB_KANNEL_TOKEN": TOKEN,
        "HUB_SMSGATE_SIGNING_KEY": "unknown as well",
    }


def _schema(house: House) -> dict[str, Any]:
    """The console's own, whose ids are often ones that exist; and the doors, which are no part of FastAPI."""
    schema: dict[str, Any] = house.app.openapi()
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["schema"].get("type") == "integer":
                    parameter["schema"] = {"anyOf": [{"enum": [1, 2, 3]}, parameter["schema"]]}
    schema["paths"] |= {
        "/sms/twilio": _posted("MessageSid", "AccountSid", "From", "To", "Body", "NumMedia", "MediaUrl0"),
        "/sms/twilio/status": _posted("MessageSid", "MessageStatus", "ErrorCode"),
        "/sms/kannel": _asked("from", "to", "text", "bin", "ts", "smsc", "id", "coding", "charset", "udh"),
        "/sms/kannel/status": _asked("type", "id", "smsid", "answer"),
        "/sms/smsgate": {"post": _answered(_body("application/json", {}))},
        "/telegram": {"post": _answered(_body("application/json", UPDATE) | _known("x-telegram-bot-api-secret-token"))},
        **{path: {"get": _answered({})} for path in ("/healthz", "/metrics")},
    }
    return schema


_ANY_USER = {"type": "object", "properties": {"id": {}, "is_bot": {}}}
_MESSAGE = {
    "type": "object",
    "properties": {
        **{name: {} for name in ("message_id", "date", "text", "caption", "photo", "document", "contact", "location")},
        "chat": {"type": "object", "properties": {"id": {}, "type": {}}},
        "from": _ANY_USER,
    },
}
UPDATE = {
    "type": "object",
    "properties": {
        "update_id": {"type": "integer"},
        "message": _MESSAGE,
        "edited_message": _MESSAGE,
        "callback_query": {"type": "object", "properties": {"id": {}, "from": _ANY_USER, "data": {}}},
    },
    "required": ["update_id"],
}


def _posted(*names: str) -> dict[str, Any]:
    fields = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    return {"post": _answered(_body("application/x-www-form-urlencoded", fields))}


def _asked(*names: str) -> dict[str, Any]:
    token = {"name": "token", "in": "query", "required": True, "schema": {"enum": [TOKEN]}}
    named = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    return {"get": _answered({"parameters": [token, *named]})}


def _known(header: str) -> dict[str, Any]:
    return {"parameters": [{"name": header, "in": "header", "required": True, "schema": {"enum": [SECRET]}}]}


def _body(type: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {type: {"schema": fields}}}}


def _answered(operation: dict[str, Any]) -> dict[str, Any]:
    return operation | {"responses": {"default": {"description": "any"}}}


def _knock(st: str, schema: Path, port: int, house: House, who: str, examples: str) -> bool:
    print(f"\n== as {who or 'nobody'}", flush=True)
    command = [*st.split(), "run", str(schema), "--url", f"http://127.0.0.1:{port}", "--checks", "not_a_server_error"]
    command += ["--max-examples", examples, "--phases", "coverage,fuzzing", "--exclude-path-regex", SPARED]
    command += ["--request-timeout", "10", "--max-redirects", "0", "--continue-on-failure", "--warnings", "off"]
    command += ["--header", "sec-fetch-site:same-origin", "--workers", "2", "--no-color"]
    if who:
        token, csrf = _log_in(house, who)
        command += ["--header", f"cookie:hub_session={token}", "--header", f"x-csrf:{csrf}"]
    return subprocess.run(command, cwd=schema.parent).returncode == 0


def _log_in(house: House, who: str) -> tuple[str, str]:
    with writing(house.hub.engine) as session:
        account = session.scalars(select(AccountRow.id).where(AccountRow.name == who)).one()
        token = sessions.begin(session, account, "127.0.0.1", clock.system(), proved=True)
        found = sessions.find(session, token, clock.system(), Limits())
        assert found is not None
        return token, found.csrf


def _free_ports() -> tuple[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return (int(listening.getsockname()[1]),)


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz")
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError("the hub did not start")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], (*sys.argv[2:], "20")[0]))
