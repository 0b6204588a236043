"""The board's pages: all hubs live, for who is logged in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from flask import Blueprint, Flask, Response, render_template
from flask.typing import ResponseReturnValue

from appliance.central import view
from appliance.central.blackboard import Blackboard
from appliance.serving.events import Channel, Streams, events, latest
from appliance.serving.login import Login
from appliance.serving.pages import page_app
from appliance.serving.words import Words

REFRESH_SECONDS: Final = 1.0
"""A page hears at least this often how old the figures are."""
_FOR_SCRIPT: Final = ("board.", "alarm.", "reason.", "role.", "live.")


def create_board_app(
    *,
    channel: Channel,
    streams: Streams,
    login: Login,
    words: Words,
    title: str,
    hosts: Sequence[str],
    authority: Callable[[], bytes | None],
) -> Flask:
    """`authority` is the box's CA certificate (PEM) if the board has one: people can install it on their phones."""
    pages = Blueprint("board", __name__)

    @pages.get("/")
    @login.needs("viewer")
    def page() -> ResponseReturnValue:
        texts = {key: text for key, text in app.extensions["words"].all().items() if key.startswith(_FOR_SCRIPT)}
        return render_template(
            "central/board.html", texts=msgspec.json.encode(texts).decode(), has_authority=authority() is not None
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
        headers = {"Content-Disposition": 'attachment; filename="central-ca.pem"'}
        return Response(pem, mimetype="application/x-x509-ca-cert", headers=headers)

    app = page_app(__name__, words=words, hosts=hosts, title=title)
    app.register_blueprint(pages)
    login.join(app)
    return app


def publish_board(
    blackboard: Blackboard,
    channel: Channel,
    stop: threading.Event,
    *,
    event: str,
    now: Callable[[], int],
    monotonic: Callable[[], float],
) -> None:
    """Until `stop`: every new picture, and every second the same one older, so that silence is seen in time."""
    version = 0
    while not stop.is_set():
        version = blackboard.wait(version, REFRESH_SECONDS)
        posted = blackboard.read()
        channel.publish(view.board(posted, event=event, monotonic=monotonic(), wall=now()))
