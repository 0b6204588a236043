"""Verdicts as they are told, from decisions and from rows."""

from __future__ import annotations

from typing import cast

from appliance.domain.admission import Earlier, Refused
from appliance.domain.clock import Moment
from appliance.domain.row import Reason, Row
from appliance.domain.ticket import Ticket
from appliance.doorkeeper.protocol import Scan, Verdict


def refusal(scan: Scan, refused: Refused, moment: Moment) -> Verdict:
    """The verdict of a refusal that was just decided."""
    ticket, earlier = refused.ticket, refused.earlier
    return Verdict(
        id=scan.id,
        outcome="refused",
        direction=scan.direction,
        nonce=scan.nonce,
        at=moment.at,
        reason=refused.reason,
        ticket=ticket.id if ticket else "",
        name=ticket.name if ticket else "",
        product=ticket.product if ticket else "",
        earlier_at=earlier.at if earlier else "",
        earlier_gate=earlier.gate if earlier else "",
    )


def of_row(row: Row, ticket: Ticket | None, earlier: Earlier | None, scan: Scan) -> Verdict:
    """The verdict that a row of ours recorded, for the request `scan`.

    `ticket` as the roster has it now; `earlier`: the entry that had used the ticket up. A refusal's row doesn't say its
    direction: the same scan asked again has the same.
    """
    refused = row.kind == "refusal"
    return Verdict(
        id=scan.id,
        outcome="refused" if refused else "admitted",
        direction=scan.direction if refused else "exit" if row.kind == "exit" else "entry",
        nonce=row.nonce,
        at=row.at,
        reason=cast("Reason", row.reason) if refused else None,
        ticket=row.ticket or "",
        name=ticket.name if ticket else "",
        product=ticket.product if ticket else "",
        earlier_at=earlier.at if earlier else "",
        earlier_gate=earlier.gate if earlier else "",
    )
