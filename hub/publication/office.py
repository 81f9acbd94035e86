"""The report as DOCX, to be worked on: in a house's own template where one is given."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hub.publication.document import Document, Drawing, Heading, Paragraph
from hub.publication.pictures import png
from hub.publication.words import written
from hub.tabulation import Table

if TYPE_CHECKING:
    from docx.document import Document as File

CENTIMETRES = 12  # how wide a drawing is


class NoOffice(Exception):
    """DOCX needs python-docx: pip install 'election-hub[docx]'. PDF does without."""


def office(document: Document, now: datetime, template: Path | None = None) -> bytes:
    """`template`: a DOCX whose styles, margins and letterhead are taken. Raises `NoOffice` and `NoTypesetter`."""
    try:
        import docx
        from docx.shared import Cm
    except ImportError as error:
        raise NoOffice(NoOffice.__doc__) from error
    file = docx.Document(str(template) if template else None)
    if template is None:
        _to_a4(file)
    file.core_properties.title, file.core_properties.language = document.title, document.language
    file.core_properties.author, file.core_properties.comments = "", ""
    file.core_properties.created = file.core_properties.modified = now.replace(tzinfo=None)
    file.add_heading(document.title, 0)
    file.add_paragraph(document.election)
    file.add_paragraph(document.as_of)
    for block in document.blocks:
        match block:
            case Heading():
                file.add_heading(block.words, block.level)
            case Paragraph():
                file.add_paragraph(block.words)
            case Drawing():
                file.add_picture(io.BytesIO(png(block.svg)), width=Cm(CENTIMETRES))
            case Table():
                _add_table(file, block, document.language)
    made = io.BytesIO()
    file.save(made)
    return made.getvalue()


def _to_a4(file: File) -> None:
    from docx.shared import Cm

    for section in file.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2)


def _add_table(file: File, table: Table, language: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.shared import Pt

    if table.title:
        title = file.add_paragraph()
        title.add_run(table.title).bold = True
        title.paragraph_format.keep_with_next = True
    grid = file.add_table(rows=0, cols=len(table.headings))
    if "Table Grid" in file.styles:
        grid.style = "Table Grid"
    lines = [list(table.headings), *([written(value, language) for value in row] for row in table.rows)]
    for number, line in enumerate(lines):
        row = grid.add_row()
        for column, (cell, words) in enumerate(zip(row.cells, line, strict=True)):
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(words)
            run.font.size, run.bold = Pt(9), number == 0
            paragraph.paragraph_format.space_after = Pt(0)
            if column in table.numbers:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    # Its headings again on each page that it runs on to.
    grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for note in table.notes:
        file.add_paragraph().add_run(note).font.size = Pt(8.5)
    file.add_paragraph()
