"""Evidence and people's data: proving the journal, handing it out, keeping copies, changing keys, destroying."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from hub import audit
from hub.cli.terminal import HERE, Refusal, opened, say
from hub.context import Hub
from hub.custody import bundle, chain, copies, keys, purge, rotation, verification
from hub.custody.verification import Verdict
from hub.database import open_engine, reading, writing
from hub.settings import Settings

PROVED = {
    "journal": "messages",
    "media": "files",
    "bytes": "bytes of files",
    "unreadable": "files sealed with a key that is gone",
    "ruling": "rulings",
    "audit": "deeds",
    "head": "heads",
    "checkpoint": "checkpoints",
}
commands = typer.Typer()


@commands.command()
def verify(
    against: Annotated[
        list[str] | None, typer.Option("--against", "--anchor", help="a checkpoint that somebody else kept")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="another public key that heads were signed with, in hex")
    ] = None,
    checkpoint: Annotated[
        bool, typer.Option("--checkpoint", help="prints the newest head, to be kept on paper")
    ] = False,
) -> None:
    """Proves the journal against its chain, the signed heads and the anchors; names the first thing that is broken."""
    hub = opened()
    if checkpoint:
        _print_checkpoint(hub)
        return
    found = _verdict(hub, against or (), key or ())
    if found.broken:
        raise Refusal(f"BROKEN: {found.broken}")
    proved = ", ".join(f"{name} {found.counts[kind]}" for kind, name in PROVED.items() if found.counts[kind])
    say(f"SOUND: {proved or 'nothing is linked yet'}")
    if found.head:
        say(f"last head: #{found.head.seq}, {found.head.at}")
    if found.waiting:
        say(f"{found.waiting} newer rows are not linked yet: a worker does it within seconds")
    if found.destroyed:
        say(f"of {found.destroyed} messages a purge left no sender; they are still the ones that came")


def _verdict(hub: Hub, against: Iterable[str], key: Iterable[str]) -> Verdict:
    try:
        trusted = [keys.public(keys.opened(hub.settings.evidence_key)), *map(bytes.fromhex, key)]
        with reading(hub.engine) as session:
            return verification.verify(session, hub.vault, hub.election.key, trusted, list(against))
    except ValueError as error:
        raise Refusal(str(error)) from error


def _print_checkpoint(hub: Hub) -> None:
    with reading(hub.engine) as session:
        head = chain.newest(session)
    if head is None:
        raise Refusal("nothing is linked yet; a worker does it: hub work")
    say(f"{hub.election.key} {head}")
    say(f"public key (Ed25519): {keys.public(keys.opened(hub.settings.evidence_key)).hex()}")


def hand_out(evidence: Path, *, identities: bool) -> None:
    """`hub export --evidence`: what was said and done, with what proves it. Anybody can verify it without the hub."""
    hub = opened()
    key = keys.public(keys.opened(hub.settings.evidence_key))
    with writing(hub.engine) as session:
        after = {"file": evidence.name, "identities": identities}
        audit.record(session, "evidence", hub.clock(), subject="evidence", address=HERE, after=after)
    try:
        with reading(hub.engine) as session:
            count = bundle.write(session, hub.vault, hub.election.key, key, evidence, identities=identities)
    except FileExistsError as error:
        raise Refusal(f"{evidence} is there already") from error
    say(f"{count} entries in {evidence}; to verify: python3 -I verify.py")


@commands.command()
def backup(file: Annotated[Path, typer.Argument(help="one that is not there yet")]) -> None:
    """Copies the whole database while the hub works. Keep HUB_SECRET_KEY and the evidence key elsewhere."""
    hub = opened()
    try:
        copy = copies.backup(hub.engine, file)
    except copies.NotPossible as error:
        raise Refusal(str(error)) from error
    with writing(hub.engine) as session:
        after = {"file": file.name, "bytes": copy.size, "sha256": copy.sha256}
        audit.record(session, "backup", hub.clock(), subject="database", address=HERE, after=after)
    say(f"{file}: {copy.size} bytes, sha256 {copy.sha256}")


@commands.command()
def restore(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="what hub backup wrote")]) -> None:
    """Brings a copy back into the empty database of HUB_DATABASE_URL; then prove it: hub verify."""
    try:
        copies.restore(open_engine(Settings().database_url), file)
    except copies.NotPossible as error:
        raise Refusal(str(error)) from error
    hub = opened()
    with writing(hub.engine) as session:
        audit.record(session, "restore", hub.clock(), subject="database", address=HERE, after={"file": file.name})
    say(f"{file} is back; to prove it: hub verify")


@commands.command("rotate-key")
def rotate_key() -> None:
    """Seals everything with HUB_SECRET_KEY that was sealed with HUB_SECRET_KEY_OLD. May be ended and begun again."""
    hub = opened(rotating=True)
    try:
        for step in rotation.rotate(hub, HERE):
            say(step)
    except rotation.NotPossible as error:
        raise Refusal(str(error)) from error
    say("done: take HUB_SECRET_KEY_OLD away. Recovery codes and unused one-time codes must be made anew.")


@commands.command("purge")
def purge_people(
    election: Annotated[str, typer.Option(help="its key, as election.yaml has it")],
    yes: Annotated[bool, typer.Option("--yes", help="this cannot be undone")] = False,
    texts: Annotated[bool, typer.Option("--texts", help="the words of all messages, too")] = False,
) -> None:
    """Destroys names, numbers and log-ins after the election. Figures stay, and hub verify still proves the journal."""
    hub = opened()
    if election != hub.election.key or not yes:
        raise Refusal(f"to destroy who the observers are, say: hub purge --yes --election {hub.election.key}")
    try:
        count = purge.purge(hub, keys.opened(hub.settings.evidence_key), texts=texts, address=HERE)
    except purge.NotPossible as error:
        raise Refusal(str(error)) from error
    say(f"{count} messages have no sender any more")
    say("Now destroy what is elsewhere: HUB_SECRET_KEY, copies of the database, observers.csv, the server's logs.")
