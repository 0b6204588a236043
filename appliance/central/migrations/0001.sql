-- {id}, {bytes} and {keyed} stand for what SQLite and PostgreSQL call differently; see database.py.
-- A statement ends at a semicolon that ends its line.

CREATE TABLE hubs (
  id {id},
  name TEXT NOT NULL UNIQUE,
  counts {bytes},
  counts_at BIGINT NOT NULL DEFAULT 0,
  counts_node TEXT NOT NULL DEFAULT ''
);

-- The last word of each node, as it came.
CREATE TABLE nodes (
  hub BIGINT NOT NULL REFERENCES hubs (id),
  node TEXT NOT NULL,
  status {bytes} NOT NULL,
  status_at BIGINT NOT NULL,
  PRIMARY KEY (hub, node)
) {keyed};

-- All rows of a log up to `through` are stored or refused.
CREATE TABLE logs (
  id {id},
  hub BIGINT NOT NULL REFERENCES hubs (id),
  log TEXT NOT NULL,
  through BIGINT NOT NULL,
  UNIQUE (hub, log)
);

-- `body` is the row as it came; the other columns are what it is found by.
CREATE TABLE rows (
  hub BIGINT NOT NULL REFERENCES hubs (id),
  log BIGINT NOT NULL REFERENCES logs (id),
  "offset" BIGINT NOT NULL CHECK ("offset" > 0),
  tick BIGINT NOT NULL,
  kind TEXT NOT NULL,
  nonce TEXT NOT NULL,
  list TEXT NOT NULL,
  ticket TEXT,
  annuls TEXT,
  body {bytes} NOT NULL
);
CREATE UNIQUE INDEX rows_place ON rows (log, "offset");
CREATE INDEX rows_nonce ON rows (nonce);
CREATE INDEX rows_ticket ON rows (hub, ticket) WHERE ticket IS NOT NULL AND kind IN ('entry', 'exit', 'settlement');
CREATE INDEX rows_annuls ON rows (annuls) WHERE annuls IS NOT NULL;

-- Rows that are not counted, each with why: `refused` by its content, `ahead` of central's time, `conflicting` with another
-- that came first under the same log and offset.
CREATE TABLE refused (
  id {id},
  log BIGINT NOT NULL REFERENCES logs (id),
  "offset" BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('refused', 'ahead', 'conflicting')),
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  body {bytes} NOT NULL
);
CREATE INDEX refused_place ON refused (log, "offset");

-- attendance.Tally of each hub, moved in the transaction of the rows that move it.
CREATE TABLE tallies (
  hub BIGINT NOT NULL REFERENCES hubs (id),
  list TEXT NOT NULL,
  gate TEXT NOT NULL,
  figure TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (hub, list, gate, figure)
) {keyed};

-- Messages of a version that this central does not know, the newest of them.
CREATE TABLE parked (
  id {id},
  topic TEXT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  payload {bytes} NOT NULL
);

CREATE TABLE staff (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  password TEXT,
  added TEXT NOT NULL
);
CREATE TABLE login_links (
  digest {bytes} PRIMARY KEY,
  staff TEXT NOT NULL REFERENCES staff (id),
  expires BIGINT NOT NULL
);
