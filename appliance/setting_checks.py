"""What a setting's value must look like beyond its type: each check says what is wrong, or None."""

from __future__ import annotations

import ipaddress
import socket
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from appliance.domain.wire import LEVEL, RESERVED, is_level

_MAX_SECRET: Final = 4096
_PORTS: Final = range(1, 65536)
LANGUAGES: Final = ("en", "de")


def _level(value: str) -> str | None:
    if is_level(value):
        return None
    reserved = f", but not {', '.join(sorted(RESERVED))}" if value in RESERVED else ""
    return f"expected 1 to 32 of a-z, 0-9 and -{reserved}"


def _root(value: str) -> str | None:
    return (
        None
        if all(LEVEL.fullmatch(level) for level in value.split("/"))
        else "expected levels of a-z, 0-9 and - with / between, as in hub/v1"
    )


def _listen(value: str) -> str | None:
    try:
        read_listen(value)
    except ValueError as fault:
        return str(fault)
    return None


def read_listen(value: str) -> tuple[str, int]:
    """(host, port) of `host:port`, `[v6]:port`. ValueError says what was expected. Port 0: any free one."""
    host, separator, port = value.rpartition(":")
    if not separator or not port.isdigit() or int(port) not in range(65536):
        raise ValueError("expected ADDRESS:PORT, as in 127.0.0.1:8080 or 0.0.0.0:8443")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if host != "localhost":
            raise ValueError(f"expected an IP address before the port, not {host!r} (0.0.0.0 for all)") from None
    return host, int(port)


def _port(value: int) -> str | None:
    return None if value in _PORTS else "expected a port from 1 to 65535"


def _metrics_port(value: int) -> str | None:
    return None if value == 0 else _port(value)


def _not_negative(value: int) -> str | None:
    return None if value >= 0 else "expected 0 or more"


def _seconds(value: float) -> str | None:
    return None if 0.2 <= value <= 60 else "expected 0.2 to 60 seconds"  # noqa: PLR2004 (said beside it)


def _zone(value: str) -> str | None:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return "expected a time zone such as Europe/Berlin or UTC"
    return None


def _moment(value: str) -> str | None:
    if not value:
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "expected a date and time such as 2026-11-24T09:00:00+01:00"
    return None


def _languages(value: str) -> str | None:
    wrong = [one for one in value.split(",") if one.strip() not in LANGUAGES]
    return f"expected of {', '.join(LANGUAGES)}, not {wrong[0]!r}" if wrong else None


def _roles(value: list[str]) -> str | None:
    return None if value and set(value) <= {"hub", "kiosk"} else "expected hub, kiosk or both"


def _sources(value: list[str]) -> str | None:
    wrong = [one for one in value if ":" not in one]
    return f"expected KIND:WHERE, as in v4l2:/dev/video0, not {wrong[0]!r}" if wrong else None


def _database(value: str) -> str | None:
    good = value.startswith(("sqlite:", "postgresql:", "postgresql+"))
    return None if good else "expected sqlite:////PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"


CHECKS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "event.id": _level,
    "event.language": _languages,
    "event.timezone": _zone,
    "hub.id": _level,
    "node.id": _level,
    "node.roles": _roles,
    "door.gate": _level,
    "door.list": _level,
    "door.capacity": _not_negative,
    "door.opens": _moment,
    "door.closes": _moment,
    "scanner.sources": _sources,
    "scanner.gone_after": _seconds,
    "attendee.listen": _listen,
    "staff.listen": _listen,
    "broker.port": _port,
    "broker.root": _root,
    "central.database": _database,
    "central.listen": _listen,
    "metrics.doorkeeper": _metrics_port,
    "metrics.scan": _metrics_port,
    "metrics.web": _metrics_port,
    "metrics.report": _metrics_port,
    "metrics.central": _metrics_port,
}


def read_secret(value: str, environ: Mapping[str, str]) -> str:
    """A secret itself, or what `file:PATH` or systemd's `credential:NAME` points to. OSError says which and why."""
    if value.startswith("file:"):
        path = Path(value.removeprefix("file:"))
    elif value.startswith("credential:"):
        directory = environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise OSError(f"{value}: no CREDENTIALS_DIRECTORY: systemd sets it for a unit with LoadCredential=")
        path = Path(directory) / Path(value.removeprefix("credential:")).name
    else:
        return value
    with path.open(encoding="utf-8") as file:
        return file.read(_MAX_SECRET).strip()


def page_address(listen: str, names: list[str]) -> str:
    """The address that people open for a page that listens on `listen`: HTTPS beyond loopback."""
    host, port = read_listen(listen)
    if host == "localhost" or ipaddress.ip_address(host).is_loopback:
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"
    if ipaddress.ip_address(host).is_unspecified:
        host = names[0] if names else f"{socket.gethostname()}.local"
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"
