"""The broker's certificate, checked."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any


class TlsContext(ssl.SSLContext):
    """The client's side of TLS. Knows the socket that it made: paho leaves it open when the handshake fails."""

    _made: ssl.SSLSocket | None = None

    def trust(self, authorities: Path | None) -> None:
        """Check certificates against this file, or against the system's authorities."""
        self.minimum_version = ssl.TLSVersion.TLSv1_2
        if authorities is not None:
            self.load_verify_locations(authorities)
        else:
            self.load_default_certs()

    def wrap_socket(self, *args: Any, **settings: Any) -> ssl.SSLSocket:
        self._made = super().wrap_socket(*args, **settings)
        return self._made

    def hang_up(self) -> None:
        """Close the socket."""
        if self._made is not None:
            self._made.close()
