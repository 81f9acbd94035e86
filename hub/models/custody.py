"""The chain over what was said and done, and the signed heads of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class ChainRow(Base):
    """One link. `kind`: journal · media · ruling · audit; `row_id`: the row there.

    `statement`: canonical JSON that commits to the row; `link`: SHA-256(the link before ‖ SHA-256(statement)). `salt`
    hides what may be read by all who have the database; `salt_sealed`, itself sealed, what is about people. What the
    salts hid is beyond guessing once they are destroyed, and the chain still holds.
    """

    __tablename__ = "chain"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    row_id: Mapped[int]
    statement: Mapped[str]
    salt: Mapped[bytes | None]
    salt_sealed: Mapped[bytes | None]
    link: Mapped[bytes]

    __table_args__ = (UniqueConstraint("kind", "row_id"),)


class HeadRow(Base):
    """The chain as it stood, signed (Ed25519) with a key that is not in the database."""

    __tablename__ = "chain_head"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    link: Mapped[bytes]
    signature: Mapped[bytes]
