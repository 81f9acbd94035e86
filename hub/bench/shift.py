"""A shift at the desk: a noisy day comes in while operators work over HTTP, and what they waited for is measured.

Web process, worker and providers are those of a rehearsal. What is measured is what an operator waits for: the page
with the queue, an item, and the live reading while one types. What is proved is that no item was handled twice and
that no edit was lost.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from random import Random

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from hub.accounts import sessions
from hub.bench.stage import open_store
from hub.console.access import COOKIE
from hub.database import reading, writing
from hub.intake import journal
from hub.models import AccountRow, JournalRow, WorkItemRow
from hub.rehearsal import day
from hub.rehearsal.day import LIMITS, Player, Recorded
from hub.rehearsal.stage import Stage, free_port, stage

THINKS = 1.0, 4.0  # seconds that an operator looks at an item before the first key
KEYS = 0.25  # seconds between two keys that ask for a reading
LOOKS = 2.0  # seconds between two looks at an empty queue
UNDONE = 0.05  # of what was done
REFRESHED = 3.0  # seconds between two looks of an open page at its list
LAST = timedelta(seconds=30)  # of work after the last message
TARGETS = {"queue": 300.0, "reading": 100.0}  # milliseconds at the 95th percentile
out = Console()


@dataclass
class Log:
    """What the operators did. `waits`: what was asked for → milliseconds. `edits`: (item, account, text) that the hub
    took. `ended`: item → how often the hub said that this operator ended it, undone ones not counted."""

    waits: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    edits: list[tuple[int, str, str]] = field(default_factory=list)
    ended: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    undone: int = 0
    failed: Counter[str] = field(default_factory=Counter)


def run(directory: Path, *, store: str, operators: int, speed: float, first: str, last: str) -> int:
    """Plays the day from `first` to `last` (HH:MM) at `speed`, and what came before as fast as it goes.

    The exit status: 0, or 1 where an item was handled twice, an edit was lost or a target was missed.
    """
    messages = sorted(
        (it for name in ("messages", "noisy") for it in _day(directory / "day" / f"{name}.jsonl")), key=lambda it: it.at
    )
    middle = messages[len(messages) // 2].at  # some were sent days before
    begins, ends = _at(middle, first or "00:00"), _at(middle, last or "23:59")
    before = [it for it in messages if it.at < begins]
    during = [it for it in messages if begins <= it.at and (not last or it.at <= ends)]
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-shift-")))
        url = stack.enter_context(open_store(store, home)).database("shift") if store == "postgresql" else ""
        port = free_port(0, may_change=True)
        played = stack.enter_context(stage(directory, home / "stage", port, messages[0].at, url))
        tokens, over = _tokens(played, operators), home / "over"
        desk: list[Future[Log]] = []
        # In a process of their own: the providers and the phones would make them wait, and not the hub.
        others = stack.enter_context(ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")))

        def begin() -> None:
            desk.append(others.submit(_desk, played.doors.hub, tokens, over))

        try:
            asyncio.run(_play(played, before, during, speed, begin))
        finally:
            over.touch()
        log = desk[0].result()
        twice, lost = _handled_twice(played, log), _lost(played, log)
    return _told(store, log, twice, lost)


def _day(path: Path) -> list[Recorded]:
    return day.load(path) if path.exists() else []


def _at(moment: datetime, told: str) -> datetime:
    hour, _, minute = told.partition(":")
    return moment.replace(hour=int(hour), minute=int(minute or 0), second=0)


def _tokens(played: Stage, operators: int) -> dict[str, str]:
    """Names of operators, and what the browser of each holds after log-in, which is slow on purpose."""
    tokens = {}
    with writing(played.hub.engine) as session:
        for number in range(1, operators + 1):
            name = f"desk-{number:02}"
            account = AccountRow(name=name, role="operator", language="en", password_hash="-")  # noqa: S106
            session.add(account)
            session.flush()
            tokens[name] = sessions.begin(session, account.id, "", played.hub.timer(), proved=True)
    return tokens


async def _play(
    played: Stage, before: list[Recorded], during: list[Recorded], speed: float, begin: Callable[[], None]
) -> None:
    """`begin`: what is done once what came before is read."""
    async with httpx.AsyncClient(timeout=60, limits=LIMITS) as client:
        player = Player(played.doors, played.played_time, client)
        if before:
            await player.play(before, None, lambda _: None)
            await asyncio.to_thread(_until_read, played)  # what came before is not what is measured
        begin()
        await player.play(during, speed, lambda _: None)
        await asyncio.sleep(LAST.total_seconds())


def _desk(url: str, tokens: dict[str, str], over: Path) -> Log:
    """The operators, until the file is there."""
    return asyncio.run(_work(url, tokens, over))


async def _work(url: str, tokens: dict[str, str], told: Path) -> Log:
    log, over = Log(), asyncio.Event()
    desk = [asyncio.create_task(Operator(url, name, token, log).work(over)) for name, token in tokens.items()]
    await asyncio.to_thread(_until_there, told)
    over.set()
    await asyncio.gather(*desk)
    return log


def _until_there(file: Path) -> None:
    while not file.exists():
        time.sleep(0.2)


def _until_read(played: Stage) -> None:
    with reading(played.hub.engine) as session:
        while journal.unread(session):
            session.rollback()
            time.sleep(0.2)


class Operator:
    """Somebody who takes what is first, reads it, mends or ends it, and goes on to what the hub opens next."""

    def __init__(self, url: str, name: str, token: str, log: Log) -> None:
        origin = {"origin": url, "sec-fetch-site": "same-origin"}
        self._client = httpx.AsyncClient(
            base_url=url,
            cookies={COOKIE: token},
            headers=origin,
            timeout=60,
            follow_redirects=True,
            limits=LIMITS,
        )
        self._name = name
        self._log = log
        self._dice = Random(name)  # noqa: S311

    async def work(self, over: asyncio.Event) -> None:
        async with self._client, asyncio.TaskGroup() as group:
            group.create_task(self._watch(over))
            page = await self._get("/desk", "queue")
            while not over.is_set():
                item = _opened(page)
                if item is None:
                    free = re.search(r'id="next"[^>]*href="/desk/(\d+)"', page)
                    if free:
                        page = await self._get(f"/desk/{free[1]}", "item")
                    else:
                        await asyncio.sleep(LOOKS)
                        page = await self._get("/desk", "queue")
                elif " data-mine" in page:
                    page = await self._handle(item, page)
                else:  # a colleague was quicker
                    page = await self._get("/desk", "queue")

    async def _watch(self, over: asyncio.Event) -> None:
        """The list at the left, as an open page asks for it."""
        while not over.is_set():
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) * REFRESHED)
            await self._get("/desk/queue", "queue")

    async def _handle(self, item: int, page: str) -> str:
        await asyncio.sleep(self._dice.uniform(*THINKS))
        if f'action="/desk/{item}/save"' in page:
            done = await self._mend(item, page)
        elif f'action="/desk/{item}/decide"' in page:
            chosen = {name: unescape(value) for name, value in re.findall(r'name="(value\.\w+)" value="([^"]*)"', page)}
            done = await self._end(item, page, "decide", **chosen)
        elif f'action="/desk/{item}/verify"' in page:
            done = await self._end(item, page, "verify", sound="true")
        else:
            done = await self._end(item, page, "settle")
        undo = re.search(r'action="(/desk/undo/\d+)"', done)
        if undo and self._dice.random() < UNDONE:
            again = await self._client.post(undo[1], data={"csrf": _csrf(done)})
            if "done=undone" in str(again.url):
                self._log.undone += 1
                self._log.ended[int(again.url.path.rsplit("/", 1)[1])] -= 1
            done = again.text
        return done

    async def _mend(self, item: int, page: str) -> str:
        """Types, takes the first suggestion each time, and stores; what still is unsound is unusable."""
        text = _text(page)
        for _ in range(self._dice.randint(2, 6)):
            await asyncio.sleep(KEYS)
            reading_ = await self._post(f"/desk/{item}/preview", page, "reading", text=text)
            text = _suggested(reading_.text, text)
        text = f"{text} # {self._name} {item}" if "#" not in text else text
        answer = await self._post(f"/desk/{item}/save", page, "store", text=text)
        if answer.status_code == 409:
            self._log.refused += 1
            return await self._get("/desk", "queue")
        if answer.status_code != 200:
            self._log.failed[f"save {answer.status_code}"] += 1
            return await self._get("/desk", "queue")
        self._log.edits.append((item, self._name, text))
        if "done=open" in str(answer.url):
            return await self._end(item, answer.text, "unusable")
        self._log.ended[item] += 1
        return answer.text

    async def _end(self, item: int, page: str, how: str, **values: str) -> str:
        answer = await self._post(f"/desk/{item}/{how}", page, "store", reason="looked into", **values)
        if answer.status_code == 200:
            self._log.ended[item] += 1
            return answer.text
        self._log.refused += answer.status_code == 409
        if answer.status_code != 409:
            self._log.failed[f"{how} {answer.status_code}"] += 1
        return await self._get("/desk", "queue")

    async def _get(self, path: str, what: str) -> str:
        began = time.perf_counter()
        answer = await self._client.get(path)
        self._log.waits[what].append((time.perf_counter() - began) * 1000)
        return answer.text

    async def _post(self, path: str, page: str, what: str, **values: str) -> httpx.Response:
        began = time.perf_counter()
        answer = await self._client.post(path, data={"csrf": _csrf(page), **values})
        self._log.waits[what].append((time.perf_counter() - began) * 1000)
        return answer


def _opened(page: str) -> int | None:
    found = re.search(r'data-item="(\d+)"', page)
    return int(found[1]) if found else None


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]*)"', page)
    return found[1] if found else ""


def _text(page: str) -> str:
    found = re.search(r'<textarea id="text".*?>(.*?)</textarea>', page, re.DOTALL)
    return unescape(found[1]) if found else ""


def _suggested(page: str, text: str) -> str:
    found = re.search(r'data-start="(\d+)" data-end="(\d+)" data-text="([^"]*)"', page)
    return text[: int(found[1])] + unescape(found[3]) + text[int(found[2]) :] if found else text


def _handled_twice(played: Stage, log: Log) -> int:
    """Items that two were told they had ended, or that the hub says somebody else ended."""
    with reading(played.hub.engine) as session:
        closed = set(session.scalars(select(WorkItemRow.id).where(WorkItemRow.closed_by.is_not(None))))
    return sum(times > 1 for times in log.ended.values()) + sum(
        times == 1 and item not in closed for item, times in log.ended.items()
    )


def _lost(played: Stage, log: Log) -> int:
    """Edits that the hub took and that are not in the journal exactly once, with who made them."""
    with reading(played.hub.engine) as session:
        rows = session.execute(
            select(WorkItemRow.id, AccountRow.name, JournalRow.text)
            .join(JournalRow, JournalRow.corrects == WorkItemRow.journal_id)
            .join(AccountRow, AccountRow.id == JournalRow.account_id)
            .where(JournalRow.kind == "text", WorkItemRow.kind.in_(("message", "unknown")))
        )
        kept = Counter((item, name, text) for item, name, text in rows)
    return (Counter(log.edits) - kept).total()


def _told(store: str, log: Log, twice: int, lost: int) -> int:
    table = Table(title=f"{store}: {sum(log.ended.values())} items ended, {len(log.edits)} edits, {log.undone} undone")
    for heading in ("milliseconds", "asked", "p50", "p95", "longest"):
        table.add_column(heading, justify="left" if heading == "milliseconds" else "right")
    sound = not twice and not lost
    for what, waits in log.waits.items():
        ordered = sorted(waits)
        p95 = ordered[int(len(ordered) * 0.95)]
        sound &= p95 < TARGETS.get(what, p95 + 1)
        middle = ordered[len(ordered) // 2]
        table.add_row(what, str(len(ordered)), f"{middle:.0f}", f"{p95:.0f}", f"{ordered[-1]:.0f}")
    out.print(table)
    out.print(f"handled twice: {twice}   edits lost: {lost}   told that a colleague has it: {log.refused}")
    if log.failed:
        out.print(f"refused otherwise: {dict(log.failed)}")
    return 0 if sound else 1
