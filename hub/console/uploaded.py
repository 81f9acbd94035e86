"""A file that somebody sends, to be looked at before it is taken or forgotten: kept for them alone."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import UploadFile
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from hub.authoring import sheets, uploads
from hub.authoring.uploads import KINDS, Kept
from hub.console.access import Visitor
from hub.context import Hub
from hub.database import writing


def keep(hub: Hub, caller: Visitor, kind: str, file: UploadFile) -> int:
    """Its number. What is wrong with the file is told when it is looked at."""
    data = file.file.read(sheets.LARGEST + 1)  # one more than is taken tells that it is too much
    with writing(hub.engine) as session:
        name = file.filename or "?"
        return uploads.keep(session, hub.vault, caller.account.id, kind, name, data, {}, hub.timer())


def find(session: Session, hub: Hub, caller: Visitor, upload_id: int, kinds: Collection[str] = KINDS) -> Kept:
    kept = uploads.find(session, hub.vault, upload_id, caller.account.id, kinds)
    if kept is None:
        raise HTTPException(404)
    return kept


def forget(hub: Hub, caller: Visitor, upload_id: int, kinds: Collection[str] = KINDS) -> None:
    with writing(hub.engine) as session:
        uploads.forget(session, find(session, hub, caller, upload_id, kinds).id)
