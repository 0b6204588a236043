-- How far each destination has what the ledger holds.
CREATE TABLE cursors (
  destination TEXT NOT NULL,
  log TEXT NOT NULL,
  acked INTEGER NOT NULL,
  PRIMARY KEY (destination, log)
) WITHOUT ROWID;
-- Rows that a destination refused.
CREATE TABLE parked (
  destination TEXT NOT NULL,
  log TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (destination, log, first, last)
) WITHOUT ROWID;
-- One line: how the reporting goes.
CREATE TABLE reporting (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  connected INTEGER NOT NULL,
  since TEXT NOT NULL,
  sent INTEGER NOT NULL,
  acked INTEGER NOT NULL,
  waiting INTEGER NOT NULL,
  acked_at TEXT NOT NULL,
  fault TEXT NOT NULL DEFAULT ''
);
