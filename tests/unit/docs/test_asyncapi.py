"""appliance/domain/asyncapi.json is the contract, and the code keeps it."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator

from appliance.domain import wire
from appliance.domain.attendance import fold
from appliance.domain.row import REASONS, LogId, NodeId, Nonce, Placed, Row, flaw
from appliance.domain.ticket import TicketId

TEXT = (importlib.resources.files("appliance.domain") / "asyncapi.json").read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = json.loads(TEXT)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
LOG = LogId("3f2c91ab00d40e17")
STRUCTS = {
    "Status": wire.Status,
    "Checkins": wire.Checkins,
    "Row": Row,
    "Counts": wire.Counts,
    "ListCounts": wire.ListCounts,
    "GateCounts": wire.GateCounts,
    "Acked": wire.Acked,
    "LogAcked": wire.LogAcked,
}
MESSAGES = ["Status", "Checkins", "Counts", "Acked"]


def faults(name: str, payload: bytes) -> list[str]:
    """What is wrong with a payload by the schema of that name."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    found = Draft7Validator(schema).iter_errors(json.loads(payload))
    return [f"{list(fault.path)}: {fault.message}" for fault in found]


def written(kind: str, **fields: Any) -> Row:
    given = {"tick": 1_795_511_564_120, "at": "2026-11-24T09:12:44.120Z", "clock": "synced", "node": NodeId("k2")}
    return Row(kind=kind, nonce=Nonce("5d0c1f7a9b3e"), **(given | fields))


ENTRY = written("entry", ticket=TicketId("T-1"), list="door", gate="north")
ROWS = [
    ENTRY,
    written("entry", ticket=TicketId("T-1"), list="door", gate="north", override="s7", multiple=True, unverified=True),
    written("exit", ticket=TicketId("T-1"), list="door", gate="north", clock="unsynced"),
    *(written("refusal", list="door", gate="north", reason=reason, ticket=TicketId("T-2")) for reason in REASONS),
    written("refusal", list="door", gate="north", reason="invalid", times=470),
    written("annulment", annuls=Nonce("5d0c1f7a9b3e"), by="s7"),
    written("settlement", ticket=TicketId("T-1"), list="door", as_="fraud"),
    written("greeting"),
]
BAD_ROWS = [
    written("entry", list="door", gate="north"),
    written("refusal", list="door", gate="north"),
    written("refusal", list="door", gate="north", reason="rude"),
    written("annulment"),
    written("settlement", ticket=TicketId("T-1"), list="door", as_="shrug"),
    written("settlement", ticket=TicketId("T-1"), as_="left"),
]


def counts(**more: Any) -> wire.Counts:
    tally = fold([Placed(LOG, i, row) for i, row in enumerate(ROWS, 1)])
    given = {"term": 1, "session": 2, "n": 3, "through": {LOG: 19}, "at": ENTRY.at}
    return wire.Counts(**(given | wire.figures(tally, list="door") | more))


def payloads() -> Iterator[tuple[str, bytes]]:
    """What the code really sends."""
    encode = msgspec.json.encode
    for state in ("online", "stopped", "offline"):
        yield "Status", encode(wire.Status(state=state, session=17, at=ENTRY.at))
    more = {"log": LOG, "version": "0.1.0", "roles": ("hub", "kiosk"), "started": ENTRY.at}
    yield "Status", encode(wire.Status(state="online", session=17, at=ENTRY.at, **more))
    yield "Checkins", wire.encode_batch(LOG, 1, [encode(row) for row in ROWS])
    yield "Checkins", wire.encode_batch(LOG, 4821, [encode(ENTRY)] * wire.MAX_BATCH_ROWS)
    yield "Counts", encode(counts())
    yield "Counts", encode(counts(capacity=400, clock="unsynced"))
    yield "Acked", encode(wire.Acked(at=ENTRY.at, logs={}))
    log = wire.LogAcked(4699, [(4700, 4709)], [(4650, 4650, "unknown kind of ticket id")], 4800)
    yield "Acked", encode(wire.Acked(at=ENTRY.at, logs={LOG: log, LogId("91ab"): wire.LogAcked(0)}))


