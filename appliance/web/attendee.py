"""The attendee screen: a picture to aim by, then the verdict. Nobody logs in: it is for the box's own display."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from flask import Blueprint, Flask, Response, render_template, request
from flask.typing import ResponseReturnValue

from appliance.serving.events import Channel, Streams, events, latest
from appliance.serving.pages import page_app
from appliance.serving.scan_link import PreviewFeed
from appliance.serving.words import Words

PICTURE_WAIT_SECONDS: Final = 2.0
MAX_ASKING_FOR_PICTURES: Final = 6


class ShownNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page has painted the verdict on `nonce`, `ms` after the camera saw the code (negative: unknown)."""

    nonce: str
    ms: float = -1.0


def create_attendee_app(
    *,
    channel: Channel,
    streams: Streams,
    preview: PreviewFeed,
    on_shown: Callable[[ShownNote], None],
    words: Sequence[Words],
    title: str,
    hosts: Sequence[str],
) -> Flask:
    """`words` are the languages that the screen shows at once, the most important first."""
    pages = Blueprint("attendee", __name__)
    asking = Streams(MAX_ASKING_FOR_PICTURES)

    @pages.get("/")
    def screen() -> ResponseReturnValue:
        return render_template("web/attendee.html", all_words=words)

    @pages.get("/events")
    def live_events() -> Response:
        return events(channel, streams)

    @pages.get("/state.json")
    def state() -> Response:
        return latest(channel)

    @pages.get("/preview.jpg")
    def picture() -> ResponseReturnValue:
        """The picture after number `after`, as soon as there is one; 204 if there is none for a while."""
        if not asking.enter():
            return Response(status=503)
        try:
            found = preview.frame_after(request.args.get("after", 0, type=int), PICTURE_WAIT_SECONDS)
        finally:
            asking.leave()
        if found is None:
            return Response(status=204)
        number, jpeg = found
        return Response(jpeg, mimetype="image/jpeg", headers={"X-Picture": str(number)})

    @pages.post("/shown")
    def shown() -> ResponseReturnValue:
        try:
            note = msgspec.json.decode(request.get_data(cache=False), type=ShownNote)
        except msgspec.DecodeError:
            return Response(status=400)
        on_shown(note)
        return Response(status=204)

    app = page_app(__name__, words=words[0], hosts=hosts, title=title)
    app.register_blueprint(pages)
    return app
