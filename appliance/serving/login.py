"""Login: one-time links, passwords, sessions in cookies, forms that only our own pages can send.

A link's page asks for a press of a button before the link is used up: messengers fetch links to draw previews of them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec

from flask import Blueprint, Flask, Response, abort, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from appliance.domain.ticket import Millis
from appliance.doorkeeper.protocol import Role
from appliance.serving.members import RANK, Member, StaffDirectory
from appliance.serving.pages import json_answer
from appliance.serving.passwords import Passwords, flaw
from appliance.serving.security import SAFE_METHODS
from appliance.serving.sessions import ABSOLUTE_MILLIS, SessionStore
from appliance.serving.throttle import Throttle

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,100}")
MAX_NAME: Final = 100


def new_token() -> str:
    """256 random bits, as a cookie carries them."""
    return secrets.token_urlsafe(32)


class Login:
    """The login of one face. `join(app)` adds its pages; `needs(role)` stands on every view that asks for one."""

    def __init__(
        self,
        *,
        directory: StaffDirectory,
        sessions: SessionStore,
        now: Callable[[], Millis],
        monotonic: Callable[[], float] = time.monotonic,
        mint: Callable[[], str] = new_token,
        passwords: Passwords | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self._directory = directory
        self._sessions = sessions
        self._now = now
        self._monotonic = monotonic
        self._mint = mint
        self._passwords = passwords or Passwords()
        self._throttle = throttle or Throttle()

    def join(self, app: Flask) -> None:
        """Adds the pages, the check of every form's token, and `member()` and `form_token()` for templates."""
        pages = Blueprint("login", __name__)
        pages.add_url_rule("/login", view_func=self._ask, methods=["GET"], endpoint="ask")
        pages.add_url_rule("/login", view_func=self._enter, methods=["POST"], endpoint="enter")
        pages.add_url_rule("/login/<token>", view_func=self._show_link, methods=["GET"], endpoint="show_link")
        pages.add_url_rule("/login/<token>", view_func=self._use_link, methods=["POST"], endpoint="use_link")
        needed = self.needs("viewer")
        pages.add_url_rule("/password", view_func=needed(self._ask_password), methods=["GET"], endpoint="ask_password")
        pages.add_url_rule("/password", view_func=needed(self._set_password), methods=["POST"], endpoint="set_password")
        pages.add_url_rule("/logout", view_func=self._leave, methods=["POST"], endpoint="leave")
        app.register_blueprint(pages)
        app.jinja_env.globals.update(member=self.member, form_token=self.form_token)
        app.before_request(self._check_form)
        app.after_request(self._give_form_cookie)

    def member(self) -> Member | None:
        """Who sends this request. Someone taken off the staff, or given another role, is so at the next request."""
        if "member" not in g:
            session = self._sessions.find(token, self._now()) if (token := self._token()) else None
            found = self._directory.find(session.member.name) if session is not None else None
            g.member = (
                found[0] if session is not None and found is not None and found[0].id == session.member.id else None
            )
        return g.member  # type: ignore[no-any-return] # flask.g is untyped

    def needs(self, role: Role) -> Callable[[View[P]], View[P]]:
        """For views: anonymous people get the login page (401 where they asked for JSON or events), lower roles 403."""

        def decorate(view: View[P]) -> View[P]:
            @wraps(view)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
                member = self.member()
                if member is None:
                    return self._send_to_login()
                if RANK[member.role] < RANK[role]:
                    abort(403)
                return view(*args, **kwargs)

            return guarded

        return decorate

    def still_open(self) -> Callable[[], bool]:
        """For a stream: whether this request's session goes on. An open page is in use: it keeps the session alive."""
        token = self._token() or ""
        return lambda: self._sessions.find(token, self._now()) is not None

    def form_token(self) -> str:
        """What every form carries in its field `form`; tied to the session, or to a cookie of its own before login."""
        secret = self._token() or request.cookies.get(self._cookie("form")) or g.get("form_cookie")
        if secret is None:
            secret = g.form_cookie = self._mint()
        return _form_token(secret)

    def _check_form(self) -> None:
        if request.method in SAFE_METHODS:
            return
        secret = self._token() or request.cookies.get(self._cookie("form"))
        given = request.headers.get("X-Form") or request.form.get("form", "")
        if secret is None or not hmac.compare_digest(_form_token(secret).encode(), given.encode("utf-8", "replace")):
            abort(403)

    def _give_form_cookie(self, response: Response) -> Response:
        if "form_cookie" in g:
            self._set_cookie(response, "form", g.form_cookie)
        return response

    def _ask(self) -> ResponseReturnValue:
        if self.member() is not None:
            return redirect(_local(request.args.get("next")), 303)
        return _login_page()

    def _enter(self) -> ResponseReturnValue:
        name = request.form.get("name", "").strip()[:MAX_NAME]
        address = request.remote_addr or ""
        wait = self._throttle.wait(name, address, self._monotonic())
        if wait > 0:
            return _login_page("login.wait", 429, seconds=int(wait) + 1)
        found = self._directory.find(name) if name else None
        password = request.form.get("password", "")
        right = self._passwords.check(found[1] if found is not None else None, password)
        if right is None:
            return _login_page("login.busy", 503)
        if not right or found is None:
            self._throttle.failed(name, address, self._monotonic())
            return _login_page("login.wrong", 401)
        self._throttle.succeeded(name, address)
        member, password_hash = found
        if password_hash is not None and self._passwords.outdated(password_hash):
            renewed = self._passwords.hash(password)
            if renewed is not None:
                self._directory.set_password(member.id, renewed)
        return self._open(member, _local(request.form.get("next")))

    def _show_link(self, token: str) -> ResponseReturnValue:
        return render_template("serving/link.html", known=TOKEN.fullmatch(token) is not None)

    def _use_link(self, token: str) -> ResponseReturnValue:
        """Never throttled: 256 bits can't be guessed, and this is the way in while somebody guesses passwords."""
        member = self._directory.redeem_link(token) if TOKEN.fullmatch(token) else None
        if member is None:
            return render_template("serving/link.html", known=False), 410
        return self._open(member, "/password")

    def _ask_password(self) -> ResponseReturnValue:
        return render_template("serving/password.html", problem=None)

    def _set_password(self) -> ResponseReturnValue:
        member = self.member()
        assert member is not None  # `needs` saw to it
        password = request.form.get("password", "")
        problem = flaw(password, member.name)
        if problem is None and password != request.form.get("again", ""):
            return render_template("serving/password.html", problem="differs"), 400
        if problem is not None:
            return render_template("serving/password.html", problem=problem), 400
        password_hash = self._passwords.hash(password)
        if password_hash is None:
            return render_template("serving/password.html", problem="busy"), 503
        self._directory.set_password(member.id, password_hash)
        self._sessions.end_others(member.id, but=self._token() or "")
        return redirect("/", 303)

    def _leave(self) -> ResponseReturnValue:
        self._sessions.end(self._token() or "")
        response = make_response(redirect("/login", 303))
        self._set_cookie(response, "session", "", ends=0)
        return response

    def _open(self, member: Member, target: str) -> Response:
        self._sessions.end(self._token() or "")
        token = self._mint()
        self._sessions.open(token, member, self._now())
        response = make_response(redirect(target, 303))
        self._set_cookie(response, "session", token, ends=ABSOLUTE_MILLIS // 1000)
        return response

    def _send_to_login(self) -> ResponseReturnValue:
        wants = request.accept_mimetypes.best_match(("text/html", "application/json", "text/event-stream"))
        if wants != "text/html" or request.method not in SAFE_METHODS:
            return json_answer({"error": "login"}, 401)
        return _login_page(None, 401, target=request.full_path.rstrip("?"))

    def _token(self) -> str | None:
        return request.cookies.get(self._cookie("session")) or None

    def _cookie(self, what: str) -> str:
        """Cookies are shared by all ports of a host: each listener has names of its own."""
        prefix = "__Host-" if request.is_secure else ""
        return f"{prefix}{what}-{request.environ.get('SERVER_PORT', '')}"

    def _set_cookie(self, response: Response, what: str, value: str, *, ends: int | None = None) -> None:
        response.set_cookie(
            self._cookie(what),
            value,
            max_age=ends,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
        )


def _form_token(secret: str) -> str:
    return hmac.new(secret.encode("utf-8", "replace"), b"form", hashlib.sha256).hexdigest()


def _login_page(
    problem: str | None = None, status: int = 200, *, target: str | None = None, **filled: Any
) -> ResponseReturnValue:
    target = _local(target or request.values.get("next"))
    name = request.form.get("name", "")[:MAX_NAME]
    page = render_template("serving/login.html", problem=problem, filled=filled, target=target, name=name)
    return page, status


def _local(target: str | None) -> str:
    """A path on this server, never an address elsewhere."""
    plain = target is not None and re.fullmatch(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", target) is not None
    return target if plain and target is not None and not target.startswith("/log") else "/"
