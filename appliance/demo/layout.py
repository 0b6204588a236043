"""What the demo writes before it starts anything: sample event, settings of each hub and of central, broker logins."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from argon2 import PasswordHasher

from appliance.demo.broker import BrokerPlan
from appliance.domain.ticket import Ticket
from appliance.domain.wire import Topics

ROOT = "hub/v1"
EVENT = "summit"
CAPACITY = 400


class HubPlan(NamedTuple):
    """One hub of one box."""

    id: str
    name: str
    language: str
    directory: Path
    config: Path
    attendee_port: int
    staff_port: int


class DemoPlan(NamedTuple):
    """Everything, written."""

    directory: Path
    roster: Path
    hubs: list[HubPlan]
    central_config: Path
    central_port: int
    central_database: Path
    broker: Path
    broker_port: int
    central_login: tuple[str, str]


HUBS = (("hamburg", "Hub Hamburg", "de,en"), ("osaka", "Hub Osaka", "en"))
PORTS = 2 + 2 * len(HUBS)


def write_plan(
    directory: Path, ports: Sequence[int], tickets: Sequence[Ticket], roster: Path, *, fps: int, seed: int
) -> DemoPlan:
    """Write all files below `directory`. `roster` holds `tickets`."""
    broker_port, central_port, *page_ports = ports
    central_login = ("central", secrets.token_urlsafe(16))
    logins = {central_login[0]: central_login[1]}
    hubs: list[HubPlan] = []
    for number, (hub, name, language) in enumerate(HUBS):
        where = directory / hub
        where.mkdir(parents=True)
        login = (f"{hub}-k1", secrets.token_urlsafe(16))
        logins[login[0]] = login[1]
        plan = HubPlan(hub, name, language, where, where / "appliance.toml", *page_ports[2 * number : 2 * number + 2])
        own = [ticket for ticket in tickets if ticket.hub in ("", hub)]
        _write_camera(where / "camera.csv", own)
        _write_toml(plan.config, _hub_settings(plan, broker_port, login, seed=seed + number, fps=fps))
        hubs.append(plan)
    central = directory / "central"
    central.mkdir()
    database = central / "central.db"
    _write_toml(
        central / "appliance.toml", _central_settings(central, database, central_port, broker_port, central_login)
    )
    broker = directory / "broker.json"
    passwords = directory / "broker.passwords"
    hasher = PasswordHasher(time_cost=1, memory_cost=1024)
    passwords.write_text(
        "".join(f"{name}:{hasher.hash(password)}\n" for name, password in logins.items()), encoding="utf-8"
    )
    broker.write_bytes(msgspec.json.encode(_broker_plan(broker_port, passwords, [hub.id for hub in hubs])))
    for secret in (broker, passwords):
        secret.chmod(0o600)
    return DemoPlan(
        directory, roster, hubs, central / "appliance.toml", central_port, database, broker, broker_port, central_login
    )


def _write_camera(path: Path, tickets: Sequence[Ticket]) -> None:
    """The codes that people hold up before this hub's camera."""
    path.write_text("code,name\n" + "".join(f"{ticket.code},\n" for ticket in tickets), encoding="utf-8")


def _hub_settings(
    hub: HubPlan, broker_port: int, login: tuple[str, str], *, seed: int, fps: int
) -> dict[str, dict[str, Any]]:
    return {
        "event": {"id": EVENT, "name": "Open Summit", "language": hub.language},
        "hub": {"id": hub.id, "name": hub.name},
        "node": {"id": "k1"},
        "paths": {"state": str(hub.directory), "run": str(hub.directory / "run")},
        "door": {"gate": "north", "capacity": CAPACITY},
        "scanner": {"sources": [f"drawn:{hub.directory / 'camera.csv'}?seed={seed}&fps={fps}"]},
        "attendee": {"listen": f"127.0.0.1:{hub.attendee_port}"},
        "staff": {"listen": f"127.0.0.1:{hub.staff_port}"},
        "broker": {"host": "127.0.0.1", "port": broker_port, "username": login[0], "password": login[1]},
        "clock": {"trusted": True},
        "log": {"level": "warning"},
    }


def _central_settings(
    directory: Path, database: Path, port: int, broker_port: int, login: tuple[str, str]
) -> dict[str, dict[str, Any]]:
    return {
        "event": {"id": EVENT, "name": "Open Summit"},
        "central": {"database": f"sqlite:///{database}", "listen": f"127.0.0.1:{port}", "state": str(directory)},
        "broker": {"host": "127.0.0.1", "port": broker_port, "username": login[0], "password": login[1]},
        "log": {"level": "warning"},
    }


def _broker_plan(port: int, passwords: Path, hubs: Sequence[str]) -> BrokerPlan:
    publish: dict[str, list[str]] = {"central": [f"{ROOT}/{EVENT}/+/acked"]}
    subscribe: dict[str, list[str]] = {"central": ["#"]}
    for hub in hubs:
        topics = Topics(ROOT, EVENT, hub)
        publish[f"{hub}-k1"] = [topics.status("k1"), topics.checkins("k1"), topics.counts("k1")]
        subscribe[f"{hub}-k1"] = [topics.acked, f"{topics.base}/+/counts"]
    return BrokerPlan(f"127.0.0.1:{port}", str(passwords), publish, subscribe)


def _write_toml(path: Path, settings: dict[str, dict[str, Any]]) -> None:
    path.write_bytes(b"# Written by appliance demo.\n" + msgspec.toml.encode(settings))
    path.chmod(0o600)
