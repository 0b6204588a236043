"""The staff page: the hub's live figures, for who is logged in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from flask import Blueprint, Flask, Response, render_template
from flask.typing import ResponseReturnValue

from appliance.serving.events import Channel, Streams, events, latest
from appliance.serving.login import Login
from appliance.serving.pages import page_app
from appliance.serving.words import Words


def create_staff_app(
    *,
    channel: Channel,
    streams: Streams,
    login: Login,
    words: Words,
    title: str,
    timezone: str,
    hosts: Sequence[str],
    authority: Callable[[], bytes | None],
) -> Flask:
    """`authority` is the box's CA certificate (PEM) if its pages have one: staff can install it on their phones."""
    pages = Blueprint("staff", __name__)

    @pages.get("/")
    @login.needs("viewer")
    def board() -> ResponseReturnValue:
        shared = {key: text for key, text in app.extensions["words"].all().items() if key.startswith(_FOR_SCRIPT)}
        return render_template(
            "web/staff.html",
            texts=msgspec.json.encode(shared).decode(),
            timezone=timezone,
            has_authority=authority() is not None,
        )

    @pages.get("/events")
    @login.needs("viewer")
    def live_events() -> ResponseReturnValue:
        return events(channel, streams, alive=login.still_open())

    @pages.get("/state.json")
    @login.needs("viewer")
    def state() -> ResponseReturnValue:
        return latest(channel)

    @pages.get("/box-ca.pem")
    @login.needs("viewer")
    def certificate() -> ResponseReturnValue:
        pem = authority()
        if pem is None:
            return Response(status=404)
        return Response(
            pem,
            mimetype="application/x-x509-ca-cert",
            headers={"Content-Disposition": 'attachment; filename="box-ca.pem"'},
        )

    app = page_app(__name__, words=words, hosts=hosts, title=title)
    app.register_blueprint(pages)
    login.join(app)
    return app


_FOR_SCRIPT = ("staff.", "reason.", "box.", "source.", "live.")
