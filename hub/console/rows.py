"""A page that is open is refreshed by differences: its browser says which rows it has, and gets those that differ.

A row is an element with an id and, as its last attribute, `data-row`; it reaches to the next row or to `<!--/rows-->`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

HAVE = "x-have"  # "id:digest id:digest", in the order in which the page shows them
_MARK = " data-row>"
_ID = re.compile(r'\sid="([^"]+)"')
_AGE = re.compile(r"(<time data-ago[^>]*>)[^<]*")
_END = "<!--/rows-->"


@dataclass(frozen=True, slots=True)
class Row:
    """`html` says its own digest, which leaves out how long ago things were: that is counted on in the browser."""

    id: str
    digest: str
    html: str


def stamped(html: str) -> str:
    """The page with each row's digest in it, so that its browser can say what it has."""
    first, *rest = html.split(_MARK)
    return first + "".join(_marked(row.digest) + piece for row, piece in zip(rows(html), rest, strict=True))


def differing(html: str, have: str) -> dict[str, object] | None:
    """`order`: every row's id. `rows`: those that are new or differ, by id. None where nothing differs."""
    found = rows(html)
    pairs = [f"{row.id}:{row.digest}" for row in found]
    if " ".join(pairs) == have:
        return None
    known = set(have.split())
    return {
        "order": [row.id for row in found],
        "rows": {row.id: row.html for row, pair in zip(found, pairs, strict=True) if pair not in known},
    }


def rows(html: str) -> list[Row]:
    marks = [found.start() for found in re.finditer(_MARK, html)]
    starts = [html.rindex("<", 0, mark) for mark in marks]
    edges = [*starts, len(html)]
    return [
        _row(_id(html, start, mark), html[start:end].split(_END)[0].strip())
        for start, mark, end in zip(starts, marks, edges[1:], strict=True)
    ]


def _id(html: str, start: int, mark: int) -> str:
    found = _ID.search(html, start, mark)
    assert found, html[start:mark]
    return found[1]


@lru_cache(maxsize=4096)  # most rows are the same as a moment ago, and for everybody
def _row(row_id: str, html: str) -> Row:
    digest = blake2b(_AGE.sub(r"\1", html).encode(), digest_size=4).hexdigest()
    return Row(row_id, digest, html.replace(_MARK, _marked(digest), 1))


def _marked(digest: str) -> str:
    return f' data-row="{digest}">'
