"""For those who keep the house: the accounts with their log-ins, and the audit."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from hub import audit
from hub.accounts import accounts, second_factor, sessions
from hub.accounts.accounts import Account
from hub.audit import Wanted
from hub.console.access import Caller, Here, Visitor, limits, note, pages
from hub.console.frame import page
from hub.context import Hub
from hub.database import reading, writing

accounts_routes = pages("accounts")
audit_routes = pages("audit")
AT_ONCE = 100  # entries on a page of the audit


@accounts_routes.get("")
def listed(request: Request, hub: Here) -> Response:
    with reading(hub.engine) as session:
        everybody = accounts.listing(session)
        live = sessions.live(session, hub.timer(), limits(hub))
    return page(request, "accounts/page.html", accounts=everybody, live=live)


@accounts_routes.get("/{account_id}")
def opened(request: Request, hub: Here, account_id: int) -> Response:
    return _account_page(request, hub, account_id)


@accounts_routes.post("/{account_id}/revoke")
def revoke(caller: Caller, hub: Here, account_id: int) -> Response:
    """Ends every log-in of an account at once: a phone was lost, a person was detained."""
    with writing(hub.engine) as session:
        account = _found(session, account_id)
        ended = sessions.revoke(session, account_id)
        note(session, caller, hub, "revoke", account.name, before={"log_ins": ended}, after={"log_ins": 0})
    return RedirectResponse(f"/accounts/{account_id}", 303)


@accounts_routes.post("/{account_id}/sessions/{session_id}/end")
def end_one(caller: Caller, hub: Here, account_id: int, session_id: int) -> Response:
    with writing(hub.engine) as session:
        account = _found(session, account_id)
        if not sessions.end_one(session, account_id, session_id):
            raise HTTPException(404)
        note(session, caller, hub, "revoke", account.name, before={"log_in": session_id})
    return RedirectResponse(f"/accounts/{account_id}", 303)


@accounts_routes.post("/{account_id}/password")
def new_password(request: Request, caller: Caller, hub: Here, account_id: int) -> Response:
    """Makes a password, shown this once; its owner has to choose another at the next log-in."""
    with writing(hub.engine) as session:
        account = _found(session, account_id)
        made = accounts.new_password(session, account_id)
        ended = sessions.revoke(session, account_id)
        note(session, caller, hub, "new_password", account.name, after={"log_ins_ended": ended})
    return _account_page(request, hub, account_id, made)


@accounts_routes.post("/{account_id}/second-factor")
def reset_second_factor(caller: Caller, hub: Here, account_id: int) -> Response:
    """The phone is lost and so are the recovery codes: a new one is set up at the next log-in."""
    with writing(hub.engine) as session:
        account = _found(session, account_id)
        second_factor.reset(session, account_id)
        ended = sessions.revoke(session, account_id)
        before, after = {"enrolled": account.enrolled}, {"enrolled": False, "log_ins_ended": ended}
        note(session, caller, hub, "reset_second_factor", account.name, before=before, after=after)
    return RedirectResponse(f"/accounts/{account_id}", 303)


@accounts_routes.post("/{account_id}/disable")
def disable(caller: Caller, hub: Here, account_id: int) -> Response:
    """Nobody can shut themselves out: an election must not lose its last administrator by a slip."""
    if account_id == caller.account.id:
        raise HTTPException(422)
    return _set_disabled(caller, hub, account_id, hub.clock())


@accounts_routes.post("/{account_id}/enable")
def enable(caller: Caller, hub: Here, account_id: int) -> Response:
    return _set_disabled(caller, hub, account_id, None)


@audit_routes.get("")
def audited(
    request: Request,
    hub: Here,
    who: str = "",
    action: str = "",
    q: str = "",
    since: str = "",
    until: str = "",
    before: int = 0,
) -> Response:
    """`since` and `until`: the election's local time as a browser's field sends it. `before`: the page after an id."""
    zone = hub.election.zone
    wanted = Wanted(who.strip(), action, q.strip(), _moment(since, zone), _moment(until, zone))
    with reading(hub.engine) as session:
        entries = audit.recent(session, wanted, before=before, limit=AT_ONCE + 1)
        known = audit.actions(session)
        people = accounts.listing(session)
    asked = {"who": who, "action": action, "q": q, "since": since, "until": until}
    more = len(entries) > AT_ONCE
    older = urlencode({**asked, "before": entries[AT_ONCE - 1].id}) if more else ""
    return page(
        request,
        "audit.html",
        entries=entries[:AT_ONCE],
        asked=asked,
        actions=known,
        people=people,
        older=older,
        newest="" if not before else urlencode(asked),
        searched=wanted != Wanted(),
    )


def _moment(typed: str, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _set_disabled(caller: Visitor, hub: Hub, account_id: int, at: datetime | None) -> Response:
    with writing(hub.engine) as session:
        account = _found(session, account_id)
        accounts.disable(session, account_id, at)
        if at:
            sessions.revoke(session, account_id)
        before, after = {"disabled": account.disabled}, {"disabled": at is not None}
        note(session, caller, hub, "disable" if at else "enable", account.name, before=before, after=after)
    return RedirectResponse(f"/accounts/{account_id}", 303)


def _account_page(request: Request, hub: Hub, account_id: int, password: str = "") -> Response:
    """`password`: one that has just been made."""
    with reading(hub.engine) as session:
        account = _found(session, account_id)
        logins = sessions.of(session, account_id, hub.timer(), limits(hub))
        left = second_factor.recovery_codes_left(session, account_id)
    return page(request, "accounts/one.html", account=account, logins=logins, left=left, password=password)


def _found(session: Session, account_id: int) -> Account:
    account = accounts.find(session, account_id)
    if account is None:
        raise HTTPException(404)
    return account
