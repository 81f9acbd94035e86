"""Import: what would this spreadsheet change? Uploaded, looked at, then taken whole or not at all."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub import audit
from hub.authoring import headers, sheets, uploads
from hub.authoring.uploads import Differs, Kept
from hub.console.access import Caller, Here, pages
from hub.console.frame import page
from hub.context import Hub
from hub.database import reading, writing

routes = pages("import")


@routes.get("")
def asked(request: Request, taken: str = "") -> Response:
    """`taken`: the file that has just been taken."""
    return page(request, "import/page.html", kinds=uploads.KINDS, taken=taken)


@routes.post("")
def upload(caller: Caller, hub: Here, kind: Annotated[str, Form()], file: UploadFile) -> Response:
    if kind not in uploads.KINDS:
        raise HTTPException(422)
    data = file.file.read(sheets.LARGEST + 1)  # one more than is taken tells that it is too much
    with writing(hub.engine) as session:
        name = file.filename or "?"
        upload_id = uploads.keep(session, hub.vault, caller.account.id, kind, name, data, {}, hub.timer())
    return RedirectResponse(f"/import/{upload_id}", 303)


@routes.get("/{upload_id}")
def looked_at(request: Request, caller: Caller, hub: Here, upload_id: int, old: bool = False) -> Response:
    """`old`: something changed since it was last looked at."""
    kept = _kept(hub, caller, upload_id)
    with reading(hub.engine) as session:
        preview = uploads.preview(session, hub.vault, uploads.prepare(session, hub.vault, kept))
    told = "\n".join(f"{ours}={theirs}" for theirs, ours in kept.told.items())
    return page(request, "import/preview.html", kept=kept, preview=preview, told=told, old=old)


@routes.post("/{upload_id}/columns")
def name_columns(caller: Caller, hub: Here, upload_id: int, told: Annotated[str, Form()] = "") -> Response:
    """`told`: a line a column, `our column=their header`."""
    kept = _kept(hub, caller, upload_id)
    with writing(hub.engine) as session:
        uploads.name_columns(session, kept.id, headers.told(told.splitlines()))
    return RedirectResponse(f"/import/{upload_id}", 303)


@routes.post("/{upload_id}/take")
def take(caller: Caller, hub: Here, upload_id: int, seal: Annotated[str, Form()]) -> Response:
    """`seal` stands for the preview that was looked at."""
    kept = _kept(hub, caller, upload_id)
    with reading(hub.engine) as session:
        prepared = uploads.prepare(session, hub.vault, kept)
    try:
        with writing(hub.engine) as session:
            now = hub.clock()
            changes = uploads.take(session, hub.vault, prepared, seal, now)
            uploads.forget(session, kept.id)
            audit.record(
                session,
                "import",
                now,
                account_id=caller.account.id,
                subject=kept.name,
                address=caller.address,
                after={"kind": kept.kind} | {table.table: str(table) for table in changes.tables},
            )
    except Differs:
        return RedirectResponse(f"/import/{upload_id}?old=true", 303)
    return RedirectResponse(f"/import?taken={kept.kind}", 303)


@routes.post("/{upload_id}/forget")
def forget(caller: Caller, hub: Here, upload_id: int) -> Response:
    kept = _kept(hub, caller, upload_id)
    with writing(hub.engine) as session:
        uploads.forget(session, kept.id)
    return RedirectResponse("/import", 303)


def _kept(hub: Hub, caller: Caller, upload_id: int) -> Kept:
    with reading(hub.engine) as session:
        kept = uploads.find(session, hub.vault, upload_id, caller.account.id)
    if kept is None:
        raise HTTPException(404)
    return kept
