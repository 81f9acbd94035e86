"""What every command needs: the hub, opened; somewhere to say things; a way to refuse."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hub import logs
from hub.bootstrap import open_hub
from hub.context import Hub
from hub.settings import Settings

HERE = "command line"  # in the audit, where a page has the visitor's address
Directory = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="an election's configuration")]
out = Console()
err = Console(stderr=True)


class Refusal(Exception):
    """A command was asked for something that cannot be done; the message says what would be right."""


def opened(*, rotating: bool = False) -> Hub:
    settings = Settings()
    logs.configure(logging.getLevelNamesMapping()[settings.log_level.upper()])
    return open_hub(settings, rotating=rotating)


def say(words: str) -> None:
    out.print(words, markup=False, highlight=False, soft_wrap=True)
