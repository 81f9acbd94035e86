"""Who may report and from where, as the pipeline sees them. Pure values; the queries are in `roster`."""

from __future__ import annotations

from hub.values import value


@value
class Station:
    """A polling station of the frame. `voters`: registered voters."""

    id: int
    code: str
    stratum: str
    region: str
    district: str
    voters: int
    sampled: bool


@value
class Person:
    """A registered person. `stations`: codes of the stations this observer is assigned to now.

    `role`: observer · mobile · coordinator · lawyer · head_office · operator. `prefers`: the gateway that answers to
    them leave by, "" for the one they wrote to.
    """

    id: int
    code: str
    role: str
    language: str
    region: str = ""
    stations: tuple[str, ...] = ()
    prefers: str = ""
