-- The truth of one community's file: who it is, what every device sent, what the home
-- decided. Everything else in the file is derived from these tables and can be rebuilt.

CREATE TABLE log_identity (
  -- Exactly one row.
  one            INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  -- 12-digit division code.
  code           TEXT NOT NULL CHECK (length(code) = 12),
  -- This life of the home's log; a restored server starts another.
  log            BLOB NOT NULL CHECK (length(log) = 16),
  -- Public half of the key that signs heads and receipts: an uncompressed point, hexadecimal.
  receipt_key    TEXT NOT NULL CHECK (length(receipt_key) = 130),
  -- The office device that writes the first entries; no record can register it before them.
  founder_device BLOB NOT NULL CHECK (length(founder_device) = 16),
  founder_worker BLOB NOT NULL CHECK (length(founder_worker) = 16),
  founder_key    TEXT NOT NULL CHECK (length(founder_key) = 130),
  created_ms     INTEGER NOT NULL,
  -- The log this one continues, and where it left it; NULL for a first life.
  parent_log     BLOB CHECK (length(parent_log) = 16),
  parent_lsn     INTEGER,
  parent_h       BLOB CHECK (length(parent_h) = 32)
) STRICT;

CREATE TABLE log_head (
  -- Exactly one row: the end of the community log, its chain, and the home's signature.
  one       INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  lsn       INTEGER NOT NULL,
  h         BLOB NOT NULL CHECK (length(h) = 32),
  signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;

CREATE TABLE part (
  -- Parts by number, so that lines stay small.
  number INTEGER NOT NULL PRIMARY KEY,
  -- `<grid id>/open`, `<grid id>/care`, `community/open`, `community/care`.
  name   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE device_log (
  -- How far each device's log is here without gaps.
  number    INTEGER NOT NULL PRIMARY KEY,
  device    BLOB NOT NULL UNIQUE CHECK (length(device) = 16),
  -- Entries 1 … seq are all here.
  seq       INTEGER NOT NULL,
  -- The device's chain at seq.
  h         BLOB NOT NULL CHECK (length(h) = 32),
  -- The device's signature over the chain at seq; NULL before the first entry.
  signature BLOB CHECK (length(signature) = 64)
) STRICT;

CREATE TABLE device_island (
  -- Entries that arrived past a gap. Gone once the gap is filled.
  device    INTEGER NOT NULL REFERENCES device_log (number),
  first     INTEGER NOT NULL,
  last      INTEGER NOT NULL CHECK (last >= first),
  -- The device's chain before first and at last, vouched for by its signature at last.
  previous  BLOB NOT NULL CHECK (length(previous) = 32),
  h         BLOB NOT NULL CHECK (length(h) = 32),
  signature BLOB NOT NULL CHECK (length(signature) = 64),
  PRIMARY KEY (device, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_contact (
  -- Contacts that bound made-times from below: at at_ms the device's log ended at last, so
  -- what comes after last was made later. Only those that an entry may still need.
  device INTEGER NOT NULL REFERENCES device_log (number),
  last   INTEGER NOT NULL,
  -- Home's clock, milliseconds UTC.
  at_ms  INTEGER NOT NULL,
  PRIMARY KEY (device, last)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
  -- Entries exactly as they were made, in order of arrival.
  number     INTEGER NOT NULL PRIMARY KEY,
  device     INTEGER NOT NULL REFERENCES device_log (number),
  -- Position in the device's log.
  seq        INTEGER NOT NULL,
  -- NULL where the bytes cannot be read.
  id         BLOB CHECK (length(id) = 16),
  -- The entry's bytes, compressed by themselves so that one can be erased. NULL: over the
  -- size limit, or the same bytes stand in the row that same_as names.
  body       BLOB,
  -- Version of server/dictionaries that body is compressed with; 0: as it is.
  dictionary INTEGER NOT NULL,
  -- SHA-256 of the bytes, only where body is NULL.
  hash       BLOB CHECK (length(hash) = 32),
  -- The entry that has this id and these bytes already, from another device.
  same_as    INTEGER REFERENCES entry (number),
  UNIQUE (device, seq),
  CHECK ((body IS NULL) = (hash IS NOT NULL))
) STRICT;

-- One id is one entry: the row with the smallest number has it.
CREATE INDEX entry_by_id ON entry (id) WHERE id IS NOT NULL;

CREATE TABLE log_line (
  -- The community log: one line for each verdict. The last line of an entry counts.
  lsn                 INTEGER NOT NULL PRIMARY KEY,
  entry               INTEGER NOT NULL REFERENCES entry (number),
  part                INTEGER NOT NULL REFERENCES part (number),
  -- merged, held or waiting.
  verdict             TEXT NOT NULL CHECK (verdict IN ('merged', 'held', 'waiting')),
  -- Why it does not count (docs/protocol.md section 7), and what that is about.
  reason              TEXT,
  detail              TEXT,
  -- Home's clock when the entry first arrived, milliseconds UTC.
  received_ms         INTEGER NOT NULL,
  -- Home's clock minus device's clock at that upload.
  offset_ms           INTEGER NOT NULL,
  -- Made-time, milliseconds UTC.
  made_ms             INTEGER NOT NULL,
  -- Merged edits only, what the change was derived from: epoch and seq (8 bytes each,
  -- big-endian), hash of the change, then its deps (32 bytes each).
  derived             BLOB CHECK (length(derived) >= 48 AND (length(derived) - 48) % 32 = 0),
  -- The envelope's exact bytes. NULL: they are what envelope layout 1 writes from the
  -- columns of this row and its entry (a third of the bytes on disk; a golden test holds it).
  envelope            BLOB,
  CHECK ((verdict = 'merged') = (reason IS NULL))
) STRICT;

CREATE INDEX log_line_by_part ON log_line (part, lsn);
CREATE INDEX log_line_by_entry ON log_line (entry);

CREATE TABLE derived_state (
  -- Exactly one row: what the derived tables were made from. Another fingerprint means that
  -- they are dropped and made again from the log.
  one         INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  fingerprint TEXT NOT NULL
) STRICT;
