"""The languages of the console: each folder in `locales` is one. Catalogs are read as written, without compiling."""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
COOKIE = "hub_language"


@cache
def known() -> dict[str, str]:
    """Language code → its name in itself."""
    codes = sorted(folder.name for folder in LOCALES.iterdir() if folder.is_dir())
    return {code: (Locale(code).get_display_name() or code).capitalize() for code in codes}


@cache
def translations(language: str) -> gettext.GNUTranslations:
    with (LOCALES / language / "LC_MESSAGES" / "console.po").open("rb") as po:
        catalog = read_po(po, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def preferred(cookie: str | None, accept: str, default: str) -> str:
    """The language before anybody has logged in: chosen, else the browser's first that we have, else the election's."""
    wanted = [cookie or "", *(part.split(";")[0].strip()[:2].lower() for part in accept.split(",")), default]
    return next((code for code in wanted if code in known()), "en")
