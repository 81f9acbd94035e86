"""Turns a template and its values into a page in the visitor's language, with the frame that every page shares."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from functools import cache, lru_cache, partial
from gettext import NullTranslations
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_datetime
from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup

from hub.console import languages, rows, tables
from hub.console.access import Visitor, hub_of
from hub.console.download import as_csv, as_workbook
from hub.tabulation import Table

TEMPLATES = Path(__file__).parent / "templates"


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Renders `template`. Who asks is taken from the request; `values` are the page's own.

    To a page that is open already and says what it has, only the rows that differ: as JSON, or 204 where none does.
    With `?as=csv` or `?as=xlsx` its tables alone, as they are shown.
    """
    hub = hub_of(request)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    asked = dict(request.query_params)
    language = language_of(request, visitor)
    body = (
        environment(language)
        .get_template(template)
        .render(
            election=hub.election,
            now=hub.clock(),
            visitor=visitor,
            language=language,
            languages=languages.known(),
            here=request.url.path,
            address=_address(request.url.path, asked),
            as_table=_address(request.url.path, asked | {tables.AS: "csv"}),
            as_book=_address(request.url.path, asked | {tables.AS: "xlsx"}),
            csrf=visitor.login.csrf if visitor else "",
            **values,
        )
    )
    if asked.get(tables.AS) in ("csv", "xlsx") and status == 200:
        first, *rest = tables.lines(body) or [[]]
        name = request.url.path.strip("/").replace("/", "-")
        return as_csv(name, first, rest) if asked[tables.AS] == "csv" else as_workbook(name, [Table(name, first, rest)])
    body = tables.sorted_by(body, request.url.path, asked, language)
    have = request.headers.get(rows.HAVE)
    if have is None or status != 200:
        return HTMLResponse(rows.stamped(body), status)
    differing = rows.differing(body, have)
    return JSONResponse(differing) if differing else Response(status_code=204)


def _address(path: str, asked: dict[str, str]) -> str:
    return f"{path}?{urlencode(asked)}" if asked else path


def language_of(request: Request, visitor: Visitor | None) -> str:
    if visitor and visitor.account.language in languages.known():
        return visitor.account.language
    return languages.preferred(
        request.cookies.get(languages.COOKIE),
        request.headers.get("accept-language", ""),
        hub_of(request).election.default_language,
    )


class _Compiled(BytecodeCache):
    """A template is compiled once for all languages."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.code


_compiled = _Compiled()
_making = Lock()


def make_pages() -> None:
    """A second's work, done beside the rest when the process starts: whoever came first would wait for it."""
    for language in languages.known():
        environment(language)


def environment(language: str) -> Environment:
    """Templates that speak one language. Of twenty who come at once, one has them made, and the others wait."""
    with _making:
        return _environment(language)


@cache
def _environment(language: str) -> Environment:
    """A value that is missing is an error, never an empty place."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,  # a template is looked up on the disk once, not for each page
        bytecode_cache=_compiled,
    )
    catalog = languages.translations(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        catalog.gettext, catalog.ngettext, newstyle=True, pgettext=catalog.pgettext, npgettext=catalog.npgettext
    )
    environment.globals["_"] = environment.globals["gettext"] = _speaker(catalog)
    environment.globals["part"] = partial(part, language)
    environment.filters |= {
        "clock": clock,
        "minutes": minutes,
        "decimal": decimal,
        "whole": whole,
        "said": said,
        "hour": hour,
        "called": called,
    }
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


def _speaker(catalog: NullTranslations) -> Callable[..., Markup]:
    """What Jinja's own does, with each sentence looked up once: a page says some three hundred."""

    @cache
    def sentence(text: str) -> Markup:
        return Markup(catalog.gettext(text))  # noqa: S704 - our own words

    @cache
    def plain(text: str) -> Markup:
        return sentence(text) % {}

    return lambda text, /, **values: sentence(text) % values if values else plain(text)


@lru_cache(maxsize=4096)
def part(language: str, template: str, *values: Hashable) -> Markup:
    """A part of a page, the macro `part` of its template: made once for all who see the same, again and again."""
    made: Markup = environment(language).get_template(template).module.part(*values)  # type: ignore[attr-defined]
    return made


@pass_context
def clock(context: Context, moment: datetime) -> str:
    """`08:42` in the election's zone; the date before it only where it is not today."""
    zone = context["election"].zone
    today = moment.astimezone(zone).date() == context["now"].astimezone(zone).date()
    return format_datetime(moment, "HH:mm" if today else "d MMM HH:mm", zone, context["language"])


@pass_context
def hour(context: Context, moment: datetime) -> str:
    return f"{moment.astimezone(context['election'].zone):%H:%M}"


@pass_context
def minutes(context: Context, moment: datetime) -> int:
    """Whole minutes since a moment, never negative: clocks of two machines differ."""
    passed: timedelta = context["now"] - moment
    return max(0, int(passed.total_seconds() // 60))


@pass_context
def decimal(context: Context, number: float, digits: int = 1) -> str:
    return format_decimal(number, "0." + "0" * digits if digits else "0", context["language"])


@pass_context
def whole(context: Context, number: float) -> str:
    """12 345, as the language groups it."""
    return format_decimal(round(number), "#,##0", context["language"])


@pass_context
def said(context: Context, text: dict[str, str]) -> str:
    """The election's own words in the visitor's language, in its default language where they are missing."""
    return text.get(context["language"]) or text.get(context["election"].default_language) or next(iter(text.values()))


@pass_context
def called(context: Context, figure: str) -> str:
    """What a turnout is called in the visitor's language, its name where the election gives it no title."""
    title = next((it.title for it in context["election"].analysis.turnout if it.name == figure and it.title), None)
    return said(context, title) if title else figure
