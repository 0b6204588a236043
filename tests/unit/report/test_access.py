"""The access rules as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.report.access import access_rules

EXAMPLE = Path(__file__).parents[3] / "firmware-config" / "mosquitto" / "acl.example"
HUBS = {
    "berlin": [("hub-1", "berlin-hub-1"), ("kiosk-2", "berlin-kiosk-2")],
    "osaka": [("hub-1", "osaka-hub-1")],
}


def test_the_shipped_example_is_what_the_generator_writes() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == access_rules("hub/v1", "expo-2026", HUBS, "central")


def test_a_node_writes_below_its_own_name_and_reads_what_its_hub_is_told_and_nothing_else() -> None:
    rules = access_rules("hub/v1", "expo", {"north": [("n1", "n1-login")]}, "central")
    mine = rules[rules.index("user n1-login") :].splitlines()
    assert mine == [
        "user n1-login",
        "topic write hub/v1/expo/north/n1/status",
        "topic write hub/v1/expo/north/n1/checkins",
        "topic write hub/v1/expo/north/n1/counts",
        "topic write hub/v1/expo/north/n1/stream",
        "topic write hub/v1/expo/north/n1/health",
        "topic write hub/v1/expo/north/n1/reply",
        "topic read hub/v1/expo/north/acked",
        "topic read hub/v1/expo/north/command",
        "topic read hub/v1/expo/north/verdicts",
        "topic read hub/v1/expo/north/+/counts",
        "topic read hub/v1/expo/roster",
    ]


@pytest.mark.parametrize(
    ("root", "event", "hub", "node", "login", "central"),
    [
        ("hub/#", "expo", "north", "n1", "n1", "central"),
        ("hub/v1", "EXPO", "north", "n1", "n1", "central"),
        ("hub/v1", "expo", "+", "n1", "n1", "central"),
        ("hub/v1", "expo", "acked", "n1", "n1", "central"),
        ("hub/v1", "expo", "north", "n1/x", "n1", "central"),
        ("hub/v1", "expo", "north", "roster", "n1", "central"),
        ("hub/v1", "expo", "north", "n1", "n1\ntopic readwrite #", "central"),
        ("hub/v1", "expo", "north", "n1", "", "central"),
        ("hub/v1", "expo", "north", "n1", "central", "central"),
        ("hub/v1", "expo", "north", "n1", "n1", "two words"),
    ],
)
def test_fail__names_that_would_say_something_else_in_the_file(
    root: str, event: str, hub: str, node: str, login: str, central: str
) -> None:
    with pytest.raises(ValueError, match=r"expected|twice"):
        access_rules(root, event, {hub: [(node, login)]}, central)
