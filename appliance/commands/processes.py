"""The processes of a box, each one builder: `doorkeeper`, `scan`, `web`, `report`."""

from __future__ import annotations

import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from prometheus_client import CollectorRegistry

from appliance.commands.context import Invocation, pass_invocation, run_process, told_faults
from appliance.domain.row import NodeId
from appliance.domain.ticket import CheckinList, Millis
from appliance.settings import Settings


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
