"""A worker that dies, by signal 9, at a chosen step of one message's walk: `python -m tests.faults.dying sent`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from hub.cli import main
from hub.delivery.sending import Delivery
from hub.intake import pipeline
from hub.intake.settlement import Settlement

STEPS: dict[str, tuple[Any, str, bool]] = {  # step → whose, which function, does it end before dying
    "journaled": (pipeline, "settle", False),
    "written": (Settlement, "write", True),  # all is written, and nothing is committed
    "committed": (pipeline, "settle_batch", True),
    "leased": (Delivery, "_deliver", False),
    "sent": (Delivery, "_settle", False),  # the provider has it, and it is not noted
}


def arm(step: str) -> None:
    owner, name, ends = STEPS[step]
    before: Callable[..., Any] = getattr(owner, name)

    def dies(*given: Any, **named: Any) -> int:
        if ends and before(*given, **named) == 0:
            return 0  # a round that found nothing
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody gets here")

    setattr(owner, name, dies)


if __name__ == "__main__":
    arm(sys.argv.pop())
    sys.argv.append("work")
    main()
