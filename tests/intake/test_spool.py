from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.intake.spool import Spool
from hub.vault import Vault

VAULT = Vault("s" * 40)
ROW: dict[str, Any] = {
    "dedup": b"\0\xff",
    "text": "ОПН +996555010123",
    "context": {"chat": "17", "part": [7, 1, 2]},
    "sent_at": None,
    "received_at": datetime(2030, 3, 10, 8, tzinfo=UTC),
}


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", VAULT)


def drained(spool: Spool) -> list[list[dict[str, Any]]]:
    batches: list[list[dict[str, Any]]] = []

    def store(rows: list[dict[str, Any]]) -> bool:
        batches.append(rows)
        return True

    spool.drain(store)
    return batches


def test_rows_come_back_as_they_went_in_the_order_they_came(spool: Spool) -> None:
    for n in range(20):
        spool.keep([ROW | {"provider_id": f"SM{n}"}])
    spool.keep([ROW, ROW])
    batches = drained(spool)
    assert [batch[0].get("provider_id") for batch in batches] == [f"SM{n}" for n in range(20)] + [None]
    assert batches[-1] == [ROW, ROW]
    assert drained(spool) == []


def test_nothing_in_the_file_can_be_read_without_the_key(spool: Spool) -> None:
    spool.keep([ROW])
    (file,) = spool.waiting()
    assert b"996555" not in file.read_bytes()
    assert "ОПН".encode() not in file.read_bytes()


def test_what_could_not_be_stored_waits_for_the_next_time(spool: Spool) -> None:
    for n in range(3):
        spool.keep([ROW | {"n": n}])
    taken: list[int] = []

    def stores_one(rows: list[dict[str, Any]]) -> bool:
        if taken:
            raise ConnectionError
        taken.append(rows[0]["n"])
        return True

    with pytest.raises(ConnectionError):
        spool.drain(stores_one)
    assert [batch[0]["n"] for batch in drained(spool)] == [1, 2]


def test_a_file_that_cannot_be_read_is_laid_aside_and_stops_nothing(spool: Spool) -> None:
    spool.keep([ROW])
    (file,) = spool.waiting()
    file.write_bytes(b"cut off")
    spool.keep([ROW])
    assert len(drained(spool)) == 1
    assert file.with_suffix(".unreadable").exists()


def test_a_batch_with_a_refused_row_is_laid_aside(spool: Spool) -> None:
    spool.keep([ROW])
    (file,) = spool.waiting()
    spool.drain(lambda _: False)
    assert spool.waiting() == []
    assert file.with_suffix(".refused").exists()


def test_another_hub_in_the_same_folder_is_left_alone(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, VAULT), Spool(tmp_path, Vault("t" * 40))
    first.keep([ROW])
    assert drained(second) == []
    assert len(drained(first)) == 1


def test_a_folder_that_takes_nothing_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Spool(tmp_path / "file", VAULT).keep([ROW])
