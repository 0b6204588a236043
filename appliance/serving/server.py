"""The WSGI server: cheroot with as many threads as there may be open streams and then some, TLS beyond loopback.

Cheroot's own TLS adapter shakes hands in the accepting thread, where one silent client stops everybody; ours does it in
the worker. One address can't take every thread, and nothing waits when the queue is full.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import queue
import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from cheroot import wsgi
from cheroot.makefile import MakeFile
from cheroot.server import HTTPConnection
from cheroot.ssl import Adapter
from cheroot.workers.threadpool import ThreadPool

from appliance.serving.certificates import TlsFiles
from appliance.serving.deadly import start_deadly
from appliance.serving.exceptions import ServingError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

THREADS: Final = 64
MAX_BODY_BYTES: Final = 64 * 1024
MAX_HEADER_BYTES: Final = 16 * 1024
IDLE_SECONDS: Final = 10
STOP_SECONDS: Final = 0.7
WAITING_CONNECTIONS: Final = 128

_SAY_HTTPS: Final = b"This address speaks HTTPS only: write https:// before it\n"
_PLAIN_HTTP: Final = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    % (len(_SAY_HTTPS), _SAY_HTTPS)
)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    with suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


class PageServer:
    """Serves `app` from `start()` to `stop()` in threads of its own.

    `port` 0 finds a free one; `before_stop` is where open streams are told to end (`Channel.close`). Raises
    ServingError for an address beyond loopback without `tls`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        host: str,
        port: int,
        *,
        threads: int = THREADS,
        tls: TlsFiles | None = None,
        before_stop: Callable[[], None] | None = None,
        dies: Callable[[BaseException], None] | None = None,
    ) -> None:
        if tls is None and not is_loopback(host):
            reason = f"pages beyond loopback are HTTPS alone: {host}:{port} needs a certificate, or listen on 127.0.0.1"
            raise ServingError(reason)
        self.host = host
        self.secure = tls is not None
        self._asked_port = port
        self._before_stop = before_stop
        self._dies = dies
        self._server = _Server((host, port), app, threads)
        self._tls: ssl.SSLContext | None = None
        if tls is not None:
            self._tls = _context(tls)
            self._server.ssl_adapter = _LazyTls(self._tls)

    @property
    def port(self) -> int:
        """The bound one; 0 before `start()`."""
        return int(self._server.bind_addr[1])

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104 (compared, not bound)
        return f"{'https' if self.secure else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def start(self) -> None:
        """Binds and serves. Raises ServingError if the address can't be had."""
        try:
            self._server.prepare()
        except OSError as fault:
            reason = f"can't listen on {self.host}:{self._asked_port} ({fault}): is another process there?"
            raise ServingError(reason) from fault
        start_deadly(f"pages:{self.port}", self._server.serve, dies=self._dies)
        log.info("serving %s", self.url)

    def renew(self, tls: TlsFiles) -> None:
        """Takes a new certificate for the connections that come."""
        if self._tls is not None:
            self._tls.load_cert_chain(tls.chain, tls.key)

    def stop(self) -> None:
        """Ends open streams, then connections; returns within about a second."""
        if self._before_stop is not None:
            self._before_stop()
        self._server.stop()


def _context(tls: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.chain, tls.key)
    return context


class _LazyTls(Adapter):
    """Wraps without shaking hands: `_Connection` does that in its worker."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        return sock

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, Any]]:
        return self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), {}

    def get_environ(self, sock: ssl.SSLSocket | None = None) -> dict[str, Any]:  # noqa: ARG002 (cheroot's signature)
        return {}

    def makefile(self, sock: socket.socket, mode: str = "r", bufsize: int = -1) -> Any:
        return MakeFile(sock, mode, bufsize)


class _Connection(HTTPConnection):
    shaken = False

    def communicate(self) -> bool:
        try:
            return self._shake_hands() and bool(super().communicate())  # type: ignore[no-untyped-call] # cheroot's stub
        finally:
            self.server.left(self.remote_addr)

    def _shake_hands(self) -> bool:
        if self.shaken or not isinstance(self.socket, ssl.SSLSocket):
            return True
        try:
            self.socket.do_handshake()
        except OSError as fault:
            if isinstance(fault, ssl.SSLError) and fault.reason == "HTTP_REQUEST":
                self._say_https()
            return False
        self.shaken = True
        return True

    def _say_https(self) -> None:
        with suppress(OSError), socket.socket(fileno=os.dup(self.socket.fileno())) as plain:
            plain.send(_PLAIN_HTTP)


class _Pool(ThreadPool):
    @staticmethod
    def _force_close(conn: HTTPConnection | None) -> None:
        """Both ways: a worker that writes to a client that doesn't read would be waited for."""
        if conn is not None:
            with suppress(OSError):
                conn.socket.shutdown(socket.SHUT_RDWR)


class _Server(wsgi.Server):
    ConnectionClass = _Connection
    max_request_body_size = MAX_BODY_BYTES
    max_request_header_size = MAX_HEADER_BYTES
    keep_alive_conn_limit = 2 * THREADS
    expiration_interval = 0.25

    def __init__(self, address: tuple[str, int], app: WSGIApplication, threads: int) -> None:
        super().__init__(
            address,
            app,
            numthreads=threads,
            max=threads,
            server_name="appliance",
            request_queue_size=WAITING_CONNECTIONS,
        )
        self.timeout = IDLE_SECONDS
        self.shutdown_timeout = STOP_SECONDS
        self.requests = _Pool(
            self, min=threads, max=threads, accepted_queue_size=WAITING_CONNECTIONS, accepted_queue_timeout=0
        )
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()
        self._most_per_address = max(threads // 2, 1)

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        # A restart comes back to its port at once, also to one that was found free: connections of before may linger.
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        return socket_

    def process_conn(self, conn: HTTPConnection) -> None:
        address = conn.remote_addr or ""
        with self._lock:
            crowded = self._busy[address] >= self._most_per_address and not is_loopback(address)
            if not crowded:
                self._busy[address] += 1
        if crowded:
            conn.close()
            return
        try:
            self.requests.put(conn)
        except queue.Full:
            self.left(address)
            conn.close()

    def left(self, address: str | None) -> None:
        """A worker is done with a connection of this address for now."""
        with self._lock:
            self._busy[address or ""] -= 1
            if self._busy[address or ""] <= 0:
                del self._busy[address or ""]

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
        # Clients that leave in the middle are everyday: a page that is closed has an open stream.
        gone = isinstance(sys.exc_info()[1], ssl.SSLError | ConnectionError | TimeoutError)
        log.log(logging.DEBUG if gone else level, "%s", msg, exc_info=traceback and not gone)
