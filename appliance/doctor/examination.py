"""All checks of a box, one after the other: wiring only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from appliance.doctor.broker import check_broker, check_reporting
from appliance.doctor.certificates import check_authorities, check_page_certificates
from appliance.doctor.clock import check_clock
from appliance.doctor.database import check_ledger, check_live, check_staff
from appliance.doctor.disk import check_disk
from appliance.doctor.door import check_door
from appliance.doctor.finding import Finding, fault, warning
from appliance.doctor.pages import check_page
from appliance.doctor.software import check_software
from appliance.doctor.sources import check_sources
from appliance.domain.wire import Topics
from appliance.doorkeeper.clock import kernel_synced
from appliance.report.client import BrokerAddress
from appliance.serving.certificates import box_names
from appliance.serving.server import is_loopback
from appliance.setting_checks import read_listen
from appliance.setting_sections import Settings
from appliance.settings import Loaded

log = logging.getLogger(__name__)

CREDENTIAL: Final = Path("/etc/credstore/hub-appliance.broker-password")
"""Where root finds what systemd hands to `report` (systemd/appliance-report.service)."""


def examine(
    loaded: Loaded,
    *,
    ledger: Path,
    live: Path,
    doorkeeper_socket: Path,
    scan_socket: Path,
    certificates: Path,
    now: datetime,
    credential: Path = CREDENTIAL,
) -> Iterator[Finding]:
    """Everything that the settings ask of this box, found as it is at `now`. Each check is bounded to a few seconds."""
    settings = loaded.settings
    sources = settings.scanner.sources
    checks: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("software", lambda: check_software(hand_scanners=any(source.startswith("hid:") for source in sources))),
        ("clock", lambda: [check_clock(now, synced=kernel_synced(), trusted=settings.clock.trusted)]),
        ("disk", lambda: check_disk(settings.paths.state)),
        ("database", lambda: [*check_ledger(ledger), *check_live(live)]),
        ("doorkeeper", lambda: check_door(doorkeeper_socket)),
    ]
    if "kiosk" in settings.node.roles:
        checks.append(("sources", lambda: check_sources(sources, scan_socket)))
    checks += [
        ("pages", lambda: _pages(settings)),
        ("certificates", lambda: _certificates(settings, certificates, now)),
        ("staff", lambda: check_staff(ledger)),
    ]
    if "hub" in settings.node.roles:
        checks.append(("broker", lambda: _broker(loaded, live, credential)))
    for name, check in checks:
        yield from _whole(name, check)


def _whole(name: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """A check that breaks is a finding too: the others are still wanted."""
    try:
        yield from check()
    except Exception as error:  # whatever it is, it must not cost the other checks
        log.debug("the check of %s broke", name, exc_info=error)
        yield fault(name, f"could not be looked at: {type(error).__name__}: {error}", "report this as a bug")


def _pages(settings: Settings) -> Iterator[Finding]:
    for name, listen in (("attendee screen", settings.attendee.listen), ("staff page", settings.staff.listen)):
        host, port = read_listen(listen)
        yield check_page(name, host, port, loopback=is_loopback(host))


def _certificates(settings: Settings, directory: Path, now: datetime) -> Iterator[Finding]:
    listens = (settings.attendee.listen, settings.staff.listen)
    if not all(is_loopback(read_listen(listen)[0]) for listen in listens):
        yield from check_page_certificates(directory, names=box_names(settings.staff.names), now=now)
    if settings.broker.tls and settings.broker.ca:
        yield from check_authorities(Path(settings.broker.ca), now=now)


def _broker(loaded: Loaded, live: Path, credential: Path) -> Iterator[Finding]:
    # A broker that takes logins for client ids would throw `report` out when the same login is tried beside it.
    if (connected := check_reporting(live)) is not None:
        yield connected
        return
    settings, broker = loaded.settings, loaded.settings.broker
    password = broker.password
    if "broker.password" in loaded.unreadable:
        try:
            password = credential.read_text(encoding="utf-8").strip()
        except OSError:
            do = f"run this as root; report's own is {credential}"
            yield warning("broker", f"not tried: {loaded.unreadable['broker.password']}", do)
            return
    yield check_broker(
        BrokerAddress(
            broker.host, broker.port, broker.username, password, broker.tls, Path(broker.ca) if broker.ca else None
        ),
        Topics(broker.root, settings.event.id, settings.hub.id),
        node=settings.node.id,
    )
