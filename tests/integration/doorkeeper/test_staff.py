"""Staff of a hub: added once, let in by links that work once."""

from __future__ import annotations

import pytest

from appliance.doorkeeper.client import DoorkeeperClient, DoorkeeperRefused
from tests.integration.doorkeeper.house import House


def test_a_link_lets_one_in_once(house: House) -> None:
    with DoorkeeperClient(house.socket) as client:
        link = client.staff_add("Zoë Müller", "lead")
        member = client.redeem_link(link.token)
        assert member is not None
        assert (member.staff, member.name, member.role) == (link.staff, "Zoë Müller", "lead")
        assert client.redeem_link(link.token) is None


def test_the_same_name_again_is_the_same_member_with_the_new_role(house: House) -> None:
    with DoorkeeperClient(house.socket) as client:
        first = client.staff_add("Anna", "viewer")
        second = client.staff_add("Anna", "technician")
        assert first.staff == second.staff
        member = client.redeem_link(second.token)
        assert member is not None
        assert member.role == "technician"


@pytest.mark.parametrize("name", ["", "a\nb", "\x1b[31mred", "x" * 101, "nul\x00"])
def test_fail__a_name_that_no_page_should_show_is_refused_with_the_field(house: House, name: str) -> None:
    with DoorkeeperClient(house.socket) as client, pytest.raises(DoorkeeperRefused, match="name"):
        client.staff_add(name, "staff")
