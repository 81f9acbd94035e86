"""Coming in and going out, the language, and the small live part of the frame."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from hub import audit
from hub.accounts import accounts, addresses, second_factor, sessions
from hub.accounts.accounts import Attempt, Locked
from hub.accounts.devices import device
from hub.alerts import board
from hub.console import languages
from hub.console.access import COOKIE, Caller, Here, address_of, pages, refuse_foreign
from hub.console.frame import page
from hub.context import Hub
from hub.database import reading, writing
from hub.desk import queue

outside = APIRouter()  # what needs no log-in
halfway = pages("self", step="code")  # what a password alone opens
inside = pages("self")


@outside.get("/login")
def ask(request: Request, next: str = "/") -> Response:
    return page(request, "login.html", next=own_path(next), name="", wrong=None, seconds=0)


@outside.post("/login")
def come_in(
    request: Request,
    hub: Here,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    refuse_foreign(request, hub)
    name, address = name.strip(), address_of(request)
    limit, now = hub.settings.logins_per_address, hub.timer()
    with writing(hub.engine) as session:
        shut = addresses.attempt(session, hub.vault, address, limit, now)
        attempt = shut or accounts.attempt(session, name, now)
    if isinstance(attempt, Attempt) and accounts.verify(attempt, password) and attempt.account_id is not None:
        with writing(hub.engine) as session:
            accounts.holds(session, attempt.account_id)
            addresses.holds(session, hub.vault, address, now)
            if second_factor.has(session, attempt.account_id):
                token = sessions.begin(session, attempt.account_id, address, hub.timer(), device=device_of(request))
                where = f"/me/code?next={quote(own_path(next))}"
            else:
                token = _admit(session, request, hub, attempt.account_id, proof="")
                where = own_path(next)
        return _with_cookie(RedirectResponse(where, 303), COOKIE, token, hub)
    locked = None if isinstance(attempt, Attempt) else attempt
    if not shut:  # else a flood would fill the audit
        with writing(hub.engine) as session:
            audit.record(session, "login_failed", hub.clock(), subject=name[:80], address=address)
    return _refused(request, "login.html", "password", locked, hub, next=next, name=name)


@halfway.get("/me/code")
def ask_code(request: Request, next: str = "/") -> Response:
    return page(request, "me/code.html", next=own_path(next), wrong="", seconds=0)


@halfway.post("/me/code")
def give_code(
    request: Request,
    caller: Caller,
    hub: Here,
    code: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """The second factor: an app's code, or a recovery code. A new token, so that the halfway one is worth nothing."""
    if caller.pending != "code":
        return RedirectResponse(own_path(next), 303)
    account, token = caller.account, ""
    with writing(hub.engine) as session:
        locked = accounts.attempt_code(session, account.id, hub.timer())
        proof = None if locked else second_factor.prove(session, hub.vault, account.id, code, hub.timer())
        if proof:
            sessions.end(session, caller.login.id)
            token = _admit(session, request, hub, account.id, proof)
        else:
            audit.record(session, "code_failed", hub.clock(), account_id=account.id, address=caller.address)
    if token:
        return _with_cookie(RedirectResponse(own_path(next), 303), COOKIE, token, hub)
    return _refused(request, "me/code.html", "code", locked, hub, next=next)


@halfway.post("/logout")
def go_out(caller: Caller, hub: Here) -> Response:
    with writing(hub.engine) as session:
        sessions.end(session, caller.login.id)
        audit.record(session, "logout", hub.clock(), account_id=caller.account.id, address=caller.address)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


@outside.post("/language")
def choose_before_login(
    request: Request, hub: Here, language: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    refuse_foreign(request, hub)
    answer = RedirectResponse(own_path(next), 303)
    return _with_cookie(answer, languages.COOKIE, language, hub) if language in languages.known() else answer


@halfway.post("/me/language")
def choose(caller: Caller, hub: Here, language: Annotated[str, Form()], next: Annotated[str, Form()] = "/") -> Response:
    answer = RedirectResponse(own_path(next), 303)
    if language not in languages.known():
        return answer
    account, now = caller.account, hub.clock()
    with writing(hub.engine) as session:
        accounts.set_language(session, account.id, language)
        audit.record(
            session,
            "language",
            now,
            account_id=account.id,
            address=caller.address,
            before={"language": account.language},
            after={"language": language},
        )
    return _with_cookie(answer, languages.COOKIE, language, hub)


@inside.get("/")
def first_place(caller: Caller) -> Response:
    return RedirectResponse(f"/{caller.sees[0]}", 303)


@inside.get("/pulse")
def pulse(request: Request, caller: Caller, hub: Here) -> Response:
    """The clock and the numbers in the frame, asked for again and again."""
    with reading(hub.engine) as session:
        alerts = board.count(session, hub.election.alerting, region=caller.region)
        waiting = queue.count(session) if "desk" in caller.sees else 0
    return page(request, "pulse.html", alerts=alerts, waiting=waiting)


def seconds_until(locked: Locked | None, hub: Hub) -> int:
    """How long somebody who failed too often has to wait."""
    return max(1, round((locked.until - hub.timer()).total_seconds())) if locked else 0


def device_of(request: Request) -> str:
    return device(request.headers.get("user-agent", ""))


def own_path(wanted: str) -> str:
    """Where to go on: a path of ours, never another site's address."""
    sound = (
        wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\n" not in wanted and "\r" not in wanted
    )
    return wanted if sound else "/"


def _refused(
    request: Request, template: str, wrong: str, locked: Locked | None, hub: Hub, *, next: str, **fields: str
) -> Response:
    """The form again: something was wrong, or too much was and one has to wait."""
    seconds, next = seconds_until(locked, hub), own_path(next)
    if locked is None:
        return page(request, template, status=401, next=next, wrong=wrong, seconds=seconds, **fields)
    answer = page(request, template, status=429, next=next, wrong="locked", seconds=seconds, **fields)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _admit(session: Session, request: Request, hub: Hub, account_id: int, proof: str) -> str:
    """Begins a log-in, with its entry in the audit; returns its token."""
    accounts.admit(session, account_id)
    address, browser = address_of(request), device_of(request)
    after = {"second_factor": proof, "device": browser}
    audit.record(session, "login", hub.clock(), account_id=account_id, address=address, after=after)
    return sessions.begin(session, account_id, address, hub.timer(), device=browser, proved=bool(proof))


def _with_cookie(answer: RedirectResponse, name: str, value: str, hub: Hub) -> Response:
    # Lax, not Strict: a link that a colleague sends must open, not land on the log-in page.
    answer.set_cookie(
        name, value, httponly=True, samesite="lax", secure=hub.settings.public_url.startswith("https:"), path="/"
    )
    return answer
