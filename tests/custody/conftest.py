from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from tests.custody.archive import Archive, fill
from tests.journeys.town import open_town


@pytest.fixture
async def archive(engine: Engine, database_url: str) -> AsyncIterator[Archive]:
    """A few messages, a photo, a ruling and a deed, linked and signed."""
    async with open_town(engine, database_url) as town:
        yield await fill(Archive(town, Ed25519PrivateKey.generate()))
