"""The doorkeeper: does it answer, what does it say of itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from appliance.doctor.finding import Finding, fault, warning, well
from appliance.doorkeeper.client import DoorkeeperAway, DoorkeeperClient, DoorkeeperRefused
from appliance.doorkeeper.protocol import DoorStanding

_SECONDS: Final = 3.0
_LOOK: Final = "systemctl status appliance-doorkeeper; journalctl -u appliance-doorkeeper"


def check_door(socket: Path) -> Iterator[Finding]:
    """Ask for its standing."""
    if not socket.exists():
        yield fault("doorkeeper", f"is not running: {socket} does not exist", _LOOK)
        return
    client = DoorkeeperClient(socket, timeout=_SECONDS)
    try:
        standing = client.standing()
    except DoorkeeperAway as error:
        yield fault("doorkeeper", str(error), _LOOK)
    except DoorkeeperRefused as error:
        yield fault("doorkeeper", f"answers that it can't: {error}", _LOOK)
    else:
        yield from judged(standing)
    finally:
        client.close()


def judged(standing: DoorStanding) -> Iterator[Finding]:
    """What the doorkeeper's own words mean."""
    yield well("doorkeeper", f"answers: {standing.rows} rows, log {standing.log or 'not begun'}")
    if standing.disk:
        do = "make room or free the file (`df`, `dmesg`): nobody can be let in meanwhile"
        yield fault("doorkeeper", f"can't record: {standing.disk}", do)
    if standing.damage:
        since = f" since {standing.history_since}" if standing.history_since else ""
        found = f"the ledger was damaged, its history is known for certain{since} alone: {standing.damage}"
        yield warning("doorkeeper", found, "save the kept copy; replace the card")
    if standing.tickets:
        yield well("roster", f"{standing.tickets} tickets")
    else:
        yield warning("roster", "there is none: every code is refused as invalid", "appliance roster import FILE")
