"""The life of `appliance doorkeeper`: its threads, how it ends, and what it leaves word of."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from appliance.doorkeeper.checker import Checker
from appliance.doorkeeper.checkpointer import Checkpointer
from appliance.doorkeeper.indexer import Indexer
from appliance.doorkeeper.requests import Requests
from appliance.doorkeeper.socket_server import SocketServer
from appliance.doorkeeper.writer import Writer
from appliance.store.holding import Hold
from appliance.store.opening import is_damage
from appliance.store.soundness import mark_damaged

log = logging.getLogger(__name__)


class DoorkeeperProcess:
    """The threads: socket, writer, checkpointer, checker, indexer. One that dies ends them all."""

    def __init__(
        self,
        *,
        path: Path,
        held: Hold,
        boot: str,
        connection: sqlite3.Connection,
        server: SocketServer,
        writer: Writer,
        checkpointer: Checkpointer,
        checker: Checker,
        indexer: Indexer,
        requests: Requests,
    ) -> None:
        self._path, self._held, self._boot, self._connection = path, held, boot, connection
        self._server, self._writer, self._requests = server, writer, requests
        self._checkpointer, self._checker, self._indexer = checkpointer, checker, indexer
        self._ended = threading.Event()
        self._stopping = threading.Lock()
        self._stopped = False
        self.fault: BaseException | None = None
        self._socket_thread = self._thread("socket", server.run)
        self._writer_thread = self._thread("writer", writer.run)
        others = (("checkpointer", checkpointer.run), ("checker", checker.run), ("indexer", indexer.run))
        self._others = [self._thread(name, body) for name, body in others]

    def _thread(self, name: str, body: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=self._deadly, args=(body,), name=name, daemon=True)

    def start(self) -> None:
        """Start to serve."""
        self._held.opened(self._boot)
        self._requests.begin()
        for thread in (self._socket_thread, self._writer_thread, *self._others):
            thread.start()

    def wait(self) -> BaseException | None:
        """Until it ends; what it died of, if it did."""
        self._ended.wait()
        return self.fault

    def stop(self) -> None:
        """End cleanly: everything that was asked is answered and on the disk. After a fault: let go of everything."""
        with self._stopping:
            if self._stopped:
                return
            self._stopped = True
            self._server.stop()
            self._checker.stop()
            self._indexer.stop()
            self._join(self._socket_thread)
            self._requests.end()
            self._writer.stop()
            self._join(self._writer_thread)
            self._server.close()
            self._checkpointer.stop()
            for thread in self._others:
                self._join(thread)
            self._close()
            self._ended.set()

    def _join(self, thread: threading.Thread) -> None:
        if thread.ident is not None:
            thread.join()

    def _close(self) -> None:
        self._requests.close()
        if self.fault is None:
            # Before SQLite takes the write-ahead log away, whose absence the next start would have to wonder at.
            self._held.closed(self._boot)
        try:
            self._connection.close()
        except sqlite3.Error:
            log.exception("ledger.db not closed")
        self._held.release()

    def _deadly(self, body: Callable[[], None]) -> None:
        try:
            body()
        except BaseException as fault:
            log.exception("%s died", threading.current_thread().name)
            try:
                if is_damage(fault):
                    mark_damaged(self._path, str(fault))
            except OSError:
                log.exception("no word could be left that %s is damaged", self._path)
            finally:
                self.fault = fault
                self._ended.set()
