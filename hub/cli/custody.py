"""Evidence and people's data: proving the journal, handing it out, keeping copies, changing keys, destroying."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from hub import audit
from hub.cli.terminal import HERE, Refusal, opened, say
from hub.context import Hub
from hub.custody import bundle, chain, keys, verification
from hub.custody.verification import Verdict
from hub.database import reading, writing

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
    proved = ", ".join(f"{count} {kind}" for kind, count in sorted(found.counts.items()))
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


@commands.command()
def export(
    evidence: Annotated[Path, typer.Option(help="a directory or a .zip that is not there yet")],
    identities: Annotated[
        bool, typer.Option("--identities", help="with senders' numbers and raw payloads: for a court that must know")
    ] = False,
) -> None:
    """Writes what was said and done, with what proves it: anybody can verify it without the hub."""
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
