"""Central's tables as SQLAlchemy sees them. The numbered files in migrations/ make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

HUBS = Table(
    "hubs",
    METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("name", Text),
    Column("counts", LargeBinary),
    Column("counts_at", BigInteger),
    Column("counts_node", Text),
)
NODES = Table(
    "nodes",
    METADATA,
    Column("hub", BigInteger, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("status", LargeBinary),
    Column("status_at", BigInteger),
)
LOGS = Table(
    "logs",
    METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("hub", BigInteger),
    Column("log", Text),
    Column("through", BigInteger),
)
ROWS = Table(
    "rows",
    METADATA,
    Column("hub", BigInteger),
    Column("log", BigInteger),
    Column("offset", BigInteger),
    Column("tick", BigInteger),
    Column("kind", Text),
    Column("nonce", Text),
    Column("list", Text),
    Column("ticket", Text),
    Column("annuls", Text),
    Column("body", LargeBinary),
)
REFUSED = Table(
    "refused",
    METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("log", BigInteger),
    Column("offset", BigInteger),
    Column("kind", Text),
    Column("reason", Text),
    Column("at", BigInteger),
    Column("body", LargeBinary),
)
TALLIES = Table(
    "tallies",
    METADATA,
    Column("hub", BigInteger, primary_key=True),
    Column("list", Text, primary_key=True),
    Column("gate", Text, primary_key=True),
    Column("figure", Text, primary_key=True),
    Column("n", BigInteger),
)
PARKED = Table(
    "parked",
    METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("topic", Text),
    Column("version", BigInteger),
    Column("at", BigInteger),
    Column("payload", LargeBinary),
)
STAFF = Table(
    "staff",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("role", Text),
    Column("password", Text),
    Column("added", Text),
)
LOGIN_LINKS = Table(
    "login_links",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("staff", Text),
    Column("expires", BigInteger),
)
