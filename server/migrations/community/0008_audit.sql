-- Who did or saw what, about whom: append-only, chained, its head signed. No personal values:
-- people of the office are ids of workers, whom it is about are hashes.

CREATE TABLE audit_line (
  number    INTEGER NOT NULL PRIMARY KEY,
  -- Home's clock, milliseconds UTC.
  at_ms     INTEGER NOT NULL,
  -- Who (16 bytes).
  worker    BLOB NOT NULL CHECK (length(worker) = 16),
  -- What (server/src/store/community/audit.rs), and where: a part, a phone.
  action    TEXT NOT NULL,
  place     TEXT,
  -- How many it is about; they are in audit_subject.
  subjects  INTEGER NOT NULL,
  -- SHA-256 of the line before, and of this one.
  h         BLOB NOT NULL CHECK (length(h) = 32)
) STRICT;

CREATE TABLE audit_subject (
  -- First 8 bytes of the hash by which an id is known once it is erased, big-endian, signed.
  subject   INTEGER NOT NULL,
  line      INTEGER NOT NULL REFERENCES audit_line (number),
  PRIMARY KEY (subject, line)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_subject_by_line ON audit_subject (line);

CREATE TABLE audit_head (
  -- Of the line with this number, signed with the home's key.
  number    INTEGER NOT NULL PRIMARY KEY REFERENCES audit_line (number),
  at_ms     INTEGER NOT NULL,
  signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;

CREATE TRIGGER audit_line_is_not_changed BEFORE UPDATE ON audit_line
BEGIN SELECT raise(ABORT, 'an audit line is not changed'); END;
CREATE TRIGGER audit_line_is_not_deleted BEFORE DELETE ON audit_line
BEGIN SELECT raise(ABORT, 'an audit line is not deleted'); END;
