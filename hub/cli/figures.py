"""What the hub makes of messages, and the figures that come of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.analysis import evidence, groups, progress, reconciliation, releases, tables
from hub.analysis.evidence import Evidence
from hub.analysis.printed import as_text, figure, reconciled_as_text
from hub.authoring import commands as authoring
from hub.authoring import results
from hub.authoring.commands import Map
from hub.authoring.results import Understood
from hub.cli.terminal import HERE, Refusal, opened, out
from hub.context import Hub
from hub.database import reading, writing
from hub.election import configuration
from hub.election.definition import Election
from hub.intake.readout import reader
from hub.media import export

commands = typer.Typer()


@commands.command()
def read(
    election: Annotated[Path, typer.Option(exists=True, file_okay=False, help="an election's configuration")],
) -> None:
    """Says what the hub would make of messages, without a database: JSON lines in, JSON lines out, in order."""
    loaded = configuration.load(election)
    judge = reader(loaded)
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            answer = judge(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            told = f"standard input, line {number}: {error!r}; a line is {{id, at, channel, sender, text}}"
            raise Refusal(told) from error
        print(json.dumps(answer, ensure_ascii=False))


@commands.command()
def estimate(
    as_json: Annotated[bool, typer.Option("--json", help="for machines; percentages to four decimals")] = False,
    as_of: Annotated[int | None, typer.Option(help="a position of the journal: what could be said then")] = None,
    release: Annotated[int | None, typer.Option(help="a release's number: computed again and compared")] = None,
    by: Annotated[str, typer.Option(help="a part alone: stratum:NAME, region:NAME or group:KEY")] = "",
    over_time: Annotated[str, typer.Option(help="one figure at each minute: OPN.A, a turnout or a ballot")] = "",
) -> None:
    """The estimates with their margins."""
    hub = opened()
    if over_time:
        _over_time(hub, over_time)
        return
    if release is not None:
        _released(hub, release, as_json)
        return
    with reading(hub.engine) as session:
        if as_of is None and not by:
            findings = tables.findings(session, hub.election)
        else:
            known = evidence.now(session) if as_of is None else evidence.as_of(session, hub.election, as_of)
            findings = tables.compute(_part(known, hub.election, by), hub.election)
    if as_json:
        print(json.dumps(findings.as_json(), ensure_ascii=False, indent=1))
    else:
        out.print(as_text(findings, hub.election), markup=False, highlight=False)


@commands.command(name="releases")
def list_releases() -> None:
    """What was released, by whom, from which position of the journal; and the key that proves it."""
    hub = opened()
    with reading(hub.engine) as session:
        found = releases.listing(session)
    for each in found:
        state = f"release {each.number}, signed by {each.signed_by}" if each.number else "proposed, not signed"
        told = (
            f"{state}; by {each.proposed_by}; position {each.position}; {len(each.keys)} tables; sha256 {each.digest}"
        )
        out.print(told, markup=False, highlight=False)
    out.print(f"public key (Ed25519): {hub.vault.public_key.hex()}", markup=False, highlight=False)


def _over_time(hub: Hub, key: str) -> None:
    try:
        with reading(hub.engine) as session:
            moments = progress.progress(session, hub.election, key)
    except KeyError as error:
        raise Refusal(f"there is no figure {key}; one is called like OPN.A, or by its name in analysis.yaml") from error
    for moment in moments:
        told = " · ".join(f"{name} {figure(it)} ({it.n})" for name, it in moment.figures.items())
        out.print(f"{moment.at.astimezone(hub.election.zone):%d %H:%M} {told}", markup=False, highlight=False)


def _part(known: Evidence, election: Election, key: str) -> Evidence:
    if not key:
        return known
    parts = groups.parts(known, election)
    if key not in parts:
        raise Refusal(f"there is no part {key}; there are: {', '.join(parts)}")
    return groups.within(known, parts[key])


def _released(hub: Hub, number: int, as_json: bool) -> None:
    """Refuses where the journal gives another figure than was released, or the signature is not ours."""
    try:
        with reading(hub.engine) as session:
            handed_out, check = releases.frozen(session, number), releases.check(session, hub.vault, number)
    except KeyError as error:
        raise Refusal(f"there is no release {number}") from error
    if as_json:
        print(json.dumps(handed_out, ensure_ascii=False, indent=1))
    if not check.sound:
        signature = "" if check.signed else "the signature is not this hub's over these tables\n"
        raise Refusal(f"{signature}release {number} is not what the journal gives:\n" + "\n".join(check.different))
    if not as_json:
        told = f"release {number}: every figure is the same again, computed from position {check.position}"
        out.print(told, markup=False, highlight=False)


def _taken(hub: Hub, form: str, file: Path, told: dict[str, str]) -> Understood:
    """All of the table, or a refusal that names what is wrong by its cell."""
    with writing(hub.engine) as session:
        read = results.read(session, hub.election, authoring.read(file), told)
        if read.complaints:
            raise Refusal("nothing was taken:\n" + "\n".join(map(str, read.complaints)))
        reconciliation.take_official(session, form, read.results, hub.clock(), file=file.name, address=HERE)
    return read


@commands.command()
def photos(directory: Annotated[Path, typer.Argument(file_okay=False, help="where to write them")]) -> None:
    """Writes all photos without what phones wrote beside them, and a table of what each belongs to."""
    hub = opened()
    with reading(hub.engine) as session:
        count = export.write(session, hub.vault, directory)
    out.print(f"{count} photos and index.csv in {directory}", markup=False, highlight=False)


@commands.command()
def reconcile(
    official: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="XLSX or CSV; without it, what was taken before")
    ] = None,
    told: Map = None,
) -> None:
    """Takes the official results in, where a file is given, and compares the observers' protocols with them."""
    hub = opened()
    form = hub.election.analysis.reconciled_form
    if form is None:
        raise Refusal("analysis.yaml names no reconciled_form: which form is the protocol?")
    if official is not None:
        read = _taken(hub, form, official, authoring.mapping(told))
        columns = "; ".join(f"{read.header.cell(place)} → {name}" for name, place in read.places.items())
        for line in (f"{len(read.results)} stations taken; {columns}", *read.doubts):
            out.print(str(line), markup=False, highlight=False, soft_wrap=True)
    with reading(hub.engine) as session:
        known = evidence.now(session)
        compared = reconciliation.by_station(session, hub.election, known)
        findings = tables.compute(known, hub.election)
        totals = reconciliation.totals(session, hub.election, findings.ratios())
    for line in reconciled_as_text(compared, totals):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
