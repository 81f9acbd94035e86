"""The report as PDF, by typst."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hub.publication.document import Block, Document, Drawing, Heading, Paragraph
from hub.publication.pictures import NoTypesetter
from hub.publication.words import written

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"


def pdf(document: Document) -> bytes:
    """A4. The same document is the same bytes. Raises `NoTypesetter`."""
    try:
        import typst
    except ImportError as error:
        raise NoTypesetter(NoTypesetter.__doc__) from error
    told = {
        "title": document.title,
        "election": document.election,
        "as_of": document.as_of,
        "language": document.language,
        "page": document.page,
        "blocks": [_block(block, document.language) for block in document.blocks],
    }
    made = typst.compile(TEMPLATE, sys_inputs={"report": json.dumps(told)}, format="pdf", timestamp=0)
    assert isinstance(made, bytes)
    return made


def _block(block: Block, language: str) -> dict[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "level": block.level, "words": block.words}
        case Paragraph():
            return {"kind": "paragraph", "words": block.words}
        case Drawing():
            return {"kind": "drawing", "title": block.title, "svg": block.svg}
    rows = [[written(value, language) for value in row] for row in block.rows]
    return {
        "kind": "table",
        "title": block.title,
        "headings": list(block.headings),
        "rows": rows,
        "numbers": sorted(block.numbers),
        "notes": list(block.notes),
    }
