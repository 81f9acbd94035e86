"""A database of the first release knows its decisions only in its records: they become rulings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from hub.database import migrate, open_engine, reading
from hub.reports import rulings


def test_decisions_made_before_rulings_were_kept_become_rulings(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    migrate(engine, "20261123_07")
    decided = {
        "V": {"value": "50", "among": ["50", "51"], "account": 7, "reason": "called", "at": "2030-03-10T21:00:00+00:00"}
    }
    place = (
        "INSERT INTO station (id, code, stratum, region, district, voters, sampled) "
        "VALUES (1, '1', 's', 'r', 'd', 9, 1)"
    )
    record = (
        "INSERT INTO station_record (station_id, form, answers, by_observer, conflicts, decided, flags, quarantined, "
        "first_at, updated_at) VALUES (1, 'TAL', '{}', '{}', '[]', :decided, '[]', 0, :at, :at)"
    )
    with engine.begin() as connection:
        connection.execute(text(place))
        connection.execute(text(record), {"decided": json.dumps(decided), "at": "2030-03-10 21:00:00.000000"})
    migrate(engine)
    with reading(engine) as session:
        [ruling] = rulings.listing(session)
    assert (ruling.place, ruling.kind, ruling.value, ruling.among) == ((1, "TAL", "V"), "decided", "50", ("50", "51"))
    assert (ruling.account_id, ruling.position, ruling.at) == (7, 0, datetime(2030, 3, 10, 21, tzinfo=UTC))
    engine.dispose()
