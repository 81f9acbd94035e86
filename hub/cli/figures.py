"""What the hub makes of messages, and the figures that come of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.analysis import reconciliation, tables
from hub.analysis.printed import as_text
from hub.cli.terminal import Refusal, opened, out
from hub.database import reading, writing
from hub.election import configuration
from hub.intake.readout import reader
from hub.rehearsal import outcome

commands = typer.Typer()


@commands.command()
def read(
    election: Annotated[Path, typer.Option(exists=True, file_okay=False, help="an election's configuration")],
) -> None:
    """Says what the hub would make of messages, without a database: JSON lines in, JSON lines out, in order."""
    loaded = configuration.load(election)
    judge = reader(loaded)
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            answer = judge(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            told = f"standard input, line {number}: {error!r}; a line is {{id, at, channel, sender, text}}"
            raise Refusal(told) from error
        print(json.dumps(answer, ensure_ascii=False))


@commands.command()
def estimate(
    as_json: Annotated[bool, typer.Option("--json", help="for machines; percentages to four decimals")] = False,
) -> None:
    """The estimates with their margins."""
    hub = opened()
    with reading(hub.engine) as session:
        findings = tables.findings(session, hub.election)
    if as_json:
        print(json.dumps(findings.as_json(), ensure_ascii=False, indent=1))
    else:
        out.print(as_text(findings, hub.election), markup=False, highlight=False)


@commands.command()
def reconcile(
    official: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: station, then answer codes")],
) -> None:
    """Compares the observers' protocols with the official results, line by line."""
    hub = opened()
    if hub.election.analysis.reconciled_form is None:
        raise Refusal("analysis.yaml names no reconciled_form: which form is the protocol?")
    with writing(hub.engine) as session:
        taken = outcome.import_official(session, hub.election, official)
    if taken.unsound:
        raise Refusal("nothing was imported:\n" + "\n".join(f"{official.name}: {cell}" for cell in taken.unsound))
    with reading(hub.engine) as session:
        differences = reconciliation.compare(session, hub.election)
    for difference in differences:
        out.print(difference, markup=False)
