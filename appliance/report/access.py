"""Mosquitto's access rules for one event, as WIRE.md has them: each node's login its own topics and no others. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from appliance.domain.wire import Topics, is_level

NODE_WRITES: Final = ("status", "checkins", "counts", "stream", "health", "reply")
HUB_READS: Final = ("acked", "command", "verdicts")
_LOGIN: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_ROOT: Final = re.compile(r"[a-z0-9-]{1,32}(/[a-z0-9-]{1,32}){0,3}")

Hubs = Mapping[str, Sequence[tuple[str, str]]]
"""hub -> its nodes, each (node, login)."""


def access_rules(root: str, event: str, hubs: Hubs, central_login: str) -> str:
    """The content of Mosquitto's `acl_file`. What no line allows is refused; those without a login get no line.

    ValueError names what can't be used: a name that is no level of a topic, a login that two nodes share.
    """
    _check(root, event, hubs, central_login)
    lines = [
        "# Who may read and write what. Each node has a login of its own; what no line allows is refused.",
        f"# Event {event}, below {root}. Removing a node: take its lines out here and its login out of the passwords.",
        "",
        "# Central takes what the nodes say, and answers each hub.",
        f"user {central_login}",
        *(f"topic read {root}/{event}/+/+/{what}" for what in NODE_WRITES),
        *(f"topic write {Topics(root, event, hub).base}/{what}" for hub in hubs for what in HUB_READS),
        f"topic write {root}/{event}/roster",
    ]
    for hub, nodes in hubs.items():
        for node, login in nodes:
            lines += ["", f"# Node {node} of hub {hub}", f"user {login}", *_node_rules(Topics(root, event, hub), node)]
    return "\n".join([*lines, ""])


def _node_rules(topics: Topics, node: str) -> Iterable[str]:
    yield from (f"topic write {topics.base}/{node}/{what}" for what in NODE_WRITES)
    yield from (f"topic read {topics.base}/{what}" for what in HUB_READS)
    yield f"topic read {topics.base}/+/counts"
    yield f"topic read {topics.root}/{topics.event}/roster"


def _check(root: str, event: str, hubs: Hubs, central_login: str) -> None:
    if not _ROOT.fullmatch(root):
        raise ValueError(f"root {root!r}: expected one to four levels of a-z, 0-9 and -")
    names = [event, *hubs, *(node for nodes in hubs.values() for node, _ in nodes)]
    for name in names:
        if not is_level(name):
            raise ValueError(f"{name!r}: expected 1 to 32 of a-z, 0-9 and -, and no reserved word")
    logins = [central_login, *(login for nodes in hubs.values() for _, login in nodes)]
    for login in logins:
        if not _LOGIN.fullmatch(login):
            raise ValueError(f"login {login!r}: expected 1 to 64 letters, digits and . _ @ -")
        if logins.count(login) > 1:
            raise ValueError(f"login {login!r} is given twice: each node has one of its own")