@pytest.mark.parametrize(("name", "payload"), list(payloads()))
def test_what_the_code_sends_is_what_the_contract_says(name: str, payload: bytes) -> None:
    assert faults(name, payload) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.kind} {row.reason or ''}")
def test_a_row_that_the_code_takes_is_one_by_the_contract(row: Row) -> None:
    assert flaw(row) is None
    assert faults("Row", msgspec.json.encode(row)) == []


@pytest.mark.parametrize("row", BAD_ROWS, ids=lambda row: f"{row.kind} {row.reason or ''}")
def test_a_row_that_the_code_parks_breaks_the_contract(row: Row) -> None:
    assert flaw(row) is not None
    assert faults("Row", msgspec.json.encode(row)) != []


@pytest.mark.parametrize("name", MESSAGES)
def test_the_examples_are_sound_and_the_code_reads_them(name: str) -> None:
    for example in DOCUMENT["components"]["messages"][name]["examples"]:
        payload = json.dumps(example["payload"]).encode()
        assert faults(name, payload) == []
        msgspec.json.decode(payload, type=STRUCTS[name])


@pytest.mark.parametrize("name", STRUCTS)
def test_every_field_of_the_code_is_in_the_contract_and_says_what_it_is(name: str) -> None:
    fields = msgspec.structs.fields(STRUCTS[name])
    properties = SCHEMAS[name]["properties"]
    assert {field.encode_name for field in fields} == set(properties)
    required = {field.encode_name for field in fields if field.required} | {"v"} & set(properties)
    assert required == set(SCHEMAS[name]["required"])
    for field, schema in properties.items():
        known = schema if "$ref" not in schema else resolve(schema["$ref"])
        assert known.get("description"), f"{name}.{field} says nothing"


def bounds(schema: dict[str, Any]) -> dict[str, Any]:
    names = ("minimum", "maximum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems")
    return {name: schema[name] for name in names if name in schema}


@pytest.mark.parametrize("name", ["Checkins", "Row"])
def test_what_a_receiver_refuses_by_size_the_contract_says(name: str) -> None:
    """Only bounds that the code checks; the contract may promise more of what a sender writes."""
    (_,), components = msgspec.json.schema_components([STRUCTS[name]], ref_template="#/{name}")
    for field, theirs in components[name]["properties"].items():
        of_code = bounds(next((one for one in theirs.get("anyOf", []) if one.get("type") != "null"), theirs))
        ours = SCHEMAS[name]["properties"][field]
        assert bounds(ours) == of_code, field


def test_the_topics_of_the_code_are_the_channels() -> None:
    topics = wire.Topics("{root}", "{event}", "{hub}")
    addresses = {name: channel["address"] for name, channel in DOCUMENT["channels"].items()}
    assert addresses == {
        "status": topics.status("{node}"),
        "checkins": topics.checkins("{node}"),
        "counts": topics.counts("{node}"),
        "acked": topics.acked,
    }


def resolve(ref: str) -> Any:
    found: Any = DOCUMENT
    for step in ref.removeprefix("#/").split("/"):
        found = found[step]
    return found


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def test_it_is_an_asyncapi_3_document() -> None:
    """The shape that AsyncAPI 3.0 asks for, as far as a few lines can say it; every reference leads somewhere."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT) <= {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"}
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert all(resolve(ref) for ref in refs(DOCUMENT))
    for channel in DOCUMENT["channels"].values():
        in_address = {part.strip("{}") for part in channel["address"].split("/") if part.startswith("{")}
        assert in_address == set(channel["parameters"])
        assert channel["messages"]
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in ("send", "receive")
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
    for message in DOCUMENT["components"]["messages"].values():
        Draft7Validator.check_schema(resolve(message["payload"]["$ref"]))


def test_it_is_written_as_a_tool_would_write_it() -> None:
    assert json.dumps(DOCUMENT, indent=2, ensure_ascii=False) + "\n" == TEXT
