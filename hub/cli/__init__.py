"""`hub`: what a data manager, an administrator and the machine itself run. One module for each kind of command."""

from __future__ import annotations

import sys

import typer
from pydantic import ValidationError

from hub.authoring.commands import commands as authoring
from hub.bootstrap import NotReady
from hub.cli import custody, election, figures, people, publication, readiness, running
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
    publication.commands,
    custody.commands,
):
    cli.add_typer(commands)
cli.add_typer(people.account, name="account")
cli.add_typer(people.proof, name="proof")


def main() -> None:
    try:
        cli()
    except (ConfigurationError, NotPossible, NotReady, Refusal) as error:
        err.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except ValidationError as error:  # of the settings; what they were set to may be a secret
        for wrong in error.errors(include_input=False, include_url=False):
            name = "".join(f"HUB_{part}: ".upper() for part in wrong["loc"])
            err.print(name + wrong["msg"], style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
