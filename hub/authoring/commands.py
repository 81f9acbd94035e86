"""`hub import`, `hub guide`, and the part of `hub export` that turns an election's files into spreadsheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console

from hub.authoring import guide, headers, plan, printing, registers, sheets, workbooks, xlsform
from hub.authoring.plan import Moved, Upload
from hub.authoring.sheets import Workbook
from hub.election import configuration, placing

commands = typer.Typer()
out = Console()
Directory = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="an election's configuration")]


Sheets = Literal["checklist", "stations", "observers", "staff"]
Map = Annotated[list[str] | None, typer.Option("--map", help="'our column=their header'; '-=theirs' is left out")]
As = Annotated[Sheets, typer.Option("--as", help="what the file holds")]


@commands.command("import")
def import_(
    directory: Directory,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="XLSX or CSV; a checklist is an XLSForm")],
    kind: As,
    told: Map = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask before writing")] = False,
) -> None:
    """Takes a spreadsheet into an election's files: shows what would change, then writes all of it or nothing."""
    agreed = plan.plan(directory, _upload(directory, kind, file, mapping(told)))
    _say(str(agreed))
    if agreed.complaints:
        raise typer.Exit(1)
    if not agreed.changes:
        return
    if not yes and not typer.confirm(f"Write {agreed.upload.file}?"):
        raise typer.Exit(1)
    try:
        plan.carry_out(directory, agreed)
    except Moved as error:
        _say(str(error))
        raise typer.Exit(1) from None


def read(file: Path) -> Workbook:
    """No more of it than is needed to see that it is too much."""
    with file.open("rb") as stream:
        return sheets.read(file.name, stream.read(sheets.LARGEST + 1))


def mapping(told: Sequence[str] | None) -> dict[str, str]:
    """What `--map` says: their header → our column."""
    for pair in told or ():
        if not headers.told([pair]):
            _refuse(f"--map '{pair}' does not say which is which: write 'our column=their header'")
    return headers.told(told or ())


def export(directory: Path, target: Path, kind: Sheets, form: str = "") -> None:
    """Writes a checklist, the frame or a roster as spreadsheets that `hub import` takes back unchanged: an .xlsx file,
    a folder for all forms of a checklist."""
    if kind == "checklist" and not form:
        codes = sorted(path.stem for path in (directory / "forms").glob("*.yaml"))
        target.mkdir(exist_ok=True)
        for code in codes:
            _save(target / f"{code}.xlsx", workbooks.form(directory, code), code)
    elif target.suffix != ".xlsx":
        _refuse(f"{target} is no name of a workbook: end it with .xlsx")
    elif kind == "checklist":
        _save(target, workbooks.form(directory, form), form)
    else:
        _save(target, workbooks.register(directory, kind), kind)


@commands.command("guide")
def print_guide(
    directory: Directory,
    target: Annotated[Path, typer.Argument(help="a folder; one file for each language and kind is put there")],
    only_html: Annotated[bool, typer.Option("--html", help="no PDF, which needs typst")] = False,
) -> None:
    """Prints the observers' pocket guide, a page a form, in every language: HTML and PDF."""
    election = configuration.load(directory).election
    made: dict[str, bytes] = {}
    try:
        for language in election.checklist.languages:
            told = guide.guide(election, language)
            made[f"guide-{language}.html"] = printing.html(told)
            if not only_html:
                made[f"guide-{language}.pdf"] = printing.pdf(told)
    except (guide.NoGuide, printing.NoTypesetter) as error:
        _refuse(str(error))
    placing.place(target, made)
    for name in made:
        _say(str(target / name))


def _upload(directory: Path, kind: Sheets, file: Path, told: Mapping[str, str]) -> Upload:
    workbook = read(file)
    if kind == "checklist":
        return xlsform.read(directory, workbook)
    return registers.read(directory, kind, workbook, told)


def _save(target: Path, content: bytes | None, name: str) -> None:
    if content is None:
        _refuse(f"there is no {name} to export")
    placing.place(target.parent, {target.name: content})
    _say(str(target))


def _refuse(words: str) -> NoReturn:
    _say(words)
    raise typer.Exit(1)


def _say(words: str) -> None:
    out.print(words, markup=False, highlight=False, soft_wrap=True)
