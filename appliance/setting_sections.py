"""Every setting: its section, its default, its sentence. Reading them is `settings.py`'s."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


def setting(default: Any, doc: str, *, secret: bool = False) -> Any:
    """A dataclass field with its sentence."""
    metadata = {"doc": doc, "secret": secret}
    if isinstance(default, list):
        return field(default_factory=default.copy, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True)
class Event:
    """What all hubs of an event share."""

    id: str = setting("event", "The event's name in topics: 1 to 32 of a-z, 0-9 and -.")
    name: str = setting("", "The event's name for people; empty: its id.")
    language: str = setting("en", "Language of the screens: `en` or `de`; two, as in `en,de`, are shown in turn.")
    timezone: str = setting("UTC", "Time zone of times without one, such as `Europe/Berlin`.")
    key: str = setting(
        "", "Secret that makes ticket ids from codes where a roster has no ids; the same at every hub.", secret=True
    )


@dataclass(frozen=True)
class Hub:
    """The site."""

    id: str = setting("hub", "The hub's name in topics: 1 to 32 of a-z, 0-9 and -.")
    name: str = setting("", "The hub's name for people; empty: its id.")


@dataclass(frozen=True)
class Node:
    """This box."""

    id: str = setting("k1", "The box's name in topics and rows: 1 to 32 of a-z, 0-9 and -.")
    roles: list[str] = setting(["hub", "kiosk"], "What it does: `hub`, `kiosk`.")


@dataclass(frozen=True)
class Paths:
    """Where things are kept."""

    state: Path = setting(Path("/var/lib/hub-appliance"), "Directory of ledger.db, live.db and the box's certificates.")
    run: Path = setting(Path("/run/hub-appliance"), "Directory of the processes' sockets.")


@dataclass(frozen=True)
class Door:
    """The door and its check-in list."""

    gate: str = setting("main", "The gate's name in rows: 1 to 32 of a-z, 0-9 and -.")
    direction: Literal["entry", "exit"] = setting("entry", "What a scan here is: `entry` or `exit`.")
    list: str = setting("door", "The check-in list's name in rows: 1 to 32 of a-z, 0-9 and -.")
    products: list[str] = setting([], "Products that are valid here; empty: all.")  # type: ignore[valid-type]  # builtin list
    multiple: bool = setting(False, "Let a ticket enter again without having left.")
    reentry: bool = setting(True, "Let a ticket enter again after an exit.")
    capacity: int = setting(0, "How many may be inside; 0: no limit.")
    opens: str = setting("", "When doors open (ISO 8601); empty: open.")
    closes: str = setting("", "When doors close (ISO 8601); empty: never.")
    closed: bool = setting(False, "Refuse every entry: the door is closed.")


@dataclass(frozen=True)
class Scanner:
    """Cameras and hand scanners."""

    sources: list[str] = setting(
        ["v4l2:/dev/video0"],
        "Cameras and hand scanners: `v4l2:/dev/video0`, `rpicam:`, `rtsp://…`, `http://…`, `file:PATH`, `folder:PATH`, "
        "`hid:auto`, `hid:/dev/input/by-id/…`, `serial:/dev/ttyACM0`, `pipe:PATH`, `drawn:ROSTER.csv`.",
    )
    gone_after: float = setting(1.5, "Seconds out of view after which the same code is a new presentation.")


@dataclass(frozen=True)
class Attendee:
    """The attendee screen."""

    listen: str = setting(
        "127.0.0.1:8080", "Address of the attendee screen. Beyond loopback it is HTTPS, still without login."
    )
    name: Literal["none", "first", "full"] = setting("first", "How much of the name is shown: `none`, `first`, `full`.")


@dataclass(frozen=True)
class Staff:
    """The staff page."""

    listen: str = setting("127.0.0.1:8443", "Address of the staff page. Beyond loopback it is HTTPS alone.")
    names: list[str] = setting([], "Further names or addresses by which the page is reached, for its certificate.")


@dataclass(frozen=True)
class Broker:
    """The MQTT broker."""

    host: str = setting("localhost", "Name or address of the broker.")
    port: int = setting(1883, "Its port; 8883 is usual with TLS.")
    username: str = setting("", "This node's login; empty: none.")
    password: str = setting(
        "", "The login's password; `file:PATH` or `credential:NAME` (systemd) read it from there.", secret=True
    )
    tls: bool = setting(False, "Speak TLS and check the broker's certificate.")
    ca: str = setting("", "File with the CA that signed it; empty: the system's.")
    root: str = setting("hub/v1", "First levels of all topics.")


@dataclass(frozen=True)
class Central:
    """The receiving side (`appliance central`)."""

    database: str = setting(
        "sqlite:////var/lib/hub-central/central.db", "SQLAlchemy URL of central's database: SQLite or PostgreSQL."
    )
    listen: str = setting("127.0.0.1:8090", "Address of the central board. Beyond loopback it is HTTPS alone.")
    names: list[str] = setting([], "Further names or addresses by which the board is reached, for its certificate.")
    state: Path = setting(Path("/var/lib/hub-central"), "Directory of the board's certificates and sessions.")


@dataclass(frozen=True)
class Clock:
    """The machine's clock."""

    trusted: bool = setting(False, "Believe the clock without NTP (a box with a battery-backed clock and no network).")


@dataclass(frozen=True)
class Metrics:
    """Prometheus."""

    doorkeeper: int = setting(0, "Loopback port of the doorkeeper's metrics; 0: none.")
    scan: int = setting(0, "Loopback port of scan's metrics; 0: none.")
    web: int = setting(0, "Loopback port of web's metrics; 0: none.")
    report: int = setting(0, "Loopback port of report's metrics; 0: none.")
    central: int = setting(0, "Loopback port of central's metrics; 0: none.")


@dataclass(frozen=True)
class Log:
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "What is logged: `debug`, `info`, `warning`, `error`."
    )


@dataclass(frozen=True)
class Settings:
    """All of them."""

    event: Event = field(default_factory=Event)
    hub: Hub = field(default_factory=Hub)
    node: Node = field(default_factory=Node)
    paths: Paths = field(default_factory=Paths)
    door: Door = field(default_factory=Door)
    scanner: Scanner = field(default_factory=Scanner)
    attendee: Attendee = field(default_factory=Attendee)
    staff: Staff = field(default_factory=Staff)
    broker: Broker = field(default_factory=Broker)
    central: Central = field(default_factory=Central)
    clock: Clock = field(default_factory=Clock)
    metrics: Metrics = field(default_factory=Metrics)
    log: Log = field(default_factory=Log)
