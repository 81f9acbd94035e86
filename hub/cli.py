"""`hub`: what a data manager, an administrator and the machine itself run."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from hub import clock, logs, worker
from hub.accounts import accounts
from hub.analysis import reconciliation, tables
from hub.analysis.printed import as_text
from hub.app import create_app
from hub.authoring.commands import commands as authoring
from hub.bench import run as benchmark
from hub.bootstrap import NotReady, open_gateways, open_hub
from hub.context import Hub
from hub.database import migrate, open_engine, reading, writing
from hub.election import configuration
from hub.election.configuration import ConfigurationError
from hub.election.findings import render
from hub.intake import recovery
from hub.intake.readout import reader
from hub.intake.recovery import Recovered
from hub.rehearsal import demo, outcome
from hub.sample import draw as sampling
from hub.sample import importer, invitations, links, marking, moves, replacements, roster
from hub.sample.roster import NotPossible
from hub.settings import Settings
from hub.vault import Vault

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Election-day reporting hub.")
account = typer.Typer(no_args_is_help=True, help="Who may log in to the console.")
cli.add_typer(account, name="account")
cli.add_typer(authoring)
out = Console()
err = Console(stderr=True)
_HERE = "command line"  # in the audit, where a page has the visitor's address
Directory = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="an election's configuration")]


def main() -> None:
    try:
        cli()
    except (ConfigurationError, NotPossible, NotReady, Refusal) as error:
        err.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


class Refusal(Exception):
    """A command was asked for something that cannot be done; the message says what would be right."""


@cli.command()
def check(directory: Directory) -> None:
    """Says everything that is wrong or doubtful in an election's configuration, with file and line."""
    findings = configuration.check(directory)
    out.print(render(findings), markup=False, highlight=False, soft_wrap=True)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


@cli.command()
def init(
    directory: Directory,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask before changing a loaded election")] = False,
) -> None:
    """Builds the database and loads an election: all of it, or nothing. Loading again updates by key."""
    settings = Settings()
    loaded = configuration.load(directory)
    vault = _vault(settings)
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
    for warning in loaded.warnings:
        out.print(str(warning), markup=False, highlight=False, soft_wrap=True)


@cli.command()
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
        _say(f"{stratum}: {len(codes)} of {len(inside)}\n  {' '.join(codes)}")
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
    _say(str(compared))
    if sample.seed is None:
        _say("the seed is unknown: which stations a seed draws cannot be checked")
    if not compared.holds:
        raise typer.Exit(1)


def _say(words: str) -> None:
    out.print(words, markup=False, highlight=False, soft_wrap=True)


@cli.command("replace")
def replace_station(
    station: Annotated[str, typer.Argument(help="the drawn station that cannot be observed")],
    by: Annotated[str, typer.Argument(help="the one in its place, of the same stratum")],
    reason: Annotated[str, typer.Option(help="why; published with the estimates")],
) -> None:
    """Observes another station in the place of a drawn one, and marks the estimates that rest on it."""
    hub = _open(Settings())
    now = hub.clock()
    with writing(hub.engine) as session:
        replacements.replace(session, station, by, reason, now, address=_HERE)
        left = roster.posted(session, station, now)
    _say(f"station {by} stands in for {station}")
    for person in left:
        _say(f"{person} is still at {station}; to send this observer on: hub move {person} {by}")


@cli.command("move")
def move_observer(
    person: Annotated[str, typer.Argument(help="the observer's code")],
    station: Annotated[str, typer.Argument(help="where the observer is from then on")],
    since: Annotated[
        str, typer.Option("--from", help="the election's local time, like “2021-11-28 13:00”; now if left out")
    ] = "",
) -> None:
    """Sends an observer to another station. Messages count for the station where their sender was when they came."""
    hub = _open(Settings())
    now = hub.clock()
    try:
        at = datetime.fromisoformat(since) if since else now
    except ValueError as error:
        raise Refusal(f"“{since}” is no time; one is written like “2021-11-28 13:00”") from error
    at = at if at.tzinfo else at.replace(tzinfo=hub.election.zone)
    with writing(hub.engine) as session:
        moved = moves.move(session, person, station, at, now, address=_HERE)
    before = ", ".join(moved.before) or "–"
    _say(f"{person}: {before} → {station} from {at.astimezone(hub.election.zone):%Y-%m-%d %H:%M}")


@cli.command("code")
def one_time_code(person: Annotated[str, typer.Argument(help="the person's code")]) -> None:
    """Makes a one-time code with which a person links their Telegram account: /start CODE, within ten minutes."""
    hub = _open(Settings())
    with writing(hub.engine) as session:
        made = invitations.invite(session, hub.vault, person, hub.clock(), address=_HERE)
    _say(f"{person}: {made.code}, until {made.expires_at.astimezone(hub.election.zone):%H:%M}")


