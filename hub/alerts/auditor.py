"""Who watches the watchman: what should have been done is compared with what was, by another process than the one
that does it. It finds the worker, the timers' leader and single steps standing still, and raises the hub's own alarm.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import leadership, outbox
from hub.alerts import escalation, life, steps
from hub.alerts.life import HUB, Place
from hub.alerts.rules import Trigger
from hub.context import Hub
from hub.database import writing
from hub.models import AlertRow

SILENT = timedelta(seconds=30)  # real time, whatever the election's clock says
UNSENT = timedelta(minutes=2)  # real time, after which a critical page should be with its provider
LATE = timedelta(minutes=1)  # of the election's time, after which a step is overdue
RIVAL = "telegram:rival"  # when somebody else was last found polling our bot
CONTESTED = timedelta(minutes=2)
PLACE = Place("hub")
TROUBLES = ("worker", "timers", "steps", "pages", "poller")


class Auditor:
    """Looks again and again. A step counts as missed where two looks, `SILENT` apart, both find it undone: the
    election's clock may leap in a rehearsal, and the process that does the steps needs real time for them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._began = hub.timer()
        self._overdue: dict[int, datetime] = {}  # step → when it was first found undone

    def look(self) -> set[str]:
        """What stands still now, of TROUBLES. Raises an alarm for each, and ends those that are over."""
        real, now = self._hub.timer(), self._hub.clock()
        with writing(self._hub.engine) as session:
            troubles = self._troubles(session, real, now)
            for name in TROUBLES:
                self._alarm(session, f"hub:{name}", name in troubles, now)
        return troubles

    def _troubles(self, session: Session, real: datetime, now: datetime) -> set[str]:
        overdue = steps.overdue(session, now - LATE)
        self._overdue = {step: self._overdue.get(step, real) for step in overdue}
        stands_still = {
            "worker": self._silent(leadership.seen(session, "worker"), real),
            "timers": self._silent(leadership.seen(session, "timers"), real),
            "steps": any(real - first >= SILENT for first in self._overdue.values()),
            "poller": self._lately(leadership.seen(session, RIVAL), real),
            "pages": outbox.waiting_since(session, real - UNSENT),
        }
        return {name for name, stands in stands_still.items() if stands}

    def _silent(self, seen: datetime | None, real: datetime) -> bool:
        return real - max(seen or self._began, self._began) > SILENT

    def _lately(self, seen: datetime | None, real: datetime) -> bool:
        return seen is not None and real - seen <= CONTESTED

    def _alarm(self, session: Session, topic: str, wrong: bool, now: datetime) -> None:
        number = session.scalar(select(AlertRow.id).where(AlertRow.topic == topic, AlertRow.state != "resolved"))
        if wrong and number is None:
            escalation.sound(session, self._hub, Trigger(topic, 1), PLACE, now)
        elif number is not None and not wrong:
            life.resolve(session, number, HUB, now, "works again")
