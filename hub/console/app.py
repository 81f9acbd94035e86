"""The console: its pages, static files, security headers, and what is shown when something cannot be shown."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DataError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.changes import Changes
from hub.console import (
    alerts,
    broadcasts,
    closing,
    day,
    desk,
    exhibits,
    find,
    findings,
    imports,
    incidents,
    keepers,
    late,
    live,
    login,
    me,
    official,
    passing,
    photos,
    posting,
    protocols,
    team,
)
from hub.console.access import COOKIE, SAFE_METHODS, Forbidden, NotLoggedIn, Step, Unfinished
from hub.console.frame import page
from hub.context import Hub

STEP_PAGES: dict[Step, str] = {"code": "/me/code", "password": "/me/password", "enrol": "/me/second-factor"}
STATIC = Path(__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

HTTPS_ONLY = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}  # two years


def mount(app: FastAPI, hub: Hub) -> None:
    """Puts the console at `/`. Call it last: it answers, with its own page, whatever no route before it took."""
    pages = console(hub)
    app.state.changes = pages.state.changes
    app.mount("", pages)


def console(hub: Hub) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.hub = hub
    app.state.changes = Changes(hub.engine)
    app.state.streams = Counter[int]()
    for routes in (
        login.outside,
        login.halfway,
        login.inside,
        me.routes,
        me.password_routes,
        me.enrolment_routes,
        live.routes,
        desk.routes,
        closing.routes,
        passing.routes,
        photos.routes,
        photos.asking,
        protocols.routes,
        official.routes,
        late.routes,
        team.routes,
        find.routes,
        posting.routes,
        alerts.routes,
        alerts.checking,
        alerts.sorting,
        incidents.routes,
        incidents.checking,
        incidents.publishing,
        day.routes,
        findings.routes,
        exhibits.routes,
        imports.routes,
        broadcasts.routes,
    ):
        app.include_router(routes)
    app.include_router(keepers.accounts_routes)
    app.include_router(keepers.audit_routes)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_exception_handler(NotLoggedIn, _to_login)
    app.add_exception_handler(Unfinished, _to_step)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _not_understood)
    for out_of_bounds in (OverflowError, DataError):  # a number in an address that no database holds
        app.add_exception_handler(out_of_bounds, _not_understood)
    app.add_exception_handler(500, _failed)
    app.add_middleware(SecurityHeaders, https=hub.settings.public_url.startswith("https:"))
    return app


class SecurityHeaders:
    """Adds HEADERS to every answer. Pages are never kept by a cache: other people use the same machine."""

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self.app = app
        self.headers = HEADERS | (HTTPS_ONLY if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        static = scope.get("path", "").startswith("/static/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)  # a photo has a stricter policy of its own
                headers["Cache-Control"] = "no-cache" if static else "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _to_login(request: Request, _error: Exception) -> Response:
    answer = _sent_to("/login", request)
    if isinstance(answer, RedirectResponse):
        answer.delete_cookie(COOKIE)
    return answer


def _to_step(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unfinished)
    return _sent_to(STEP_PAGES[error.step], request)


def _sent_to(path: str, request: Request) -> Response:
    """To a page that leads back here afterwards."""
    # After a change there is nothing to come back to: a form cannot be sent again by a link.
    page_before = request.headers.get("hx-current-url") or request.headers.get("referer", "/")
    asked_for_a_page = request.method in SAFE_METHODS and "hx-request" not in request.headers
    back = urlsplit(request.url.path if asked_for_a_page else page_before)
    where = f"{path}?next={quote(back.path)}" if back.path != "/" else path
    if request.headers.get("hx-request"):
        return Response(status_code=200, headers={"HX-Redirect": where})
    return RedirectResponse(where, 303)


def _forbidden(request: Request, error: Exception) -> Response:
    assert isinstance(error, Forbidden)
    return page(request, "error.html", status=403, code=403, reason=error.reason)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return page(request, "error.html", status=error.status_code, code=error.status_code, reason="")


def _not_understood(request: Request, _error: Exception) -> Response:
    return page(request, "error.html", status=422, code=422, reason="")


def _failed(request: Request, _error: Exception) -> Response:
    return page(request, "error.html", status=500, code=500, reason="")
