"""What is handed out: the report, figures as drawings and tables, open data, an election's files as spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer
from sqlalchemy.orm import Session

from hub import tabulation
from hub.analysis import releases, tables
from hub.authoring import commands as authoring
from hub.authoring.commands import Sheets
from hub.cli import custody
from hub.cli.terminal import Refusal, opened, say
from hub.context import Hub
from hub.database import reading
from hub.election import placing
from hub.election.definition import Election
from hub.publication import exhibits, office, opendata, pictures, printing
from hub.publication import report as reports
from hub.publication.report import Facts
from hub.publication.words import Words, languages
from hub.reports import history

commands = typer.Typer()
Language = Annotated[str, typer.Option(help=f"one of {', '.join(languages())}; the election's own otherwise")]


@commands.command()
def report(
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="the file to write")],
    kind: Annotated[Literal["pdf", "docx"], typer.Option("--format")] = "pdf",
    language: Language = "",
    template: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="DOCX: whose styles and letterhead are taken")
    ] = None,
    as_of: Annotated[int | None, typer.Option(help="a position of the journal: what could be said then")] = None,
    release: Annotated[int | None, typer.Option(help="a release's number: the figures that were signed")] = None,
) -> None:
    """Writes the findings as a report: method, sample, deployment, every table that may be released, incidents,
    visits, reconciliation."""
    if as_of is not None and release is not None:
        raise Refusal("--as-of or --release: a release has its own position of the journal")
    hub = opened()
    spoken = _spoken(hub, language)
    with reading(hub.engine) as session:
        election, facts = _facts(session, hub, as_of, release)
    document = reports.report(facts, election, spoken)
    try:
        content = printing.pdf(document) if kind == "pdf" else office.office(document, facts.now, template)
    except (pictures.NoTypesetter, office.NoOffice) as error:
        raise Refusal(str(error)) from error
    placing.place(output.parent, {output.name: content})
    say(str(output))


@commands.command()
def export(
    directory: Annotated[Path | None, typer.Argument(exists=True, file_okay=False, help="an election's files")] = None,
    target: Annotated[Path | None, typer.Argument(help="an .xlsx file; a folder for all forms of a checklist")] = None,
    kind: Annotated[Sheets | None, typer.Option("--as", help="which of the election's files")] = None,
    form: Annotated[str, typer.Option(help="the code of one form; all of them go into a folder")] = "",
    open_data: Annotated[
        Path | None, typer.Option(file_okay=False, help="a folder for the observations and their dictionary")
    ] = None,
    codes: Annotated[bool, typer.Option("--codes", help="open data with the observers' codes")] = False,
    findings: Annotated[
        Path | None, typer.Option(file_okay=False, help="a folder for every figure as SVG, PNG, CSV and XLSX")
    ] = None,
    evidence: Annotated[Path | None, typer.Option(help="a folder or a .zip for a court, which verifies it")] = None,
    identities: Annotated[
        bool, typer.Option("--identities", help="evidence with senders' numbers, if a court must know")
    ] = False,
    language: Language = "",
) -> None:
    """Writes open data, the figures that may be released, evidence, or an election's files as spreadsheets."""
    if evidence is not None:
        custody.hand_out(evidence, identities=identities)
        return
    if open_data is None and findings is None:
        if directory is None or target is None or kind is None:
            raise Refusal(
                "say what: --open-data FOLDER, --findings FOLDER, --evidence FILE.zip, or DIR FILE.xlsx --as stations"
            )
        authoring.export(directory, target, kind, form)
        return
    hub = opened()
    if open_data is not None:
        with reading(hub.engine) as session:
            _place(open_data, opendata.files(session, hub.election, codes=codes))
    if findings is not None:
        with reading(hub.engine) as session:
            found = tables.findings(session, hub.election)
        words = Words(hub.election, _spoken(hub, language))
        try:
            _place(findings, dict(_figures(found, words)))
        except pictures.NoTypesetter as error:
            raise Refusal(str(error)) from error


def _facts(session: Session, hub: Hub, as_of: int | None, release: int | None) -> tuple[Election, Facts]:
    """With the election as it was defined then. Refuses what there is not, and a release that cannot be proved."""
    try:
        if release is not None:
            check, basis = releases.check(session, hub.vault, release), releases.basis(session, release)
            if not check.sound:
                raise Refusal(f"release {release} is not what the journal gives: see hub estimate --release {release}")
            return basis.election, reports.released(session, basis)
        if as_of is not None:
            return hub.election, reports.as_of(session, hub.election, as_of)
    except KeyError as error:
        missing = f"there is no release {release}; hub releases lists them"
        until = f"the journal has not been read to position {as_of}; it has been to {history.settled_until(session)}"
        raise Refusal(until if release is None else missing) from error
    return hub.election, reports.gather(session, hub.election, hub.clock())


def _figures(found: tables.Findings, words: Words) -> Iterator[tuple[str, bytes]]:
    for each in exhibits.exhibits(found, words):
        yield f"{each.file}.xlsx", tabulation.as_workbook(each.tables)
        for name, table in zip(("", "-strata"), each.tables, strict=True):
            yield f"{each.file}{name}.csv", tabulation.as_csv(table.headings, table.rows)
        for name, svg in each.drawings.items():
            yield f"{each.file}-{name}.svg", svg.encode()
            yield f"{each.file}-{name}.png", pictures.png(svg)


def _spoken(hub: Hub, language: str) -> str:
    spoken = language or hub.election.default_language
    if spoken not in languages():
        raise Refusal(f"there are no words in {spoken}; --language is one of {', '.join(languages())}")
    return spoken


def _place(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    placing.place(folder, files)
    say(f"{len(files)} files in {folder}")
