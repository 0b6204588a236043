"""What a browser may do with our pages: only what they bring themselves. And whose questions are heard at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from flask import Flask, Request, Response, abort, request

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: with that, browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=(), hid=()",
}
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def secure(app: Flask, *, hosts: Iterable[str]) -> None:
    """Puts the headers on every answer, and refuses foreign hosts (421) and posts that other pages caused (403).

    `hosts` are the names by which this box is asked for. Its IP addresses need no mention: a page that rebinds a name
    of its own to our address (DNS rebinding) asks for that name.
    """
    names = frozenset(name.lower().rstrip(".") for name in hosts) | {"localhost"}

    @app.before_request
    def refuse_strangers() -> None:
        if not _is_ours(request.host, names):
            abort(421)
        if request.method not in SAFE_METHODS and not same_origin(request):
            abort(403)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def same_origin(asked: Request) -> bool:
    """Whether the page that sent this is ours. Every browser says so with a post; what doesn't say is refused."""
    origin = asked.headers.get("Origin")
    if origin is not None:
        return origin == f"{asked.scheme}://{asked.host}"
    return asked.headers.get("Sec-Fetch-Site") == "same-origin"


def _is_ours(host: str, names: frozenset[str]) -> bool:
    name = host.rsplit("]", 1)[0].lstrip("[") if host.startswith("[") else host.rsplit(":", 1)[0]
    with suppress(ValueError):
        ipaddress.ip_address(name)
        return True
    return name.lower().rstrip(".") in names
