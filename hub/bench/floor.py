"""The floor: a bare ASGI application that verifies the same signature and makes the raw message durable, nothing else.

`python -m hub.bench.floor DATABASE_URL TOKEN PUBLIC_URL PORT`. Same server, same group commit, same durability.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from sqlalchemy import Engine, text
from starlette.types import Receive, Scope, Send

from hub.database import open_engine

TABLE = "CREATE TABLE floor (id {serial} PRIMARY KEY, provider_id text UNIQUE, body text NOT NULL)"
START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/xml")]}
BODY = {"type": "http.response.body", "body": b"<Response/>"}
REFUSED = {"type": "http.response.start", "status": 403, "headers": []}


class Floor:
    def __init__(self, engine: Engine, token: str, url: str) -> None:
        self._engine = engine
        self._key = token.encode()
        self._url = url
        self._waiting: list[tuple[tuple[str, str], asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1)
        self._writer: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        signed = self._url + "".join(name + fields[name] for name in sorted(fields))
        wanted = base64.b64encode(hmac.digest(self._key, signed.encode(), hashlib.sha1))
        given = dict(scope["headers"]).get(b"x-twilio-signature", b"")
        if not hmac.compare_digest(given, wanted):
            await send(REFUSED)
            await send(BODY)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(((fields["MessageSid"], body.decode()), future))
        self._wake.set()
        await future
        await send(START)
        await send(BODY)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._writer = asyncio.create_task(self._write())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._writer.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await loop.run_in_executor(self._thread, self._commit, [row for row, _ in batch])
                for _, future in batch:
                    future.set_result(None)

    def _commit(self, rows: list[tuple[str, str]]) -> None:
        connection = self._engine.raw_connection()
        try:
            cursor: Any = connection.cursor()
            if self._engine.dialect.name == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
                cursor.executemany("INSERT OR IGNORE INTO floor (provider_id, body) VALUES (?, ?)", rows)
                cursor.execute("COMMIT")
            else:
                ids, bodies = zip(*rows, strict=True)
                cursor.execute(
                    "INSERT INTO floor (provider_id, body) SELECT * FROM unnest(%s::text[], %s::text[]) "
                    "ON CONFLICT DO NOTHING",
                    (list(ids), list(bodies)),
                )
                connection.commit()
        finally:
            connection.close()


def prepare(engine: Engine) -> None:
    serial = "integer" if engine.dialect.name == "sqlite" else "bigint GENERATED ALWAYS AS IDENTITY"
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS floor"))
        connection.execute(text(TABLE.format(serial=serial)))


if __name__ == "__main__":
    database_url, token, public_url, port = sys.argv[1:]
    opened = open_engine(database_url)
    prepare(opened)
    app = Floor(opened, token, f"{public_url}/sms/twilio")
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_config=None, access_log=False)
