"""Import: what would this spreadsheet change? Uploaded, looked at, then taken whole or not at all."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub import audit
from hub.authoring import headers, uploads
from hub.authoring.uploads import Differs
from hub.console import uploaded
from hub.console.access import Caller, Here, pages
from hub.console.frame import page
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
    return RedirectResponse(f"/import/{uploaded.keep(hub, caller, kind, file)}", 303)


@routes.get("/{upload_id}")
def looked_at(request: Request, caller: Caller, hub: Here, upload_id: int, old: bool = False) -> Response:
    """`old`: something changed since it was last looked at."""
    with reading(hub.engine) as session:
        kept = uploaded.find(session, hub, caller, upload_id)
        preview = uploads.preview(session, hub.vault, uploads.prepare(session, hub.vault, kept))
    told = "\n".join(f"{ours}={theirs}" for theirs, ours in kept.told.items())
    return page(request, "import/preview.html", kept=kept, preview=preview, told=told, old=old)


@routes.post("/{upload_id}/columns")
def name_columns(caller: Caller, hub: Here, upload_id: int, told: Annotated[str, Form()] = "") -> Response:
    """`told`: a line a column, `our column=their header`."""
    with writing(hub.engine) as session:
        kept = uploaded.find(session, hub, caller, upload_id)
        uploads.name_columns(session, kept.id, headers.told(told.splitlines()))
    return RedirectResponse(f"/import/{upload_id}", 303)


@routes.post("/{upload_id}/take")
def take(caller: Caller, hub: Here, upload_id: int, seal: Annotated[str, Form()]) -> Response:
    """`seal` stands for the preview that was looked at."""
    with reading(hub.engine) as session:
        kept = uploaded.find(session, hub, caller, upload_id)
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
    uploaded.forget(hub, caller, upload_id)
    return RedirectResponse("/import", 303)
