"""The processes of a box, each one builder: `doorkeeper`, `scan`, `web`, `report`."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from prometheus_client import CollectorRegistry

from appliance import __version__
from appliance.commands.context import Invocation, fail, pass_invocation, run_process, told_faults
from appliance.domain.row import NodeId
from appliance.domain.ticket import CheckinList, Millis
from appliance.domain.wire import Topics
from appliance.doorkeeper.clock import read_clocks
from appliance.setting_checks import read_listen
from appliance.setting_sections import Settings


@click.command()
@pass_invocation
@told_faults
def doorkeeper(invocation: Invocation) -> None:
    """Decide and record: the ledger's one writer."""
    from appliance.doorkeeper.builder import build_doorkeeper
    from appliance.doorkeeper.door import Door

    settings = invocation.settings
    registry = CollectorRegistry()
    process = build_doorkeeper(
        ledger=invocation.ledger,
        socket=invocation.doorkeeper_socket,
        node=NodeId(settings.node.id),
        door=Door(hub=settings.hub.id, list=checkin_list(settings), closed=settings.door.closed),
        trusted_clock=settings.clock.trusted,
        registry=registry,
    )
    sys.exit(run_process(process, settings.log.level, registry, settings.metrics.doorkeeper))


def checkin_list(settings: Settings) -> CheckinList:
    """The door's check-in list as the settings say it."""
    door, zone = settings.door, ZoneInfo(settings.event.timezone)
    return CheckinList(
        id=door.list,
        products=frozenset(door.products),
        multiple=door.multiple,
        reentry=door.reentry,
        capacity=door.capacity or None,
        opens=_millis(door.opens, zone),
        closes=_millis(door.closes, zone),
    )


def _millis(moment: str, zone: ZoneInfo) -> Millis | None:
    if not moment:
        return None
    when = datetime.fromisoformat(moment)
    return Millis(int((when if when.tzinfo else when.replace(tzinfo=zone)).timestamp() * 1000))


@click.command()
@pass_invocation
@told_faults
def web(invocation: Invocation) -> None:
    """Serve the attendee screen and the staff page."""
    from appliance.web.builder import Listen, build_web

    settings = invocation.settings
    registry = CollectorRegistry()
    process = build_web(
        ledger=invocation.ledger,
        live=invocation.live,
        doorkeeper=invocation.doorkeeper_socket,
        scan=invocation.scan_socket,
        certificates=settings.paths.state / "certificates",
        attendee=Listen(*read_listen(settings.attendee.listen)),
        staff=Listen(*read_listen(settings.staff.listen)),
        main_list=settings.door.list,
        registry=registry,
        names=settings.staff.names,
        languages=[language.strip() for language in settings.event.language.split(",")],
        timezone=settings.event.timezone,
        title=settings.hub.name or settings.event.name or settings.hub.id,
        capacity=settings.door.capacity or None,
        attendee_name=settings.attendee.name,
    )
    sys.exit(run_process(process, settings.log.level, registry, settings.metrics.web))


@click.command()
@pass_invocation
@told_faults
def report(invocation: Invocation) -> None:
    """Report rows, counts and status to central over MQTT."""
    from appliance.report.builder import build_report
    from appliance.report.client import BrokerAddress

    invocation.need("broker.password")
    settings, broker = invocation.settings, invocation.settings.broker
    registry = CollectorRegistry()
    trusted = settings.clock.trusted
    process = build_report(
        ledger=invocation.ledger,
        live=invocation.live,
        socket=invocation.doorkeeper_socket,
        topics=Topics(broker.root, settings.event.id, settings.hub.id),
        node=NodeId(settings.node.id),
        broker=BrokerAddress(
            broker.host,
            broker.port,
            broker.username,
            broker.password,
            broker.tls,
            Path(broker.ca) if broker.ca else None,
        ),
        checkin_list=settings.door.list,
        capacity=settings.door.capacity or None,
        roles=settings.node.roles,
        version=__version__,
        now=lambda: time.time_ns() // 1_000_000,
        synced=lambda: read_clocks(trusted=trusted).synced,
        registry=registry,
    )
    sys.exit(run_process(process, settings.log.level, registry, settings.metrics.report))


@click.command()
@pass_invocation
@told_faults
def scan(invocation: Invocation) -> None:
    """Read codes, ask the doorkeeper, tell the screens."""
    from appliance.scanner.builder import build_scan
    from appliance.scanner.sources import SourceFault

    settings = invocation.settings
    registry = CollectorRegistry()
    try:
        process = build_scan(
            sources=settings.scanner.sources,
            gone_after=settings.scanner.gone_after,
            doorkeeper=invocation.doorkeeper_socket,
            socket=invocation.scan_socket,
            gate=settings.door.gate,
            direction=settings.door.direction,
            registry=registry,
        )
    except SourceFault as fault:
        fail(str(fault))
    sys.exit(run_process(process, settings.log.level, registry, settings.metrics.scan, alive=process.alive))
