"""The election itself: its configuration checked and loaded, its sample drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub import clock
from hub.cli.terminal import Directory, Refusal, out, say
from hub.custody import keys
from hub.database import migrate, open_engine, reading, writing
from hub.dialog import dialog as dialogs
from hub.dialog import screens
from hub.dialog.dialog import Paper, Turn, Typed
from hub.election import configuration
from hub.election.findings import render
from hub.sample import draw as sampling
from hub.sample import importer, marking
from hub.settings import Settings
from hub.vault import Vault

commands = typer.Typer()


@commands.command()
def check(directory: Directory) -> None:
    """Says everything that is wrong or doubtful in an election's configuration, with file and line."""
    findings = configuration.check(directory)
    out.print(render(findings), markup=False, highlight=False, soft_wrap=True)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


@commands.command()
def ask(
    directory: Directory,
    form: Annotated[str, typer.Argument(help="the form's code")],
    language: Annotated[str, typer.Option(help="one of the election's")] = "",
) -> None:
    """Asks a form question by question, as Telegram does: type an answer, or a [button]'s words. Stores nothing."""
    election = configuration.load(directory).election
    known = election.checklist.by_code.get(form.upper())
    if known is None:
        raise Refusal(f"there is no form {form}; forms: {', '.join(election.checklist.by_code)}")
    paper = Paper(election.checklist, known)
    turn = Turn(dialogs.begin(1, "1" * min(election.checklist.station.lengths), paper))
    while not turn.sent:
        screen = screens.show(election, language or election.default_language, turn, paper, plain=False)
        rows = [" ".join(f"[{label}]" for label, _ in row) for row in screen.buttons]
        say("\n".join([screen.text, *rows]))
        if not (line := sys.stdin.readline()):
            return
        under = {label.removeprefix("✓ "): data for row in screen.buttons for label, data in row}
        pressed = screens.pressed(under.get(line.strip(" []\r\n"), ""))
        turn = dialogs.take(turn.dialog, pressed[1] if pressed else Typed(line), paper)
    say("\n".join(dialogs.coded(turn.dialog, paper)))


@commands.command()
def init(
    directory: Directory,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask before changing a loaded election")] = False,
) -> None:
    """Builds the database and loads an election: all of it, or nothing. Loading again updates by key."""
    settings = Settings()
    loaded = configuration.load(directory)
    vault = vault_of(settings)
    engine = open_engine(settings.database_url)
    migrate(engine)
    now = clock.system()
    with reading(engine) as session:
        changes = importer.plan(session, loaded, vault)
        again = importer.election(session) is not None
    out.print(str(changes), markup=False, highlight=False)
    if again and changes and not yes and not typer.confirm("Change the loaded election so?"):
        raise typer.Exit(1)
    with writing(engine) as session:
        importer.load(session, loaded, vault, now)
    if keys.made(settings.evidence_key):
        say(f"A new key signs the journal: keep a copy of {settings.evidence_key} elsewhere.")
    key = keys.public(keys.opened(settings.evidence_key)).hex()
    out.print(f"public key (Ed25519): {key}", markup=False, highlight=False, soft_wrap=True)
    for warning in loaded.warnings:
        out.print(str(warning), markup=False, highlight=False, soft_wrap=True)


@commands.command()
def draw(
    directory: Directory,
    n: Annotated[int | None, typer.Option("--n", help="how many stations")] = None,
    seed: Annotated[int | None, typer.Option(help="any number; told to everybody, so that they can draw again")] = None,
    write: Annotated[bool, typer.Option("--write", help="mark the stations in stations.csv")] = False,
    check: Annotated[bool, typer.Option("--check", help="draw again by sample.yaml, and compare")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask before replacing another sample")] = False,
) -> None:
    """Draws the sample from the frame: allocated to the strata in proportion, systematic within each."""
    if check:
        _check_sample(directory)
        return
    if n is None or seed is None:
        raise Refusal("say how many and by which seed: hub draw DIR --n 300 --seed 20211128")
    stations = configuration.load_frame(directory)
    try:
        drawn = set(sampling.draw(stations, n, seed))
    except ValueError as error:
        raise Refusal(str(error)) from error
    for stratum in dict.fromkeys(station.stratum for station in stations):
        inside = [station.code for station in stations if station.stratum == stratum]
        codes = [code for code in inside if code in drawn]
        say(f"{stratum}: {len(codes)} of {len(inside)}\n  {' '.join(codes)}")
    before = {station.code for station in stations if station.sampled}
    if write and before - drawn and not yes and not typer.confirm(f"Replace the {len(before)} stations marked before?"):
        raise typer.Exit(1)
    if write:
        marking.mark(directory, drawn, n, seed)


def _check_sample(directory: Path) -> None:
    """Exits with 1 where the marked stations are not what sample.yaml draws."""
    sample = configuration.load_sample(directory)
    try:
        compared = sampling.compare(configuration.load_frame(directory), sample.n, sample.seed)
    except ValueError as error:
        raise Refusal(str(error)) from error
    say(str(compared))
    if sample.seed is None:
        say("the seed is unknown: which stations a seed draws cannot be checked")
    if not compared.holds:
        raise typer.Exit(1)


def vault_of(settings: Settings) -> Vault:
    try:
        return Vault(settings.secret_key.get_secret_value())
    except ValueError as error:
        raise Refusal(str(error)) from error
