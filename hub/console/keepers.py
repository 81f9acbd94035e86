"""For those who keep the house: the accounts with their log-ins, and the audit."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub import audit
from hub.accounts import accounts, sessions
from hub.console.access import Caller, Here, pages
from hub.console.frame import page
from hub.database import reading, writing

accounts_routes = pages("accounts")
audit_routes = pages("audit")


@accounts_routes.get("")
def listed(request: Request, hub: Here) -> Response:
    with reading(hub.engine) as session:
        everybody = accounts.listing(session)
        live = sessions.live(session, hub.timer())
    return page(request, "accounts.html", accounts=everybody, live=live)


@accounts_routes.post("/{account_id}/revoke")
def revoke(caller: Caller, hub: Here, account_id: int) -> Response:
    """Ends every log-in of an account at once: a phone was lost, a person was detained."""
    now = hub.clock()
    with writing(hub.engine) as session:
        account = accounts.find(session, account_id)
        if account is None:
            raise HTTPException(404)
        ended = sessions.revoke(session, account_id)
        audit.record(
            session,
            "revoke",
            now,
            account_id=caller.account.id,
            subject=account.name,
            address=caller.address,
            after={"ended": ended},
        )
    return RedirectResponse("/accounts", 303)


@audit_routes.get("")
def audited(request: Request, hub: Here, who: str = "", action: str = "") -> Response:
    with reading(hub.engine) as session:
        entries = audit.recent(session, who=who, action=action)
    return page(request, "audit.html", entries=entries, who=who, action=action)
