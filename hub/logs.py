"""Structured logs, one JSON object a line on standard error. No text of a message, number or token is ever logged."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from types import TracebackType
from typing import TextIO, cast

import structlog


def configure(level: int = logging.INFO) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _traceback_without_values,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Lenient(sys.stderr))),
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_others()])


class _Lenient:
    """Where nothing can be written, as on a full disk or to a closed stream, the line is lost and not the loop that
    wanted to say it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def _others() -> logging.Handler:
    """What libraries log: never below a warning, for they print whole URLs."""
    handler = logging.StreamHandler(cast(TextIO, _Lenient(sys.stderr)))
    handler.setFormatter(_WithoutValues())
    return handler


class _WithoutValues(logging.Formatter):
    """The first line of what a library says, and where it was: what follows may quote a row or a task's result."""

    def format(self, record: logging.LogRecord) -> str:
        told = f"{record.levelname} {record.name} {(record.getMessage().splitlines() or [''])[0]}"
        if not record.exc_info or record.exc_info[0] is None:
            return told
        kind, _error, trace = record.exc_info
        return f"{told}: {kind.__name__} at {', '.join(_places(trace))}"


def _traceback_without_values(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Where an exception was raised, but not what it says: a database error quotes the row."""
    if not event.pop("exc_info", None):
        return event
    kind, _error, trace = sys.exc_info()
    return {**event, "exception": kind.__name__ if kind else "", "at": _places(trace)}


def _places(trace: TracebackType | None) -> list[str]:
    """The innermost files and lines."""
    places = []
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places[-6:]
