"""What runs: the web process, the worker, a rehearsal, the benchmark; and asking providers what was missed."""

from __future__ import annotations

import asyncio
import gc
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from hub import worker
from hub.api.packets import Packets
from hub.app import Server, create_app
from hub.bench import figures as large
from hub.bench import growth, peak, profiling
from hub.bench import run as benchmark
from hub.bench import shift as desk_shift
from hub.bench import torture as storm
from hub.bench import workers as crews
from hub.bootstrap import open_gateways
from hub.checklist import grammar
from hub.cli.terminal import Refusal, opened, out
from hub.context import Hub
from hub.intake import recovery
from hub.intake.recovery import Recovered
from hub.rehearsal import demo

commands = typer.Typer()


@commands.command()
def serve(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serves the webhooks and the console."""
    hub = opened()
    app = create_app(hub, open_gateways(hub.settings))
    server = Server(
        app.state.changes,
        uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, server_header=False, http=Packets),
    )
    _settle_in(hub)
    server.run()
    if not server.started:
        raise typer.Exit(1)


@commands.command()
def work() -> None:
    """Reads what came in, delivers what is due, polls Telegram. Any number of these may run."""
    hub = opened()

    async def run() -> None:
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        _settle_in(hub)
        await worker.run(hub, open_gateways(hub.settings), stop)

    asyncio.run(run())


@commands.command()
def recover(
    since: Annotated[datetime, typer.Option(help="the election's time, like 2021-11-28T07:00")],
) -> None:
    """Asks Twilio and Telegram what came since then, and brings in what the hub has missed."""
    hub = opened()
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


@commands.command()
def rehearse(
    directory: Annotated[Path, typer.Argument(exists=True, file_okay=False)] = Path("config/kyrgyzstan-2021"),
    once: Annotated[bool, typer.Option(help="as fast as it goes; prints a summary and exits")] = False,
    speed: Annotated[float, typer.Option(min=1, help="how many times faster than the day was")] = 120,
    port: int = 8000,
) -> None:
    """Plays a recorded day through a hub of its own, with emulated providers, and checks what came out."""
    raise typer.Exit(demo.run(directory, once=once, speed=speed, port=port))


@commands.command()
def shift(
    directory: Annotated[Path, typer.Argument(exists=True, file_okay=False)] = Path("config/kyrgyzstan-2021"),
    store: Annotated[str, typer.Option(help="sqlite or postgresql")] = "sqlite",
    operators: Annotated[int, typer.Option(min=1)] = 20,
    speed: Annotated[float, typer.Option(min=1, help="how many times faster than the day was")] = 20,
    first: Annotated[str, typer.Option(help="HH:MM: what came before is played as fast as it goes")] = "",
    last: Annotated[str, typer.Option(help="HH:MM: what came later is left out")] = "",
) -> None:
    """Operators at the desk over HTTP while a noisy day comes in: what they wait for, and that nothing is lost."""
    raise typer.Exit(desk_shift.run(directory, store=store, operators=operators, speed=speed, first=first, last=last))


@commands.command()
def bench(
    directory: Annotated[Path, typer.Argument(exists=True, file_okay=False)] = Path("config/kyrgyzstan-2021"),
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    count: Annotated[int, typer.Option(min=100, help="messages in each part of a round")] = 10_000,
    store: Annotated[list[str], typer.Option(help="sqlite or postgresql")] = ["sqlite", "postgresql"],  # noqa: B006
    output: Annotated[Path | None, typer.Option(help="the figures as JSON")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="instead: where the time of a message goes")] = False,
    stored: Annotated[
        list[int] | None, typer.Option(help="instead: what a message costs with so many stored; again for each")
    ] = None,
    figures: Annotated[
        int | None, typer.Option(min=100, help="instead: what a refresh of all figures costs with so many stations")
    ] = None,
    questions: Annotated[int, typer.Option(min=40, help="of the checklist behind these figures")] = 200,
    minutes: Annotated[
        float | None,
        typer.Option("--peak", min=0.01, help="instead: so many minutes at a rate, and when the last reply is there"),
    ] = None,
    rate: Annotated[float, typer.Option(min=1, help="messages a second of this peak")] = 1700,
    workers: Annotated[
        int | None, typer.Option(min=2, help="instead: a backlog read by one worker, and by so many")
    ] = None,
) -> None:
    """Measures the hub against a floor in the same run, and proves that nothing was lost."""
    stores = tuple(store)
    if profile:
        profiling.run(directory, stores=stores, count=count)
    elif stored:
        growth.run(directory, sizes=stored, stores=stores, output=output)
    elif figures:
        large.run(large.Size(stations=figures, questions=questions), stores=stores, rounds=rounds)
    elif minutes:
        raise typer.Exit(peak.run(directory, minutes=minutes, rate=rate, stores=stores, output=output))
    elif workers:
        raise typer.Exit(
            crews.run(directory, workers=workers, rounds=rounds, count=count, stores=stores, output=output)
        )
    else:
        raise typer.Exit(benchmark.run(directory, rounds=rounds, count=count, stores=stores, output=output))


@commands.command()
def torture(
    directory: Annotated[Path, typer.Argument(exists=True, file_okay=False)] = Path("config/kyrgyzstan-2021"),
    kills: Annotated[int, typer.Option(min=0, help="of processes, on each store")] = 100,
    others: Annotated[int, typer.Option(min=0, help="how often each other fault strikes each store")] = 2,
    rate: Annotated[float, typer.Option(min=1, help="messages a second")] = 20,
    store: Annotated[list[str], typer.Option(help="sqlite or postgresql")] = ["sqlite", "postgresql"],  # noqa: B006
    output: Annotated[Path | None, typer.Option(help="the account as JSON")] = None,
) -> None:
    """Strikes a hub under load with all that can go wrong, and accounts for every message: none lost, none doubled."""
    stores = tuple(store)
    raise typer.Exit(storm.run(directory, stores=stores, kills=kills, others=others, rate=rate, output=output))


def _settle_in(hub: Hub) -> None:
    """Does at the start what would else be done at the worst moment."""
    grammar.grammar(hub.election.checklist)  # its patterns take a second to compile
    # What is there by now stays: the collector need not walk it again and again under load.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
