"""Who may see and do what, and the gate before every page: log-in, second factor, role, and against forged requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session

from hub import audit
from hub.accounts import sessions
from hub.accounts.accounts import Account, AccountRole
from hub.accounts.sessions import Limits, LoginSession
from hub.context import Hub
from hub.database import reading, writing

Page = Literal[
    "desk", "late", "team", "find", "alerts", "day", "findings", "accounts", "audit", "import", "broadcasts", "self"
]  # fmt: skip
# What may be done on a page besides: on alerts, verifying and calling for help, sorting them; publishing incidents;
# on findings, proposing a release, signing it, taking official results in; on what was found, posting people and
# stations elsewhere.
Act = Literal["verify", "sort", "publish", "propose", "sign", "official", "post"]

# What is still to be done after the password, in this order, before any other page opens.
Step = Literal["code", "password", "enrol"]
STEPS: tuple[Step, ...] = get_args(Step)

# The places of each role in the order of its menu; the first is where it lands. Everybody has "self".
SEES: dict[AccountRole, tuple[Page, ...]] = {
    "operator": ("desk", "late", "alerts", "find"),
    "supervisor": ("desk", "late", "team", "alerts", "find", "broadcasts"),
    "coordinator": ("alerts", "late", "day", "find"),
    "lawyer": ("alerts", "findings", "find"),
    "head_office": ("day", "findings", "alerts", "desk", "late", "find", "broadcasts"),
    "analyst": ("day", "findings"),  # figures: no code of a person, no message, no digit of a number
    "admin": ("day", "findings", "alerts", "desk", "late", "team", "find", "accounts", "audit", "import", "broadcasts"),
}
# Where each role may change something.
ACTS: dict[AccountRole, frozenset[Page | Act]] = {
    "operator": frozenset({"desk", "late", "verify"}),
    "supervisor": frozenset({"desk", "late", "team", "verify", "sort", "broadcasts", "post"}),
    "coordinator": frozenset({"alerts", "verify"}),
    "lawyer": frozenset({"alerts", "verify"}),
    "head_office": frozenset(
        {"findings", "propose", "sign", "official", "alerts", "verify", "sort", "publish", "broadcasts", "post"}
    ),
    "analyst": frozenset({"findings", "propose"}),
    "admin": frozenset(get_args(Page)) - {"self", "day", "find", "audit"}
    | {"verify", "sort", "publish", "sign", "official", "post"},
}
REGIONAL: frozenset[AccountRole] = frozenset({"coordinator", "lawyer"})  # who sees one region, where one is named
COOKIE = "hub_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotLoggedIn(Exception):
    """Nobody is logged in, or not any more. Answered by the way to the log-in page."""


class Unfinished(Exception):
    """The password was right, and `step` is still to be done. Answered by the way there."""

    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self.step = step


class Forbidden(Exception):
    """The log-in does not allow this. `reason`: role · region · forged."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks for a page. `region`: the only one they may see, "" for all. `pending`: what they must do first."""

    login: LoginSession
    address: str
    pending: Step | None = None

    @property
    def account(self) -> Account:
        return self.login.account

    @property
    def sees(self) -> tuple[Page, ...]:
        return () if self.pending else SEES[self.account.role]

    @property
    def region(self) -> str:
        return self.account.region if self.account.role in REGIONAL else ""

    def acts(self, page: Page | Act) -> bool:
        return page == "self" or page in ACTS[self.account.role]


def pages(page: Page, step: Step | None = None, act: Act | None = None) -> APIRouter:
    """A router whose every route stands behind the gate of `page`: reading it needs SEES, anything else ACTS, of the
    page or of the `act` that is named.

    Nobody gets there with a step to do, or, where `step` is named, with one to do before that.
    """
    return APIRouter(prefix="" if page == "self" else f"/{page}", dependencies=[Depends(_gate(page, step, act))])


def limits(hub: Hub) -> Limits:
    """How long a log-in holds."""
    settings = hub.settings
    return Limits(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours))


def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


# Asynchronous though nothing is waited for: else FastAPI asks a thread for each.
async def _caller(request: Request) -> Visitor:
    visitor: Visitor = request.state.visitor
    return visitor


async def _here(request: Request) -> Hub:
    return hub_of(request)


Caller = Annotated[Visitor, Depends(_caller)]
Here = Annotated[Hub, Depends(_here)]


def note(
    session: Session,
    caller: Visitor,
    hub: Hub,
    action: str,
    subject: str = "",
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Into the audit, in the transaction of what it tells about: what the caller did with what, and from where."""
    audit.record(
        session,
        action,
        hub.clock(),
        account_id=caller.account.id,
        subject=subject,
        address=caller.address,
        before=before,
        after=after,
    )


def refuse_foreign(request: Request, hub: Hub) -> None:
    """A change must be asked for by our own pages. Raises `Forbidden`; without either header it is nobody's browser."""
    site = request.headers.get("sec-fetch-site")
    if site is None:  # browsers leave it out where the page itself came over plain HTTP
        own = {_origin(hub.settings.public_url), f"{request.url.scheme}://{request.url.netloc}"}
        site = "same-origin" if request.headers.get("origin") in own else "cross-site"
    if site != "same-origin":
        raise Forbidden("forged")


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


async def _posted_token(request: Request) -> str:
    if request.method in SAFE_METHODS:
        return ""
    field = request.headers.get("x-csrf") or (await request.form()).get("csrf")
    return field if isinstance(field, str) else ""


def _gate(page: Page, step: Step | None, act: Act | None) -> Callable[[Request, Hub, str], None]:
    def gate(request: Request, hub: Here, token: Annotated[str, Depends(_posted_token)]) -> None:
        visitor = request.state.visitor = _visitor(request, hub)
        pending = visitor.pending
        if pending and (step is None or STEPS.index(pending) < STEPS.index(step)):
            raise Unfinished(pending)
        if page != "self" and page not in visitor.sees:
            raise Forbidden("role")
        if request.method not in SAFE_METHODS:
            refuse_foreign(request, hub)
            if token != visitor.login.csrf:
                raise Forbidden("forged")
            if not visitor.acts(act or page):
                raise Forbidden("role")

    return gate


def _visitor(request: Request, hub: Hub) -> Visitor:
    token, now = request.cookies.get(COOKIE), hub.timer()  # an hour's rest is real time
    if not token:
        raise NotLoggedIn
    with reading(hub.engine) as session:
        login = sessions.find(session, token, now, limits(hub))
    if login is None:
        raise NotLoggedIn
    if login.stale(now) and not _by_itself(request):
        with writing(hub.engine) as session:
            sessions.touch(session, login.id, now)
    return Visitor(login, address_of(request), _pending(login, hub))


def _by_itself(request: Request) -> bool:
    """Asked by a page that keeps itself up to date: nobody has to be there for that."""
    return "x-have" in request.headers or request.url.path == "/events"


def _pending(login: LoginSession, hub: Hub) -> Step | None:
    account = login.account
    if account.enrolled and not login.proved:
        return "code"
    if account.must_change:
        return "password"
    return "enrol" if hub.settings.second_factor == "required" and not account.enrolled else None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
