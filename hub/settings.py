"""Settings, read once at the edge from the environment (prefix HUB_). Everything else gets values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Secrets as files (of a container, of systemd), each named as its variable; the environment goes before.
_given = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/run/secrets"))
SECRETS = _given if _given.is_dir() else None


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore", secrets_dir=SECRETS)

    database_url: str = "sqlite:///var/hub.db"
    public_url: str = "http://127.0.0.1:8000"
    secret_key: SecretStr = SecretStr("")
    secret_key_old: SecretStr = SecretStr("")  # the one before, until `hub rotate-key` has done its work
    evidence_key: Path = Path("var/evidence.key")  # signs the chain's heads; made where there is none
    # Who is told them: telegram:CHAT and mailto:ADDRESS, apart by blanks.
    anchors: Annotated[str, Field(pattern=r"^\s*((telegram|mailto):\S+\s*)*$")] = ""
    smtp_url: SecretStr = SecretStr("")  # smtps://user:password@host
    smtp_from: str = ""

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    twilio_api_url: str = ""

    telegram_token: SecretStr = SecretStr("")
    telegram_webhook_secret: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"

    kannel_token: SecretStr = SecretStr("")
    kannel_send_url: str = ""
    smsgate_signing_key: SecretStr = SecretStr("")
    smsgate_api_url: str = ""
    replies_per_number: int = 60  # by SMS in 24 hours; then the desk hears of it and the number no more
    replies_per_day: int = 0  # by SMS to everybody together; 0 sets no limit
    strangers_per_block: int = 20  # messages in an hour; of more the desk gets one item, and nobody an answer
    block_digits: Annotated[int, Field(ge=1, le=15)] = 4  # numbers that differ in these last ones are one block
    own_numbers: str = ""  # of the gateways, apart by commas: what comes from one of them is never answered

    # Every role sees figures or people, so nobody does without one; "offered" is for rehearsals.
    second_factor: Literal["required", "offered"] = "required"
    session_idle_minutes: int = 120  # without a request, and a log-in ends
    session_hours: int = 14  # and at the most
    logins_per_address: int = 60  # that fail within ten minutes; a whole office may stand behind one
    file_limit: int = 10 * 1024 * 1024  # bytes of one photo or document; a larger one is refused
    files_per_person: int = 100  # in 24 hours; what comes then is fetched when the desk asks for it

    spool_dir: Path = Path("var/spool")  # where messages wait while the database is away
    send_rate: float = 25.0  # messages a second on each channel, of each worker; Telegram allows 30 in all
    chat_rate: float = 1.0  # and to each Telegram chat, which allows no more
    number_rate: float = 10.0  # SMS a second from each of our numbers: what more a provider takes, it sends late
    log_level: Literal["debug", "info", "warning"] = "info"
    # Rehearsals only: a file holding the moment to take for now, so that a played day has its own clock.
    rehearsal_clock: Path | None = None

    @model_validator(mode="after")
    def _letters_can_leave(self) -> Settings:
        if "mailto:" in self.anchors and not (self.smtp_url.get_secret_value() and self.smtp_from):
            raise ValueError("HUB_ANCHORS names a mailbox, so HUB_SMTP_URL and HUB_SMTP_FROM must be set")
        return self
