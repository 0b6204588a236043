"""A Flask application with what all our pages have: strict headers, capped bodies, shared files, plain error pages."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import msgspec
from flask import Blueprint, Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from appliance.serving.exceptions import DirectoryUnavailable
from appliance.serving.security import secure
from appliance.serving.words import Words, load_words

MAX_BODY_BYTES: Final = 64 * 1024
LOCALES: Final = Path(__file__).parent / "locales"
_OWN_WORDS: Final = frozenset({403, 404, 413, 421, 429, 503})


def page_app(import_name: str, *, words: Words, hosts: Iterable[str], title: str = "") -> Flask:
    """The application of one face.

    `words` are the face's own texts, the shared ones join them; templates see `words`, `title` and `language`, extend
    `serving/page.html`, and load `/shared/base.css` and `/shared/live.js`. `hosts` as in `security.secure`.
    """
    app = Flask(import_name)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES, MAX_FORM_PARTS=50)
    all_words = load_words(LOCALES, words.language).joined(words)
    app.extensions["words"] = all_words
    app.jinja_env.globals.update(words=all_words, language=all_words.language, title=title, member=lambda: None)
    app.register_blueprint(
        Blueprint("shared", __name__, static_folder="static", static_url_path="/shared", template_folder="templates")
    )
    secure(app, hosts=hosts)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(DirectoryUnavailable, _unavailable)

    @app.after_request
    def let_static_be_kept(response: Response) -> Response:
        if request.endpoint in ("shared.static", "static") or (request.endpoint or "").endswith(".static"):
            response.headers["Cache-Control"] = "no-cache"
        return response

    return app


def json_answer(content: Any, status: int = 200) -> Response:
    """`content` as msgspec writes it."""
    return Response(msgspec.json.encode(content), status=status, mimetype="application/json")


def _error_page(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None:
        return error.get_response()  # type: ignore[return-value] # a redirect or a ready answer, as Flask passes it on
    return _answer(status)


def _unavailable(_error: DirectoryUnavailable) -> Response:
    return _answer(503)


def _answer(status: int) -> Response:
    if request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json":
        return json_answer({"error": HTTPStatus(status).phrase}, status)
    said = status if status in _OWN_WORDS else 500
    return Response(render_template("serving/error.html", said=said, status=status), status=status)
