"""`hub`: what a data manager, an administrator and the machine itself run. One module for each kind of command."""

from __future__ import annotations

import sys

import typer

from hub.authoring.commands import commands as authoring
from hub.bootstrap import NotReady
from hub.cli import election, figures, people, readiness, running
from hub.cli.terminal import Refusal, err
from hub.election.configuration import ConfigurationError
from hub.sample.roster import NotPossible

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Election-day reporting hub.")
for commands in (
    election.commands,
    authoring,
    people.commands,
    readiness.commands,
    running.commands,
    figures.commands,
):
    cli.add_typer(commands)
cli.add_typer(people.account, name="account")


def main() -> None:
    try:
        cli()
    except (ConfigurationError, NotPossible, NotReady, Refusal) as error:
        err.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
