"""Every table of a page sorts and goes out as CSV, as it is shown: worked on the page, so that no page has to do it.

A table that takes part is a `<table … data-table>` with one `<thead>`; `data-table="…"` says what it is about, where a
page has several. A cell sorts by its `data-key`, else by its number, else by its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlencode

from babel.numbers import get_decimal_symbol, get_group_symbol

SORT, AS = "sort", "as"  # ?sort=1.-3: the first table by its third column, the largest first
_TABLE = re.compile(r"<table[^>]* data-table[\s=>].*?</table>", re.DOTALL)
_HEAD = re.compile(r"<thead>.*?</thead>", re.DOTALL)
_HEADING = re.compile(r"<th(?P<attributes>[^>]*)>(?P<words>[^<]+)</th>")
_BODY = re.compile(r"(?<=<tbody>).*(?=</tbody>)", re.DOTALL)
_ROW = re.compile(r"<tr[ >].*?</tr>", re.DOTALL)
_FIRST_NUMBER = re.compile(r"[^\w−-]*([−-]?\d[\d.,\s]*)")
_UNSAID = frozenset({"form", "button", "select", "svg", "script", "datalist"})


@dataclass(slots=True)
class Cell:
    words: str = ""
    key: str = ""
    wide: int = 1


@dataclass(slots=True)
class Table:
    about: str = ""
    headings: list[str] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)


def sorted_by(html: str, path: str, asked: Mapping[str, str], language: str) -> str:
    """The page with its tables in the order that `asked` wants, and each heading a link to its own order."""
    places = iter(range(1, html.count("<table") + 1))
    return _TABLE.sub(lambda found: _sorted(found[0], next(places), path, asked, language), html)


def lines(html: str) -> list[list[str]]:
    """What the tables of a page show, one below the other, each under its headings."""
    told: list[list[str]] = []
    for table in map(_read, _TABLE.findall(html)):
        told += [[]] if told else []
        told += [[table.about]] if table.about else []
        told.append(table.headings)
        told += [[words for cell in row for words in (cell.words, *[""] * (cell.wide - 1))] for row in table.rows]
    return told


def _sorted(html: str, place: int, path: str, asked: Mapping[str, str], language: str) -> str:
    which, _, column = asked.get(SORT, "").partition(".")
    wanted = int(column) if which == str(place) and re.fullmatch(r"-?[1-9]\d?", column) else 0
    if wanted:
        html = _BODY.sub(lambda body: _in_order(body[0], wanted, language), html, count=1)
    if "data-fixed" in html.split(">", 1)[0]:
        return html
    return _HEAD.sub(lambda head: _with_links(head[0], place, wanted, escape(path), asked), html, count=1)


def _in_order(body: str, wanted: int, language: str) -> str:
    def key(row: str) -> tuple[int, float, str]:
        cells = _read(f"<table><tbody>{row}</tbody></table>").rows[0]
        return _key(cells[abs(wanted) - 1], language) if abs(wanted) <= len(cells) else (2, 0, "")

    return "\n".join(sorted(_ROW.findall(body), key=key, reverse=wanted < 0))


def _key(cell: Cell, language: str) -> tuple[int, float, str]:
    """Numbers before words; what is empty is the least of all."""
    if cell.key:
        return 1, 0, cell.key
    if number := _FIRST_NUMBER.match(cell.words):
        plain = re.sub(rf"[\s{re.escape(get_group_symbol(language))}]", "", number[1]).replace("−", "-")
        plain = plain.replace(get_decimal_symbol(language), ".")
        if re.fullmatch(r"-?\d+(\.\d+)?", plain):
            return 1, float(plain), ""
    return (2, 0, cell.words.casefold()) if cell.words.strip("—○ ") else (0, 0, "")


def _with_links(head: str, place: int, wanted: int, path: str, asked: Mapping[str, str]) -> str:
    def linked(heading: re.Match[str]) -> str:
        column = 1 + len(re.findall(r"<th[ >]", head[: heading.start()]))
        to = -column if wanted == column else column
        query = urlencode({**asked, SORT: f"{place}.{to}"}).replace("&", "&amp;")
        order, mark = {column: ("ascending", " ▴"), -column: ("descending", " ▾")}.get(wanted, ("none", ""))
        told = "" if order == "none" else f' aria-sort="{order}"'
        link = f'<a class="sorts" href="{path}?{query}">{heading["words"]}<span aria-hidden="true">{mark}</span></a>'
        return f"<th{heading['attributes']}{told}>{link}</th>"

    return _HEADING.sub(linked, head)


def _read(html: str) -> Table:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.table


class _Reader(HTMLParser):
    """What a table says: without forms, drawings and what is only for the eye."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table()
        self._cell: Cell | None = None
        self._unsaid: list[str] = []
        self._in_head = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "table":
            self.table.about = attributes.get("data-table") or ""
        elif tag == "thead":
            self._in_head = True
        elif tag == "tr" and not self._in_head:
            self.table.rows.append([])
        elif tag in ("td", "th"):
            self._cell = Cell(key=attributes.get("data-key") or "", wide=int(attributes.get("colspan") or 1))
        elif tag in _UNSAID or (tag == "span" and attributes.get("aria-hidden")):
            self._unsaid.append(tag)
        elif tag in ("br", "div") and self._cell:
            self._cell.words += " "

    def handle_endtag(self, tag: str) -> None:
        if self._unsaid and tag == self._unsaid[-1]:
            self._unsaid.pop()
        elif tag == "thead":
            self._in_head = False
        elif tag in ("td", "th") and self._cell:
            self._cell.words = " ".join(self._cell.words.split())
            if self._in_head:
                self.table.headings.append(self._cell.words)
            elif self.table.rows:
                self.table.rows[-1].append(self._cell)
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell and not self._unsaid:
            self._cell.words += data
