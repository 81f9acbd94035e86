"""Observers sent elsewhere, accounts linked and cut off, and who may log in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hub import audit
from hub.accounts import accounts, second_factor, sessions
from hub.cli.terminal import HERE, Refusal, opened, out, say
from hub.database import writing
from hub.election.definition import Election
from hub.replies import example
from hub.sample import invitations, links, moves, proofs, replacements, roster
from hub.sample.proofs import Sheet

commands = typer.Typer()
proof = typer.Typer(no_args_is_help=True, help="Codes by which observers prove that a report is theirs.")
account = typer.Typer(no_args_is_help=True, help="Who may log in to the console.")


@commands.command("replace")
def replace_station(
    station: Annotated[str, typer.Argument(help="the drawn station that cannot be observed")],
    by: Annotated[str, typer.Argument(help="the one in its place, of the same stratum")],
    reason: Annotated[str, typer.Option(help="why; published with the estimates")],
) -> None:
    """Observes another station in the place of a drawn one, and marks the estimates that rest on it."""
    hub = opened()
    now = hub.clock()
    with writing(hub.engine) as session:
        replacements.replace(session, station, by, reason, now, address=HERE)
        left = roster.posted(session, station, now)
    say(f"station {by} stands in for {station}")
    for person in left:
        say(f"{person} is still at {station}; to send this observer on: hub move {person} {by}")


@commands.command("move")
def move_observer(
    person: Annotated[str, typer.Argument(help="the observer's code")],
    station: Annotated[str, typer.Argument(help="where the observer is from then on")],
    since: Annotated[
        str, typer.Option("--from", help="the election's local time, like “2021-11-28 13:00”; now if left out")
    ] = "",
) -> None:
    """Sends an observer to another station. Messages count for the station where their sender was when they came."""
    hub = opened()
    now = hub.clock()
    try:
        at = datetime.fromisoformat(since) if since else now
    except ValueError as error:
        raise Refusal(f"“{since}” is no time; one is written like “2021-11-28 13:00”") from error
    at = at if at.tzinfo else at.replace(tzinfo=hub.election.zone)
    with writing(hub.engine) as session:
        moved = moves.move(session, person, station, at, now, address=HERE)
    before = ", ".join(moved.before) or "–"
    say(f"{person}: {before} → {station} from {at.astimezone(hub.election.zone):%Y-%m-%d %H:%M}")


@commands.command("code")
def one_time_code(person: Annotated[str, typer.Argument(help="the person's code")]) -> None:
    """Makes a one-time code with which a person links their Telegram account: /start CODE, within ten minutes."""
    hub = opened()
    with writing(hub.engine) as session:
        made = invitations.invite(session, hub.vault, person, hub.clock(), address=HERE)
    say(f"{person}: {made.code}, until {made.expires_at.astimezone(hub.election.zone):%H:%M}")


@commands.command("unlink")
def unlink_account(person: Annotated[str, typer.Argument(help="the person's code")]) -> None:
    """Cuts off the Telegram account that linked itself to a person, when it is not theirs or they have a new one."""
    hub = opened()
    with writing(hub.engine) as session:
        cut = links.unlink(session, person, hub.clock(), address=HERE)
    say(f"{person}: {cut} cut off")


@proof.command("issue")
def issue_codes(
    output: Annotated[Path, typer.Option("--output", "-o", help="a new file, to be printed: a page for each observer")],
    person: Annotated[list[str] | None, typer.Argument(help="whose codes are made anew; all who have none")] = None,
) -> None:
    """Makes codes, as election.yaml says under proof: a PIN for each observer, or a sheet of codes that are good once.

    They can never be read again: print the file, hand each observer their page, and destroy it.
    """
    hub = opened()
    by = hub.election.proof.by
    if not hub.election.proof.asked:
        raise Refusal("election.yaml asks for no codes: name forms or incidents under proof, and load it")
    if output.exists():
        raise Refusal(f"{output} is there already: name a new file")
    with writing(hub.engine) as session:
        sheets = proofs.issue(session, hub.vault, by, person or (), hub.clock(), address=HERE)
        # Written before it is committed: codes that nobody has must not be in force.
        output.touch(mode=0o600, exist_ok=False)
        output.write_text("\f".join(_page(hub.election, sheet) for sheet in sheets), encoding="utf-8")
    say(f"{len(sheets)} observers' codes are in {output}: print it, hand it out, destroy it")


@proof.command("revoke")
def revoke_codes(person: Annotated[str, typer.Argument(help="the observer's code")]) -> None:
    """Ends an observer's codes, when their sheet is lost; for new ones: hub proof issue."""
    hub = opened()
    with writing(hub.engine) as session:
        ended = proofs.revoke(session, person, hub.clock(), address=HERE)
    say(f"{person}: {ended} codes ended")


@account.command("add")
def add_account(
    name: str,
    role: Annotated[
        str,
        typer.Option(
            help="operator (the desk), supervisor (and its team), coordinator (alerts of one region), lawyer (alerts "
            "and findings), head_office (everything, to read), analyst (figures, nobody's name), admin (everything)"
        ),
    ],
    region: Annotated[str, typer.Option(help="a coordinator's; a lawyer with one sees only that")] = "",
    language: str = "",
) -> None:
    """Adds somebody who may log in, and prints a password made for them, once; they choose their own at first."""
    hub = opened()
    language = language or hub.election.default_language
    with writing(hub.engine) as session:
        password = accounts.create(session, name, role, language, region)
        after = {"role": role, "region": region, "language": language}
        audit.record(session, "account_added", hub.clock(), subject=name, address=HERE, after=after)
    out.print(f"{name}: {password}", markup=False, highlight=False)


@account.command("reset")
def reset_account(name: str) -> None:
    """Makes a new password, printed once, and forgets the second factor: when no administrator can get in either."""
    hub = opened()
    with writing(hub.engine) as session:
        found = accounts.named(session, name)
        if found is None:
            raise Refusal(f"there is no account {name!r}")
        password = accounts.new_password(session, found.id)
        second_factor.reset(session, found.id)
        ended = sessions.revoke(session, found.id)
        before, after = {"enrolled": found.enrolled}, {"enrolled": False, "log_ins_ended": ended}
        audit.record(session, "new_password", hub.clock(), subject=name, address=HERE, before=before, after=after)
    out.print(f"{name}: {password}", markup=False, highlight=False)


def _page(election: Election, sheet: Sheet) -> str:
    """Whose it is, how a code is texted, and the codes."""
    form = election.checklist.by_code.get(next(iter(election.proof.forms), ""))
    lines = "".join(f"{number:>4}.  PIN {code}\n" for number, code in enumerate(sheet.codes, 1))
    return f"{sheet.person}\n\n{example(election, form, None)} … PIN {sheet.codes[0]}\n\n{lines}"
