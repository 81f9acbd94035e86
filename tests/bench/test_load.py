"""The load takes refusals and broken connections as a provider does, and holds no more than it has under way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.bench import load, payload

KYRGYZSTAN = Path(__file__).parents[2] / "config" / "kyrgyzstan-2021"
REQUEST = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize("rate", [None, 1000.0])
async def test_what_is_refused_or_cut_off_is_sent_again_until_it_is_taken(
    rate: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "AGAIN", 0.05)
    answers = iter([b"503 Busy", b"", b"503 Busy"])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(len(REQUEST)):
            said = next(answers, b"200 OK")
            if not said:
                break
            writer.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\n\r\n" % said)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        run = load.Run(iter([REQUEST] * 20), 20, rate)
        await asyncio.wait_for(run.go(server.sockets[0].getsockname()[1], 4), 10)
        assert run.statuses == {200: 20, 503: 2, 0: 1}
        assert len(run.latencies) == 20
        assert run.latencies[-1] > 50  # it was due long before it was taken
        await asyncio.sleep(0.05)  # until both sides have hung up


def test_requests_are_read_from_the_file_as_they_are_needed(tmp_path: Path) -> None:
    assert load.write(tmp_path / "requests", (b"x" * size for size in range(10))) == 10
    some = load.load(tmp_path / "requests", 3, 2)
    assert isinstance(some, Iterator)
    assert list(some) == [b"xxx", b"xxxx"]


def test_each_message_of_a_large_load_is_another_and_is_the_same_when_it_is_made_anew() -> None:
    sent = payload.Messages(KYRGYZSTAN, copies=3, count=5_000)
    known = list(sent)
    assert known == list(sent)
    assert len({message.id for message in known}) == 5_000
    assert payload.records(sent) == len({(message.text.split()[1], message.form) for message in known})
