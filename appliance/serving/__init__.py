"""What the pages of web and central share: server, certificates, login, security headers, live events.

    app = page_app(__name__, words=words, hosts=names)   pages.py: Flask, strict headers, shared files below /shared/
    login = Login(directory=…, sessions=…, now=…)        login.py: /login, /login/<token>, /password, /logout
    login.join(app); @login.needs("viewer")              on every view that is not for everyone
    channel.publish(state); events(channel, streams)     events.py: server-sent events, the newest state wins
    PageServer(app, host, port, tls=…).start()           server.py: cheroot; TLS beyond loopback

A page's script imports `live` from /shared/live.js: it gets every state, by events or by polling, and learns when neither
works.
"""

from __future__ import annotations

from appliance.serving.certificates import BoxCertificates, TlsFiles, box_names, fingerprint
from appliance.serving.deadly import start_deadly
from appliance.serving.events import Channel, Streams, events, latest
from appliance.serving.exceptions import DirectoryUnavailable, ServingError
from appliance.serving.login import Login
from appliance.serving.members import Member, StaffDirectory
from appliance.serving.metrics import start_metrics
from appliance.serving.pages import page_app
from appliance.serving.server import PageServer
from appliance.serving.sessions import SessionStore
from appliance.serving.words import Words, languages, load_words

__all__ = [
    "BoxCertificates",
    "Channel",
    "DirectoryUnavailable",
    "Login",
    "Member",
    "PageServer",
    "ServingError",
    "SessionStore",
    "StaffDirectory",
    "Streams",
    "TlsFiles",
    "Words",
    "box_names",
    "events",
    "fingerprint",
    "languages",
    "latest",
    "load_words",
    "page_app",
    "start_deadly",
    "start_metrics",
]