@cli.command("unlink")
def unlink_account(person: Annotated[str, typer.Argument(help="the person's code")]) -> None:
    """Cuts off the Telegram account that linked itself to a person, when it is not theirs or they have a new one."""
    hub = _open(Settings())
    with writing(hub.engine) as session:
        cut = links.unlink(session, person, hub.clock(), address=_HERE)
    _say(f"{person}: {cut} cut off")


@cli.command()
def serve(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serves the webhooks and the console."""
    hub = _open(Settings())
    app = create_app(hub, open_gateways(hub.settings))
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)


@cli.command()
def work() -> None:
    """Reads what came in, delivers what is due, polls Telegram. Any number of these may run."""
    hub = _open(Settings())

    async def run() -> None:
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        await worker.run(hub, open_gateways(hub.settings), stop)

    asyncio.run(run())


@cli.command()
def recover(
    since: Annotated[datetime, typer.Option(help="the election's time, like 2021-11-28T07:00")],
) -> None:
    """Asks Twilio and Telegram what came since then, and brings in what the hub has missed."""
    hub = _open(Settings())
    moment = since if since.tzinfo else since.replace(tzinfo=hub.election.zone)

    async def run() -> list[Recovered]:
        gateways = open_gateways(hub.settings)
        found = []
        if gateways.twilio:
            found.append(await recovery.from_twilio(hub, gateways.twilio, moment.astimezone(UTC)))
        if gateways.telegram and hub.settings.telegram_webhook_secret.get_secret_value():
            found.append(await recovery.from_telegram(hub, gateways.telegram))
        for gateway in gateways.all():
            await gateway.close()
        return found

    found = asyncio.run(run())
    for road in found:
        out.print(f"{road.gateway}: {road.listed} came, {road.new} were missing {road.problem}".rstrip(), markup=False)
    if not found:
        raise Refusal(
            "no gateway that could be asked: Twilio, or Telegram by webhook (a worker that polls misses none)"
        )
    if any(road.problem for road in found):
        raise typer.Exit(1)


@cli.command()
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


@cli.command()
def estimate(
    as_json: Annotated[bool, typer.Option("--json", help="for machines; percentages to four decimals")] = False,
) -> None:
    """The estimates with their margins."""
    hub = _open(Settings())
    with reading(hub.engine) as session:
        findings = tables.findings(session, hub.election)
    if as_json:
        print(json.dumps(findings.as_json(), ensure_ascii=False, indent=1))
    else:
        out.print(as_text(findings, hub.election), markup=False, highlight=False)


@cli.command()
def reconcile(
    official: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: station, then answer codes")],
) -> None:
    """Compares the observers' protocols with the official results, line by line."""
    hub = _open(Settings())
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


@cli.command()
def rehearse(
    directory: Annotated[Path, typer.Argument(exists=True, file_okay=False)] = Path("config/kyrgyzstan-2021"),
    once: Annotated[bool, typer.Option(help="as fast as it goes; prints a summary and exits")] = False,
    speed: Annotated[float, typer.Option(min=1, help="how many times faster than the day was")] = 120,
    port: int = 8000,
) -> None:
    """Plays a recorded day through a hub of its own, with emulated providers, and checks what came out."""
    raise typer.Exit(demo.run(directory, once=once, speed=speed, port=port))


@cli.command()
def bench(
    directory: Annotated[Path, typer.Argument(exists=True, file_okay=False)] = Path("config/kyrgyzstan-2021"),
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    count: Annotated[int, typer.Option(min=100, help="messages in each part of a round")] = 4000,
    store: Annotated[list[str], typer.Option(help="sqlite or postgresql")] = ["sqlite", "postgresql"],  # noqa: B006
    output: Annotated[Path | None, typer.Option(help="the figures as JSON")] = None,
) -> None:
    """Measures the hub against a floor in the same run, and proves that nothing was lost."""
    raise typer.Exit(benchmark.run(directory, rounds=rounds, count=count, stores=tuple(store), output=output))


@account.command("add")
def add_account(
    name: str,
    role: Annotated[str, typer.Option(help="operator, supervisor, coordinator, head_office or admin")],
    region: str = "",
    language: str = "",
) -> None:
    """Adds somebody who may log in, and prints a password made for them, once."""
    hub = _open(Settings())
    with writing(hub.engine) as session:
        password = accounts.create(session, name, role, language or hub.election.default_language, region)
    out.print(f"{name}: {password}", markup=False, highlight=False)


def _open(settings: Settings) -> Hub:
    logs.configure()
    return open_hub(settings)


def _vault(settings: Settings) -> Vault:
    try:
        return Vault(settings.secret_key.get_secret_value())
    except ValueError as error:
        raise Refusal(str(error)) from error
