"""The pocket guide on paper: HTML that any browser prints, and PDF where typst is installed (the extra `pdf`)."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.authoring.guide import Guide

TEMPLATES = Path(__file__).parent / "templates"


class NoTypesetter(Exception):
    """PDF needs typst: pip install 'election-hub[pdf]'. HTML can be printed without it."""


def html(guide: Guide) -> bytes:
    return _environment().get_template("guide.html").render(guide=guide).encode()


def pdf(guide: Guide) -> bytes:
    """A5, a page a form. The same guide is the same bytes. Raises `NoTypesetter`."""
    try:
        import typst
    except ImportError as error:
        raise NoTypesetter(NoTypesetter.__doc__) from error
    # Its own fonts hold Latin, Greek and Cyrillic with all their letters; the system's are asked for other scripts.
    made = typst.compile(
        TEMPLATES / "guide.typ", sys_inputs={"guide": json.dumps(asdict(guide))}, format="pdf", timestamp=0
    )
    assert isinstance(made, bytes)
    return made


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
