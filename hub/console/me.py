"""My own account: where I am logged in, my password, my second factor."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from hub.accounts import accounts, passwords, second_factor, sessions, totp
from hub.accounts.accounts import Attempt, Locked
from hub.console.access import Caller, Here, Visitor, limits, note, pages
from hub.console.frame import page
from hub.console.login import own_path, seconds_until
from hub.context import Hub
from hub.database import reading, writing

routes = pages("self")
password_routes = pages("self", step="password")
enrolment_routes = pages("self", step="enrol")


@routes.get("/me")
def shown(request: Request, caller: Caller, hub: Here, done: str = "") -> Response:
    account = caller.account
    with reading(hub.engine) as session:
        logins = sessions.of(session, account.id, hub.timer(), limits(hub))
        left = second_factor.recovery_codes_left(session, account.id)
    return page(request, "me/page.html", logins=logins, left=left, done=done)


@routes.post("/me/sessions/others")
def end_others(caller: Caller, hub: Here) -> Response:
    with writing(hub.engine) as session:
        ended = sessions.revoke(session, caller.account.id, but=caller.login.id)
        note(session, caller, hub, "revoke", caller.account.name, before={"log_ins": ended + 1})
    return RedirectResponse("/me", 303)


@routes.post("/me/sessions/{session_id}/end")
def end_one(caller: Caller, hub: Here, session_id: int) -> Response:
    with writing(hub.engine) as session:
        if not sessions.end_one(session, caller.account.id, session_id):
            raise HTTPException(404)
        note(session, caller, hub, "revoke", caller.account.name, before={"log_in": session_id})
    return RedirectResponse("/me", 303)


@password_routes.get("/me/password")
def ask_password(request: Request, next: str = "/me") -> Response:
    return _password_page(request, next, "")


@password_routes.post("/me/password")
def change_password(
    request: Request,
    caller: Caller,
    hub: Here,
    current: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/me",
) -> Response:
    """A new password ends every other log-in: whoever knew the old one is out."""
    refusal = passwords.weakness(wanted, caller.account.name) or ("same" if wanted == current else "")
    if refusal:
        return _password_page(request, next, refusal, status=422)
    locked = _wrong_password(hub, caller, current)
    if locked is not None:
        return _password_page(request, next, "locked" if locked else "wrong", status=401, seconds=locked)
    made = accounts.hashed(wanted)
    with writing(hub.engine) as session:
        accounts.set_password(session, caller.account.id, made)
        ended = sessions.revoke(session, caller.account.id, but=caller.login.id)
        note(session, caller, hub, "password", after={"log_ins_ended": ended})
    return RedirectResponse(own_path(next), 303)


@enrolment_routes.get("/me/second-factor")
def ask_second_factor(request: Request, caller: Caller, next: str = "/me") -> Response:
    return _enrolment_page(request, next, "again" if caller.account.enrolled else "first")


@enrolment_routes.post("/me/second-factor")
def begin_second_factor(
    request: Request,
    caller: Caller,
    hub: Here,
    current: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/me",
) -> Response:
    """Shows the QR, this once. Who has a second factor already gives the password: somebody else may sit there now."""
    account = caller.account
    if account.enrolled and (locked := _wrong_password(hub, caller, current)) is not None:
        wrong = "locked" if locked else "wrong"
        return _enrolment_page(request, next, "again", wrong=wrong, status=401, seconds=locked)
    with writing(hub.engine) as session:
        secret = second_factor.begin(session, hub.vault, account.id)
    qr = segno.make(totp.uri(secret, account.name, _issuer(hub)), error="m")
    picture = qr.svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
    return _enrolment_page(request, next, "scan", picture=picture, spelled=totp.spelled(secret))


@enrolment_routes.post("/me/second-factor/confirm")
def confirm_second_factor(
    request: Request,
    caller: Caller,
    hub: Here,
    code: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/me",
) -> Response:
    """The first code proves that the phone has the secret; the recovery codes are shown, this once."""
    account, codes = caller.account, None
    with writing(hub.engine) as session:
        locked = accounts.attempt_code(session, account.id, hub.timer())
        if not locked:
            codes = second_factor.confirm(session, hub.vault, account.id, code, hub.timer())
        if codes:
            accounts.admit(session, account.id)
            sessions.prove(session, caller.login.id)
            ended = sessions.revoke(session, account.id, but=caller.login.id)
            before, after = {"enrolled": account.enrolled}, {"enrolled": True, "log_ins_ended": ended}
            note(session, caller, hub, "second_factor", before=before, after=after)
    if codes is None:
        wrong, seconds = ("locked", seconds_until(locked, hub)) if locked else ("code", 0)
        return _enrolment_page(request, next, "confirm", wrong=wrong, status=401, seconds=seconds)
    return page(request, "me/recovery.html", codes=codes, next=own_path(next))


def _wrong_password(hub: Hub, caller: Visitor, password: str) -> int | None:
    """None if it is right; else the seconds to wait, 0 for none yet. Slowed as at the log-in."""
    with writing(hub.engine) as session:
        attempt = accounts.attempt(session, caller.account.name, hub.timer())
    if isinstance(attempt, Locked):
        return seconds_until(attempt, hub)
    assert isinstance(attempt, Attempt)
    if not accounts.verify(attempt, password):
        with writing(hub.engine) as session:
            note(session, caller, hub, "login_failed", caller.account.name)
        return 0
    with writing(hub.engine) as session:
        accounts.admit(session, caller.account.id)
    return None


def _password_page(request: Request, next: str, wrong: str, *, status: int = 200, seconds: int = 0) -> Response:
    values = {"wrong": wrong, "seconds": seconds, "least": passwords.LENGTH, "next": own_path(next)}
    return page(request, "me/password.html", status=status, **values)


def _enrolment_page(
    request: Request,
    next: str,
    stage: str,
    *,
    wrong: str = "",
    status: int = 200,
    seconds: int | None = 0,
    picture: str = "",
    spelled: str = "",
) -> Response:
    """`stage`: first · again (the password is asked) · scan (the QR is shown) · confirm (it was)."""
    values = {"stage": stage, "wrong": wrong, "seconds": seconds, "picture": picture, "spelled": spelled}
    return page(request, "me/second_factor.html", status=status, next=own_path(next), **values)


def _issuer(hub: Hub) -> str:
    """What the app shows above the code. A colon would end it."""
    name = hub.election.name.get(hub.election.default_language) or next(iter(hub.election.name.values()))
    return name.replace(":", " ")
