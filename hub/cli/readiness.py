"""Before the day: is everything as it must be, and is there room for what will come?"""

from __future__ import annotations

from typing import Annotated

import typer

from hub import audit, clock, partitions
from hub.cli.terminal import HERE, Refusal, opened, say
from hub.database import writing
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


@commands.command()
def partition(
    size: Annotated[int, typer.Option(min=1, help="messages in each partition; 5000000 for many millions")],
) -> None:
    """Parts the large tables by their key (PostgreSQL), first with nobody at work. Again: adds what lacks ahead."""
    hub = opened()
    try:
        with writing(hub.engine) as session:
            made = partitions.partition(session, size)
            after = {"size": size, "made": made}
            audit.record(session, "partition", hub.clock(), subject="database", address=HERE, after=after)
    except partitions.NotPossible as error:
        raise Refusal(str(error)) from error
    say("\n".join(made) or "enough partitions lie ahead")
