"""The hub under fire: real processes and a steady load, struck at random; at the end every message is accounted for.

What is promised: whatever got its 200, or was taken from Telegram, is in the journal once, became one submission with
the answers that were sent, was answered once, and, where it called for help, raised one alert that somebody was told.
"""

from __future__ import annotations

import json
import logging
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select, update

from bots.emulated.bot_api import BotApi
from bots.emulated.server import running
from bots.emulated.twilio_api import TwilioApi
from hub import outbox
from hub.bench import faults, payload, stage
from hub.bench.crew import Crew
from hub.bench.faults import FAULTS, Storm
from hub.bench.knocking import Heard, Knocking
from hub.bench.payload import Sent
from hub.bench.stage import Stage, Unsound
from hub.database import reading, writing
from hub.intake import journal
from hub.models import AlertRow, AlertStepRow, CursorRow, JournalRow, OutboxRow, SubmissionRow
from hub.vault import Vault

KILLS = ("web process killed", "worker killed")
BOT = "4200:torture"
SOS_EVERY = 40  # messages
REST = 420.0  # seconds in which all must have come to rest afterwards: a killed sender's lease is one minute
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
out = Console()


@dataclass
class Account:
    """Of one store. `lost` and `doubled` name what broke the promise; `repeated`: messages that somebody got
    twice, by what was struck when the first went out; `fallen`: processes that ended and were not killed."""

    struck: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    acknowledged: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    replies: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    fallen: Counter[str] = field(default_factory=Counter)
    alerts: int = 0
    paged: int = 0
    seconds: float = 0.0


