"""Who may see and do what, and the gate before every page: log-in, role, and protection against forged requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request

from hub.accounts import sessions
from hub.accounts.accounts import Account, AccountRole
from hub.accounts.sessions import LoginSession
from hub.context import Hub
from hub.database import reading, writing

Page = Literal["desk", "late", "team", "find", "alerts", "day", "findings", "accounts", "audit", "import", "self"]

# The places of each role in the order of its menu; the first is where it lands. Everybody has "self".
SEES: dict[AccountRole, tuple[Page, ...]] = {
    "operator": ("desk", "late", "alerts", "find"),
    "supervisor": ("desk", "late", "team", "alerts", "find"),
    "coordinator": ("alerts", "late", "day", "find"),
    "head_office": ("day", "findings", "alerts", "desk", "late", "find"),
    "admin": ("day", "findings", "alerts", "desk", "late", "team", "find", "accounts", "audit", "import"),
}
# Where each role may change something.
ACTS: dict[AccountRole, frozenset[Page]] = {
    "operator": frozenset({"desk", "late"}),
    "supervisor": frozenset({"desk", "late", "team"}),
    "coordinator": frozenset({"alerts"}),
    "head_office": frozenset({"alerts"}),
    "admin": frozenset({"desk", "late", "team", "alerts", "accounts", "import"}),
}
COOKIE = "hub_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotLoggedIn(Exception):
    """Nobody is logged in, or not any more. Answered by the way to the log-in page."""


class Forbidden(Exception):
    """The log-in does not allow this. `reason`: role · region · forged."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks for a page. `region`: the only one they may see, "" for all."""

    login: LoginSession
    address: str

    @property
    def account(self) -> Account:
        return self.login.account

    @property
    def sees(self) -> tuple[Page, ...]:
        return SEES[self.account.role]

    @property
    def region(self) -> str:
        return self.account.region if self.account.role == "coordinator" else ""

    def acts(self, page: Page) -> bool:
        return page == "self" or page in ACTS[self.account.role]


def pages(page: Page) -> APIRouter:
    """A router whose every route stands behind the gate of `page`: reading it needs SEES, anything else ACTS."""
    return APIRouter(prefix="" if page == "self" else f"/{page}", dependencies=[Depends(_gate(page))])


def visitor_of(request: Request) -> Visitor:
    visitor: Visitor = request.state.visitor
    return visitor


def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


Caller = Annotated[Visitor, Depends(visitor_of)]
Here = Annotated[Hub, Depends(hub_of)]


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


def _gate(page: Page) -> Callable[[Request, Hub, str], None]:
    def gate(request: Request, hub: Here, token: Annotated[str, Depends(_posted_token)]) -> None:
        visitor = request.state.visitor = _visitor(request, hub)
        if page != "self" and page not in visitor.sees:
            raise Forbidden("role")
        if request.method not in SAFE_METHODS:
            refuse_foreign(request, hub)
            if token != visitor.login.csrf:
                raise Forbidden("forged")
            if not visitor.acts(page):
                raise Forbidden("role")

    return gate


def _visitor(request: Request, hub: Hub) -> Visitor:
    token, now = request.cookies.get(COOKIE), hub.timer()  # an hour's rest is real time
    if not token:
        raise NotLoggedIn
    with reading(hub.engine) as session:
        login = sessions.find(session, token, now)
    if login is None:
        raise NotLoggedIn
    if login.stale(now):
        with writing(hub.engine) as session:
            sessions.touch(session, login.id, now)
    return Visitor(login, address_of(request))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
