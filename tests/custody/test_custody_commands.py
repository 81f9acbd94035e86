"""The commands as an administrator types them, one after another."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bots.gateway import InboundMessage
from hub import logs
from hub.bootstrap import open_hub
from hub.cli import cli
from hub.cli.terminal import Refusal
from hub.custody import chain, keys
from hub.database import writing
from hub.intake import journal
from hub.settings import Settings
from tests.journeys.town import ARVENIA

KEY, NEXT = "s" * 40, "t" * 40


class Administrator:
    """Somebody at a terminal; the environment is theirs."""

    def __init__(self, home: Path, environment: pytest.MonkeyPatch) -> None:
        self.home = home
        self.environment = environment
        environment.setattr(logs, "configure", lambda _level: None)  # the runner closes what logs would go to
        self.set(DATABASE_URL=f"sqlite:///{home}/hub.db", SECRET_KEY=KEY, SPOOL_DIR=str(home / "spool"))
        self.set(EVIDENCE_KEY=str(home / "evidence.key"))

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.environment.setenv(f"HUB_{name}", value)

    def types(self, *words: str) -> Result:
        return CliRunner().invoke(cli, list(words))

    def told(self, *words: str) -> str:
        result = self.types(*words)
        assert result.exit_code == 0, result.exception
        return result.stdout

    def refused(self, *words: str) -> str:
        result = self.types(*words)
        assert isinstance(result.exception, Refusal), result.stdout
        return str(result.exception)


def a_message_comes() -> None:
    hub = open_hub(Settings())
    message = InboundMessage("twilio", "sms", "SM1", "+237670000001", "SET 10001 H0715", b"{}")
    with writing(hub.engine) as session:
        [entry] = journal.store(session, [journal.row(message, hub.vault, "CM", hub.clock())])
        journal.settled(session, [entry])
    chain.seal_all(hub, keys.opened(hub.settings.evidence_key))
    hub.engine.dispose()


def test_a_journal_is_proved_copied_handed_out_and_its_people_destroyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = Administrator(tmp_path, monkeypatch)
    first, again = (admin.types("init", str(ARVENIA)).output for _ in range(2))
    kept = f"A new key signs the journal: keep a copy of {tmp_path / 'evidence.key'} elsewhere.\n"
    assert (kept in first, "keep a copy" in again, "key_made" in first) == (True, False, False)
    public = next(line for line in first.splitlines() if "public key" in line)
    assert (tmp_path / "evidence.key").stat().st_mode & 0o777 == 0o600
    assert "nothing is linked yet" in admin.told("verify")
    assert "nothing is linked yet" in admin.refused("verify", "--checkpoint")
    a_message_comes()
    paper, key = admin.told("verify", "--checkpoint").splitlines()
    assert (paper.startswith("arvenia-2030 #"), key) == (True, public)
    assert "SOUND: messages 1, heads 1, checkpoints 1" in admin.told("verify", "--against", paper)
    assert "a checkpoint is #NUMBER" in admin.refused("verify", "--against", "four words that say nothing")
    assert "python3 -I verify.py" in admin.told("export", "--evidence", str(tmp_path / "court.zip"))
    assert "is there already" in admin.refused("export", "--evidence", str(tmp_path / "court.zip"))
    admin.told("backup", str(tmp_path / "copy"))
    admin.set(DATABASE_URL=f"sqlite:///{tmp_path}/back.db")
    admin.told("restore", str(tmp_path / "copy"))
    assert "SOUND" in admin.told("verify", "--against", paper)
    admin.set(SECRET_KEY=NEXT, SECRET_KEY_OLD=KEY)
    assert "done: take HUB_SECRET_KEY_OLD away" in admin.told("rotate-key")
    admin.set(SECRET_KEY_OLD="")
    assert "SOUND" in admin.told("verify", "--against", paper)
    assert "hub purge --yes --election arvenia-2030" in admin.refused("purge", "--election", "arvenia-2030")
    assert "hub purge --yes" in admin.refused("purge", "--election", "another", "--yes")
    assert "1 messages have no sender" in admin.told("purge", "--election", "arvenia-2030", "--yes")
    assert "a purge left no sender" in admin.told("verify", "--against", paper)
    admin.set(DATABASE_URL=f"sqlite:///{tmp_path}/hub.db", SECRET_KEY=KEY)
    with closing(sqlite3.connect(tmp_path / "hub.db")) as tampered:
        tampered.execute("UPDATE journal SET text = 'SET 10001 H0716'")
        tampered.commit()
    assert "BROKEN: journal entry 1" in admin.refused("verify")
