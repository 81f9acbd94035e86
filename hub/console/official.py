"""Official results by station: uploaded, looked at column by column, taken whole or not at all."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from hub.analysis import reconciliation
from hub.authoring import results, sheets, uploads
from hub.authoring.results import Understood
from hub.authoring.uploads import OFFICIAL, Kept
from hub.console import uploaded
from hub.console.access import Caller, Here, Visitor, pages
from hub.console.frame import page
from hub.context import Hub
from hub.database import reading, writing

routes = pages("findings", act="official")
MOST = 200  # complaints on one page


@routes.get("/official")
def asked(request: Request, hub: Here) -> Response:
    """What is there, and where to upload."""
    form = _form(hub)
    with reading(hub.engine) as session:
        stored = reconciliation.official_stations(session, form)
    return page(request, "findings/official.html", form=form, stored=stored)


@routes.post("/official")
def upload(caller: Caller, hub: Here, file: UploadFile) -> Response:
    _form(hub)
    return RedirectResponse(f"/findings/official/{uploaded.keep(hub, caller, OFFICIAL, file)}", 303)


@routes.get("/official/{upload_id}")
def looked_at(request: Request, caller: Caller, hub: Here, upload_id: int, old: bool = False) -> Response:
    """`old`: something changed since it was last looked at."""
    with reading(hub.engine) as session:
        kept, read = _read(session, hub, caller, upload_id)
    form = hub.election.checklist.form(_form(hub))
    return page(request, "findings/official_preview.html", kept=kept, read=read, form=form, old=old, most=MOST)


@routes.post("/official/{upload_id}/columns")
def name_columns(caller: Caller, hub: Here, upload_id: int, meaning: Annotated[list[str], Form()]) -> Response:
    """`meaning`: of each column of the file in its order, "-" where it is left out."""
    with writing(hub.engine) as session:
        _, read = _read(session, hub, caller, upload_id)
        told = {theirs: ours for theirs, ours in zip(read.header.cells, meaning, strict=False) if theirs}
        uploads.name_columns(session, upload_id, told)
    return RedirectResponse(f"/findings/official/{upload_id}", 303)


@routes.post("/official/{upload_id}/take")
def take(caller: Caller, hub: Here, upload_id: int, seal: Annotated[str, Form()]) -> Response:
    """`seal` stands for the preview that was looked at."""
    with writing(hub.engine) as session:
        kept, read = _read(session, hub, caller, upload_id)
        if read.complaints or read.seal != seal:
            return RedirectResponse(f"/findings/official/{upload_id}?old=true", 303)
        reconciliation.take_official(
            session,
            _form(hub),
            read.results,
            hub.clock(),
            file=kept.name,
            account_id=caller.account.id,
            address=caller.address,
        )
        uploads.forget(session, kept.id)
    return RedirectResponse("/findings/protocols", 303)


@routes.post("/official/{upload_id}/forget")
def forget(caller: Caller, hub: Here, upload_id: int) -> Response:
    uploaded.forget(hub, caller, upload_id, {OFFICIAL})
    return RedirectResponse("/findings/official", 303)


def _read(session: Session, hub: Hub, caller: Visitor, upload_id: int) -> tuple[Kept, Understood]:
    _form(hub)
    kept = uploaded.find(session, hub, caller, upload_id, {OFFICIAL})
    return kept, results.read(session, hub.election, sheets.read(kept.name, kept.data), kept.told)


def _form(hub: Hub) -> str:
    """The protocol's. Without one there is nothing to compare."""
    form = hub.election.analysis.reconciled_form
    if form is None:
        raise HTTPException(404)
    return form
