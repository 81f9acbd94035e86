"""A page that is open is refreshed by differences: its browser says which rows it has, and gets those that differ.

A row is an element with an id and, as its last attribute, `data-row`; it reaches to the next row or to `<!--/rows-->`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

HAVE = "x-have"  # "id:digest id:digest", in the order in which the page shows them
_START = re.compile(r'<\w+(?=[^<>]*\sid="(?P<id>[^"]+)")[^<>]* data-row>')
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
    digests = iter([row.digest for row in rows(html)])
    return _START.sub(lambda start: _with_digest(start[0], next(digests)), html)


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
    starts = list(_START.finditer(html))
    edges = [*(start.start() for start in starts), len(html)]
    return [
        _row(start["id"], html[start.start() : end].split(_END)[0].strip())
        for start, end in zip(starts, edges[1:], strict=True)
    ]


def _row(row_id: str, html: str) -> Row:
    digest = blake2b(_AGE.sub(r"\1", html).encode(), digest_size=4).hexdigest()
    return Row(row_id, digest, _with_digest(html, digest))


def _with_digest(html: str, digest: str) -> str:
    return html.replace(" data-row>", f' data-row="{digest}">', 1)
