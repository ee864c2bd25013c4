-- A line is written for every entry: what the table checks must cost next to nothing. A list of
-- five verdicts was built anew for each row, and two foreign keys looked up again what the same
-- transaction had just written; menpai verify looks for rows that refer to nothing instead.

CREATE TABLE log_line_7 (
  -- The community log: one line for each verdict. The last line of an entry counts.
  lsn                 INTEGER NOT NULL PRIMARY KEY,
  -- Number of its entry.
  entry               INTEGER NOT NULL,
  -- Number of its part.
  part                INTEGER NOT NULL,
  -- merged, held, waiting, released or set_aside.
  verdict             TEXT NOT NULL CHECK (verdict = 'merged' OR verdict = 'held' OR verdict = 'waiting'
                                           OR verdict = 'released' OR verdict = 'set_aside'),
  -- Why it did not count (docs/protocol.md section 7), and what that is about: for released
  -- and set_aside the entry of the office that says so.
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

INSERT INTO log_line_7
SELECT lsn, entry, part, verdict, reason, detail, received_ms, offset_ms, made_ms, derived, envelope FROM log_line;

PRAGMA legacy_alter_table = ON;
DROP TABLE log_line;
ALTER TABLE log_line_7 RENAME TO log_line;
PRAGMA legacy_alter_table = OFF;

CREATE INDEX log_line_by_part ON log_line (part, lsn);
CREATE INDEX log_line_by_entry ON log_line (entry);
CREATE INDEX log_line_waiting ON log_line (detail) WHERE verdict = 'waiting';

-- Entries that another device had sent before: their verdict is that one's.
CREATE INDEX entry_sent_before ON entry (device, seq) WHERE same_as IS NOT NULL;