def run(directory: Path, *, stores: tuple[str, ...], kills: int, others: int, rate: float, output: Path | None) -> int:
    """Strikes each store with `kills` kills and each other fault `others` times. 0; or 1 where anything was lost or
    doubled."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)  # of the emulator: cut off as it was ordered
    alone = faults.go_alone()
    if not alone:
        out.print("no network and disk of our own (root only): faults of the emulator and of limits take their place")
    seed = random.SystemRandom().randrange(1 << 32)
    out.print(f"seed {seed}")
    accounts = {}
    for kind in stores:
        log = output.with_suffix(f".{kind}.log") if output else None
        accounts[kind] = strike(directory, kind, alone=alone, kills=kills, others=others, rate=rate, seed=seed, log=log)
    _print(accounts)
    if output:
        output.write_text(json.dumps({kind: vars(account) for kind, account in accounts.items()}, indent=1))
    return int(any(account.lost or account.doubled for account in accounts.values()))


def strike(
    directory: Path,
    kind: str,
    *,
    alone: bool,
    kills: int,
    others: int,
    rate: float,
    seed: int,
    hands: int = 0,
    log: Path | None = None,
    patient: bool = True,
) -> Account:
    """One storm over one store. `hands`: how many web processes and as many workers; 0: two on PostgreSQL, else one."""
    dice = random.Random(seed)  # noqa: S311
    plan = [KILLS[number % 2] for number in range(kills)]
    plan += [name for name in FAULTS if name not in KILLS for _ in range(others)]
    dice.shuffle(plan)
    count = int(rate * (30 + 10 * kills + 80 * others))
    hands = hands or (2 if kind == "postgresql" else 1)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-storm-")))
        small = stack.enter_context(faults.small_disk(home, kind, alone=alone))
        store = stack.enter_context(stage.open_store(kind, small))
        ready = with_calls_for_help(stage.set_up(directory, store, "hub", count, staff=True))
        bot_api, twilio = BotApi(BOT), TwilioApi(payload.SID, ready.token, callbacks=False)
        providers = stack.enter_context(running(bot_api, twilio, host=faults.PROVIDER))
        ports = [stage.free_port() for _ in range(hands)]
        clock = small / "clock"
        crew = Crew(ready.environment | _roads(providers, clock), ports, hands, small / "log")
        stack.callback(crew.end)
        crew.start_all()
        for port in ports:
            stage.wait_for(port)
        requests = payload.requests(iter(ready.sent), ready.token, stage.URL)
        knocking = Knocking(list(zip(ready.sent, requests, strict=True)), ports, providers, rate, dice)
        storm = Storm(ready, crew, knocking, ports, clock, providers, alone, dice)
        account = Account()
        began = time.monotonic()
        knocking.start()
        struck: list[tuple[float, str]] = []
        for name in plan:
            struck.append((time.time(), name))
            FAULTS[name](storm)
            account.struck[name] += 1
            account.fallen[name] += crew.start_all()
        _settle(storm, patient)
        account.seconds = time.monotonic() - began
        _judge(account, ready, knocking.heard)
        _compare(account, ready, _received(bot_api, twilio), struck)
        if log:
            shutil.copy(small / "log", log)
        return account


def with_calls_for_help(ready: Stage) -> Stage:
    """Every 40th message becomes an SOS of somebody who calls only once."""
    called: set[str] = set()
    sent = []
    for place, message in enumerate(ready.sent):
        calls = place % SOS_EVERY == 0 and message.sender not in called
        called |= {message.sender} if calls else set()
        sent.append(Sent(message.id, message.sender, "SOS", "", {}) if calls else message)
    return replace(ready, sent=sent)


def _roads(providers: str, clock: Path) -> dict[str, str]:
    """Both providers, and no pace: what is counted is what arrives."""
    return {
        "HUB_TWILIO_API_URL": providers,
        "HUB_TELEGRAM_TOKEN": BOT,
        "HUB_TELEGRAM_API_URL": providers,
        "HUB_REHEARSAL_CLOCK": str(clock),
        "HUB_SEND_RATE": "1000",
        "HUB_CHAT_RATE": "1000",
        "HUB_NUMBER_RATE": "1000",
        "HUB_REPLIES_PER_NUMBER": "100000",
    }


def _settle(storm: Storm, patient: bool) -> None:
    """The storm is over: others take what was begun to its end. Without patience no lease of the dead is waited for."""
    for hand in storm.crew.hands:
        storm.crew.kill(hand)
    if not patient:
        with writing(storm.stage.engine) as session:
            session.execute(update(OutboxRow).where(OutboxRow.state == "sending").values(lease_until=LONG_AGO))
            session.execute(update(CursorRow).where(CursorRow.holder != "").values(held_until=LONG_AGO))
    storm.crew.start_all()
    storm.knocking.finish(REST)
    if storm.knocking.is_alive():
        raise Unsound("somebody knocks and is never heard")
    until = time.monotonic() + REST
    while time.monotonic() < until:
        with reading(storm.stage.engine) as session:
            came = session.scalar(select(func.count()).select_from(JournalRow)) or 0
            waiting = journal.unread(session) + outbox.unsent(session)
        heard = storm.knocking.heard
        if came >= len(heard.acknowledged) + len(heard.updates) and not waiting:
            return
        time.sleep(0.5)
    raise Unsound(f"not at rest: {came} came, {waiting} wait")


def _judge(account: Account, ready: Stage, heard: Heard) -> None:
    by_id = {message.id: message for message in ready.sent}
    meant = {("twilio", f"SM{id}"): by_id[id] for id in heard.acknowledged}
    meant |= {("telegram", id): message for id, message in heard.updates.items()}
    account.sent = account.acknowledged = len(meant)
    account.answers = heard.answers
    with reading(ready.engine) as session:
        entries = session.execute(select(JournalRow.gateway, JournalRow.provider_id, JournalRow.id)).all()
        submissions = session.execute(
            select(SubmissionRow.journal_id, SubmissionRow.form, SubmissionRow.answers, SubmissionRow.outcome)
        ).all()
        replies = session.execute(select(OutboxRow.journal_id, OutboxRow.state).where(OutboxRow.kind == "reply")).all()
        alerts = session.scalars(select(AlertRow.id).where(AlertRow.topic == "sos")).all()
        told = session.scalars(
            select(AlertStepRow.alert_id).where(AlertStepRow.outcome.in_(("sent", "digest"))).distinct()
        ).all()
    came: dict[tuple[str, str], list[int]] = {}
    for gateway, provider_id, id in entries:
        came.setdefault((gateway, provider_id), []).append(id)
    made: dict[int, list[Any]] = {}
    for id, *rest in submissions:
        made.setdefault(id, []).append(rest)
    answered = Counter(id for id, _ in replies)
    for name, message in meant.items():
        _account_for(account, name, message, came.get(name, []), made, answered)
    calls = sum(message.text == "SOS" for message in meant.values())
    account.alerts, account.paged = len(alerts), len(set(alerts) & set(told))
    account.lost += ["alert"] * (calls - account.alerts) + ["page"] * (account.alerts - account.paged)
    account.doubled += ["alert"] * (account.alerts - calls)
    account.replies = Counter(state for _, state in replies)


def _received(bot_api: BotApi, twilio: TwilioApi) -> dict[tuple[str, str], list[float]]:
    """What phones got: (address, text) → when, for each time."""
    got: dict[tuple[str, str], list[float]] = {}
    for it in bot_api.sent:
        if it["method"] == "sendMessage":
            got.setdefault((str(it["chat_id"]), str(it["text"])), []).append(it["at"])
    for it in twilio.sent:
        got.setdefault((str(it["to"]), str(it["body"])), []).append(it["at"])
    return got


def _compare(
    account: Account, ready: Stage, got: dict[tuple[str, str], list[float]], struck: list[tuple[float, str]]
) -> None:
    """What the hub says it sent with what phones got."""
    vault = Vault(ready.environment["HUB_SECRET_KEY"])
    written: Counter[tuple[str, str]] = Counter()
    went: Counter[tuple[str, str]] = Counter()
    with reading(ready.engine) as session:
        rows = select(OutboxRow.address_sealed, OutboxRow.text, OutboxRow.state).where(OutboxRow.kind != "edit")
        for sealed, text, state in session.execute(rows):
            message = vault.open(sealed).decode(), text
            written[message] += 1
            went[message] += state in ("sent", "delivered")
    account.lost += [
        f"said to be sent: {message}" for message, times in went.items() if len(got.get(message, [])) < times
    ]
    for message, times in got.items():
        more = len(times) - written[message]
        if more > 0:
            account.repeated[next((name for at, name in reversed(struck) if at <= times[0]), "before")] += more
        if more > written[message]:
            account.doubled.append(f"to a phone {len(times)} times: {message}")


def _account_for(
    account: Account,
    name: tuple[str, str],
    message: Sent,
    ids: list[int],
    made: dict[int, list[Any]],
    answered: Counter[int | None],
) -> None:
    entries = [submission for id in ids for submission in made.get(id, [])]
    right = [form for form, answers, outcome in entries if (form, answers, outcome) == _expected(message)]
    if not right and message.text != "SOS":
        account.lost.append(f"{name[0]} {name[1]}: {entries}")
    elif not entries:
        account.lost.append(f"{name[0]} {name[1]}: {len(ids)} entries, unread")
    if len(ids) > 1 or len(entries) > 1:
        account.doubled.append(f"{name[0]} {name[1]}: {len(ids)} entries, {len(entries)} submissions")
    replies = sum(answered[id] for id in ids)
    if replies > 1:
        account.doubled.append(f"{name[0]} {name[1]}: {replies} replies")
    if not replies:
        account.lost.append(f"{name[0]} {name[1]}: no reply")


def _expected(message: Sent) -> tuple[str, dict[str, str], str]:
    return message.form, message.answers, "accepted"


def _print(accounts: dict[str, Account]) -> None:
    table = Table(title="torture")
    table.add_column("")
    for kind in accounts:
        table.add_column(kind, justify="right")
    for name in FAULTS:
        table.add_row(name, *(str(account.struck[name]) for account in accounts.values()))
    table.add_section()
    rows: dict[str, Callable[[Account], object]] = {
        "seconds": lambda it: f"{it.seconds:.0f}",
        "messages sent": lambda it: it.sent,
        "acknowledged": lambda it: it.acknowledged,
        "lost": lambda it: len(it.lost),
        "doubled": lambda it: len(it.doubled),
        "replies": lambda it: _listed(it.replies),
        "sent twice to a phone": lambda it: f"{it.repeated.total()}: {_listed(it.repeated)}",
        "processes that fell": lambda it: _listed(+it.fallen) or 0,
        "calls for help, alerted and paged": lambda it: f"{it.alerts}, {it.paged}",
        "answers to webhooks": lambda it: _listed(it.answers),
    }
    for label, value in rows.items():
        table.add_row(label, *(str(value(account)) for account in accounts.values()))
    out.print(table)
    for kind, account in accounts.items():
        for what in (account.lost + account.doubled)[:20]:
            out.print(f"{kind}: {what}", style="red", markup=False)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in counts.most_common())
