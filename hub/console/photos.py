"""Photos and documents: a picture that we made ourselves on our pages, and the bytes that came only as a download.

What somebody sent is never opened by a browser in the console's name. Each look is in the audit.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from hub.console.access import Caller, Forbidden, Here, Visitor, note, pages
from hub.context import Hub
from hub.database import writing
from hub.media import archive
from hub.media.archive import File

# Open to whoever may search messages; a held file is asked for by whoever works at the desk.
routes = APIRouter(prefix="/media", dependencies=pages("find").dependencies)
asking = APIRouter(prefix="/media", dependencies=pages("desk").dependencies)
ALONE = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}


@routes.get("/{media_id:int}")
def original(caller: Caller, hub: Here, media_id: int) -> Response:
    """The bytes as they came, with all that the phone wrote beside them: a download, whatever they are."""
    with writing(hub.engine) as session:
        file = _looked_at(session, hub, caller, media_id, "original")
        content = archive.original(session, hub.vault, file)
    disposition = f"attachment; filename*=UTF-8''{quote(file.name)}"
    return Response(
        content, headers=ALONE | {"Content-Disposition": disposition}, media_type="application/octet-stream"
    )


@routes.get("/{media_id:int}/preview")
def preview(caller: Caller, hub: Here, media_id: int) -> Response:
    """Our own picture of it: smaller, and without metadata."""
    with writing(hub.engine) as session:
        file = _looked_at(session, hub, caller, media_id, "preview")
        content = archive.preview(session, hub.vault, file)
    if content is None:
        raise HTTPException(404)
    return Response(content, headers=ALONE | {"Content-Disposition": "inline"}, media_type="image/jpeg")


@asking.post("/{media_id:int}/fetch")
def fetch(caller: Caller, hub: Here, media_id: int) -> Response:
    """Has a file fetched that is held or was lost, and leads back to its message's item, or the desk."""
    with writing(hub.engine) as session:
        file = _visible(archive.one(session, media_id), caller)
        if archive.ask_for(session, media_id, hub.timer()):
            note(session, caller, hub, "fetch_file", f"file {file.id}", after={"state": file.state})
        item = archive.item_of(session, file)
    return RedirectResponse(f"/desk/{item}" if item else "/desk", 303)


def _looked_at(session: Session, hub: Hub, caller: Visitor, media_id: int, what: str) -> File:
    file = _visible(archive.one(session, media_id), caller)
    if file.state != "kept":
        raise HTTPException(404)
    note(session, caller, hub, "look", f"file {file.id}", after={"what": what, "sha256": file.sha256})
    return file


def _visible(file: File | None, caller: Visitor) -> File:
    if file is None:
        raise HTTPException(404)
    if caller.region and caller.region != file.region:
        raise Forbidden("region")
    return file
