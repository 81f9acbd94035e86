from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Engine

from tests.journeys.town import Town, open_town


@pytest.fixture
async def town(engine: Engine, database_url: str) -> AsyncIterator[Town]:
    async with open_town(engine, database_url) as town:
        yield town
