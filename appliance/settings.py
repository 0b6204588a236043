"""TOML and environment -> frozen dataclasses; the only reader of either.

Every setting has a default, a sentence, and a place: `[section] key` in the file, `APPLIANCE_SECTION_KEY` in the
environment, which wins. What isn't known here is an error that says what was probably meant.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_type_hints

import msgspec

from appliance.setting_checks import CHECKS, read_secret

DEFAULT_PATH: Final = Path("/etc/hub-appliance/appliance.toml")
PREFIX: Final = "APPLIANCE_"
CONFIG_VARIABLE: Final = "APPLIANCE_CONFIG"
MAX_BYTES: Final = 1024 * 1024
MASKED: Final = "••••••"


class SettingsFault(Exception):
    """Settings that can't be used: which file or variable, which key, what stood there, what was expected."""


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


class Described(NamedTuple):
    """One setting: where it stands, what it means, what it is by default."""

    section: str
    key: str
    kind: Any
    doc: str
    default: Any
    secret: bool

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        return f"{PREFIX}{self.section}_{self.key}".upper()


def described() -> Iterator[Described]:
    """Every setting, in order."""
    defaults = Settings()
    for section in fields(Settings):
        values = getattr(defaults, section.name)
        hints = get_type_hints(type(values), localns={"list": list})
        for one in fields(values):
            yield Described(
                section.name,
                one.name,
                hints[one.name],
                one.metadata["doc"],
                getattr(values, one.name),
                one.metadata["secret"],
            )


class Loaded(NamedTuple):
    """The settings, and for each `section.key` where it comes from.

    A secret that lies elsewhere is empty where this process can't read it, and `unreadable` says why: only the process
    that needs it may (systemd hands the broker's password to `report` alone).
    """

    settings: Settings
    sources: dict[str, str]
    unreadable: dict[str, str]


def find_config(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The settings file: the one asked for, else APPLIANCE_CONFIG's, else the usual one if it is there."""
    if path is not None:
        return path
    if environ.get(CONFIG_VARIABLE):
        return Path(environ[CONFIG_VARIABLE])
    return DEFAULT_PATH if DEFAULT_PATH.exists() else None


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Loaded:
    """The effective settings. SettingsFault names the first thing that is wrong."""
    known = {one.name: one for one in described()}
    file = find_config(path, environ)
    given: dict[str, tuple[Any, str]] = {}
    if file is not None:
        given.update(_read_file(file, known))
    given.update(_read_environment(environ, known))
    values: dict[str, dict[str, Any]] = {}
    sources: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for name, one in known.items():
        if name in given:
            value, source = given[name]
            converted = _convert(one, value, source)
            if one.secret:
                try:
                    converted = read_secret(converted, environ)
                except OSError as fault:
                    unreadable[name] = f"{source}: [{one.section}] {one.key}: {fault}"
                    converted = ""
            values.setdefault(one.section, {})[one.key] = converted
            sources[name] = source.split(",")[0]
        else:
            sources[name] = "default"
    hints = get_type_hints(Settings)
    built = {section: hints[section](**values.get(section, {})) for section in hints}
    return Loaded(Settings(**built), sources, unreadable)


def _read_file(path: Path, known: Mapping[str, Described]) -> Iterator[tuple[str, tuple[Any, str]]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsFault(f"{path}: larger than {MAX_BYTES} bytes; this is not a settings file")
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as fault:
        raise SettingsFault(f"{path}: {fault.strerror}; name another with --config or {CONFIG_VARIABLE}") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise SettingsFault(f"{path}: not TOML: {fault}") from fault
    sections = {one.section for one in known.values()}
    for section, entries in tree.items():
        if section not in sections:
            raise SettingsFault(
                f"{path}{_line(text, section, None)}: unknown section [{section}]{_meant(section, sections)}"
            )
        if not isinstance(entries, dict):
            raise SettingsFault(f"{path}: {section} must be a section: write [{section}]")
        for key, value in entries.items():
            where = f"{path}{_line(text, section, key)}"
            if f"{section}.{key}" not in known:
                keys = {one.key for one in known.values() if one.section == section}
                raise SettingsFault(f"{where}: unknown setting {key} in [{section}]{_meant(key, keys)}")
            yield f"{section}.{key}", (value, where)


def _read_environment(
    environ: Mapping[str, str], known: Mapping[str, Described]
) -> Iterator[tuple[str, tuple[Any, str]]]:
    variables = {one.variable: one for one in known.values()}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        if variable not in variables:
            raise SettingsFault(
                f"environment: unknown variable {variable}{_meant(variable, {*variables, CONFIG_VARIABLE})}"
            )
        yield variables[variable].name, (value, f"environment {variable}")


def _convert(one: Described, value: Any, source: str) -> Any:
    from_text = isinstance(value, str) and source.startswith("environment")
    if from_text and one.kind == list[str]:
        value = value.split()
    try:
        converted = msgspec.convert(value, one.kind, strict=not from_text, dec_hook=_path)
    except (msgspec.ValidationError, ValueError) as fault:
        found = MASKED if one.secret else repr(value)
        raise SettingsFault(f"{source}: [{one.section}] {one.key} = {found}: {fault}. {one.doc}") from fault
    wrong = CHECKS[one.name](converted) if one.name in CHECKS else None
    if wrong is not None:
        raise SettingsFault(f"{source}: [{one.section}] {one.key} = {MASKED if one.secret else repr(value)}: {wrong}")
    return converted


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError("expected a text")


def _line(text: str, section: str, key: str | None) -> str:
    """`, line N` of a section or of a key in it; empty where it is written in a way that this doesn't find."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)
        if header:
            inside = header[1] == section
            if inside and key is None:
                return f", line {number}"
        elif inside and key is not None and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f", line {number}"
    return ""


def _meant(word: str, words: set[str]) -> str:
    near = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(sorted(words)[:40])}"
