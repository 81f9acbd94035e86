"""Before the day: is everything as it must be?"""

from __future__ import annotations

import typer

from hub import clock
from hub.cli.terminal import say
from hub.doctor import doctor as examination
from hub.settings import Settings

commands = typer.Typer()


@commands.command()
def doctor() -> None:
    """Tries each provider, clock, disk, permission and contact, and prints the go-live checklist. Exits with 1 on ✗."""
    found = examination.examine(Settings(), clock.system())
    for heading, checks in found.items():
        say(f"{heading}\n" + "".join(f"  {check}\n" for check in checks))
    say("To be done by people\n" + "".join(f"  ☐ {words}\n" for words in examination.BY_HAND))
    states = [check.state for checks in found.values() for check in checks]
    say(f"{states.count('fine')} ✓  {states.count('doubtful')} ?  {states.count('wrong')} ✗")
    if "wrong" in states:
        raise typer.Exit(1)
