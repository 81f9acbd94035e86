"""Failed log-ins by the address they come from, whatever the names: somebody who tries one password on each of them.

Counted in the database, so that all web processes share it. Who behind a shared address logs in rightly counts nothing,
and whoever is logged in already is not touched. Behind a proxy the address is the one that the proxy tells, where
FORWARDED_ALLOW_IPS says that it is to be believed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network

from sqlalchemy.orm import Session

from hub import tally
from hub.accounts.accounts import Locked
from hub.vault import Vault

WINDOW = timedelta(minutes=10)


def attempt(session: Session, vault: Vault, address: str, limit: int, now: datetime) -> Locked | None:
    """Counts a log-in as failed before anything of it is looked at; until when nobody gets in from there, if so."""
    counted = _digest(vault, address)
    tally.add(session, {counted: 1}, WINDOW, now)
    told = tally.read(session, [counted], now)[counted]
    return Locked(told.until) if told.count > limit else None


def holds(session: Session, vault: Vault, address: str, now: datetime) -> None:
    """The password was right: that attempt was no failure."""
    tally.add(session, {_digest(vault, address): -1}, WINDOW, now)


def network(address: str) -> str:
    """What one subscriber has: an address, or of IPv6 the 2^64 of them that anybody gets."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))


def _digest(vault: Vault, address: str) -> bytes:
    return vault.digest("log-in from", network(address))
