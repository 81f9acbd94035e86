"""How much may go now: over a channel, to one chat, from one of our numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Rates:
    """Messages a second: of a channel in all, to each chat, and by SMS from each of our numbers."""

    channel: float
    chat: float
    number: float


def rates(settings: Settings) -> Rates:
    return Rates(settings.send_rate, settings.chat_rate, settings.number_rate)


class Pace:
    """A rate kept for each key. A fifth of a second's worth may go at once, or one: at 25 a second, 30 in no second.

    It remembers one moment a key: when all that went is paid for (generic cell rate algorithm, ITU-T I.371).
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._paid: dict[str, datetime] = {}
        self.share(1)

    def share(self, among: int) -> None:
        """Keeps to this process's part of the rate, where so many send."""
        self._each = timedelta(seconds=among / self._rate)
        self._burst = max(timedelta(seconds=0.2), self._each)

    def allowed(self, key: str, now: datetime) -> int:
        """How many may go now."""
        return (now + self._burst - self._since(key, now)) // self._each

    def wait(self, key: str, now: datetime) -> timedelta:
        """How long the next one has to wait; zero or less where it may go now."""
        return self._since(key, now) + self._each - self._burst - now

    def spend(self, key: str, now: datetime, count: int = 1) -> None:
        if len(self._paid) > 10_000:  # of those who wrote hours ago nothing need be known
            self._paid = {other: at for other, at in self._paid.items() if at > now}
        self._paid[key] = self._since(key, now) + count * self._each

    def _since(self, key: str, now: datetime) -> datetime:
        return max(self._paid.get(key, now), now)
