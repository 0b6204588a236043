"""Free ports on loopback, kept from a second demo until the first one's processes listen on them."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def free_ports(n: int) -> Iterator[list[int]]:
    """`n` free ports. Within the block no other demo of this user takes one; the block ends when all are in use."""
    lock = Path(tempfile.gettempdir()) / f"hub-appliance-demo-{os.getuid()}.lock"
    with lock.open("a", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with ExitStack() as open_until_all_are_chosen:
            sockets = [open_until_all_are_chosen.enter_context(socket.socket()) for _ in range(n)]
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            ports = [one.getsockname()[1] for one in sockets]
        yield ports
