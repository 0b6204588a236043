-- Facts of this file itself: what happened to it, and under `log:<id>` each log's name once more, for salvage.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- One log for each boot of the machine in which something was written, and those of other nodes.
CREATE TABLE logs (
  id INTEGER PRIMARY KEY,
  log TEXT NOT NULL UNIQUE,
  node TEXT NOT NULL,
  boot TEXT NOT NULL,
  begun TEXT NOT NULL
);

-- The ledger. `body` is the row as it goes over the wire; the other columns are what it is found by. `seq` is the order
-- of arrival in this file, for nobody else.
CREATE TABLE ledger (
  seq INTEGER PRIMARY KEY,
  log INTEGER NOT NULL REFERENCES logs (id),
  offset INTEGER NOT NULL CHECK (offset > 0),
  kind TEXT NOT NULL,
  nonce TEXT NOT NULL,
  list TEXT NOT NULL,
  ticket TEXT,
  annuls TEXT,
  body BLOB NOT NULL
);
CREATE UNIQUE INDEX ledger_place ON ledger (log, offset);
CREATE INDEX ledger_nonce ON ledger (nonce);
CREATE INDEX ledger_ticket ON ledger (ticket, list) WHERE ticket IS NOT NULL AND kind IN ('entry', 'exit', 'settlement');
CREATE INDEX ledger_annuls ON ledger (annuls) WHERE annuls IS NOT NULL;

CREATE TRIGGER ledger_keeps_rows BEFORE DELETE ON ledger BEGIN
  SELECT RAISE(ABORT, 'ledger rows are never deleted');
END;
CREATE TRIGGER ledger_keeps_content BEFORE UPDATE ON ledger BEGIN
  SELECT RAISE(ABORT, 'ledger rows are never changed');
END;

-- attendance.Tally, moved in the transaction of the rows that move it.
CREATE TABLE tallies (
  list TEXT NOT NULL,
  gate TEXT NOT NULL,
  figure TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (list, gate, figure)
) WITHOUT ROWID;

-- Verdicts of this node on their way to a person, the last one of each credential: gone once shown. One that nobody saw
-- is given again once, to the scan whose nonce then stands in `again`.
CREATE TABLE unshown (
  credential BLOB PRIMARY KEY,
  nonce TEXT NOT NULL,
  at INTEGER NOT NULL,
  boot TEXT NOT NULL,
  again TEXT
) WITHOUT ROWID;

-- Rosters are written beside the living one and switched by `state`.
CREATE TABLE rosters (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('staged', 'living', 'old')),
  source TEXT NOT NULL,
  digest TEXT NOT NULL,
  rows INTEGER NOT NULL DEFAULT 0,
  at TEXT NOT NULL,
  indexed INTEGER NOT NULL DEFAULT 0 -- 1: ticket_ids holds all of it
);
CREATE UNIQUE INDEX rosters_one_lives ON rosters (state) WHERE state = 'living';
CREATE TABLE tickets (
  roster INTEGER NOT NULL REFERENCES rosters (id),
  code TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  product TEXT NOT NULL,
  status TEXT NOT NULL,
  hub TEXT NOT NULL,
  valid_from INTEGER,
  valid_until INTEGER,
  PRIMARY KEY (roster, code)
) WITHOUT ROWID;
-- Finds a ticket by its id. Written in the order of the ids once the roster lives: tickets come in the order of their
-- codes, and an index kept meanwhile would write each of its pages a hundred times.
CREATE TABLE ticket_ids (
  roster INTEGER NOT NULL,
  id TEXT NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (roster, id, code)
) WITHOUT ROWID;

CREATE TABLE staff (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  password TEXT,
  added TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE login_links (
  digest BLOB PRIMARY KEY,
  staff TEXT NOT NULL REFERENCES staff (id),
  expires INTEGER NOT NULL
) WITHOUT ROWID;
