"""A drawing as a picture, for who cannot take SVG."""

from __future__ import annotations

from hub.charts.sheet import WIDTH

PIXELS = 1600  # across: a newspaper's two columns at 300 to the inch
_SHEET = "#set page(width: auto, height: auto, margin: 8pt)\n#image(bytes(sys.inputs.svg), width: {width}pt)"


class NoTypesetter(Exception):
    """PNG, PDF and DOCX need typst: pip install 'election-hub[pdf]'. SVG, CSV and XLSX do without."""


def png(svg: str) -> bytes:
    """On white, the same for the same drawing on one machine. Raises `NoTypesetter`."""
    try:
        import typst
    except ImportError as error:
        raise NoTypesetter(NoTypesetter.__doc__) from error
    sheet = _SHEET.format(width=WIDTH).encode()
    made = typst.compile(sheet, sys_inputs={"svg": svg}, format="png", ppi=72 * PIXELS / (WIDTH + 16))
    assert isinstance(made, bytes)
    return made
