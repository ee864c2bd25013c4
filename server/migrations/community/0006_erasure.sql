-- Epochs of registry documents, and what was erased. Truth like the log: a rebuild starts from
-- an epoch's document, since what came before it may have been erased.

CREATE TABLE epoch_document (
  -- Each time a registry document was rotated (docs/protocol.md section 8).
  part   INTEGER NOT NULL REFERENCES part (number),
  epoch  INTEGER NOT NULL CHECK (epoch >= 2),
  -- The line that began it.
  lsn    INTEGER NOT NULL,
  -- compaction, or erased: then nobody can come from before it by lines.
  reason TEXT NOT NULL,
  -- SHA-256 over the values it began with, as in the digest of a part.
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  -- The document it began with, in automerge's format. NULL: a later epoch has begun.
  bytes  BLOB,
  PRIMARY KEY (part, epoch)
) STRICT;

CREATE TABLE erased (
  -- Whatever has an id with this hash was erased and never comes back. Never deleted from.
  subject_hash BLOB NOT NULL PRIMARY KEY CHECK (length(subject_hash) = 32),
  -- The line that says so.
  lsn          INTEGER NOT NULL,
  -- Home's clock, milliseconds UTC.
  at_ms        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE erased_entry (
  -- Entries whose body was erased, or never kept, since they name something erased. Their hash
  -- stays in entry, for the chains.
  entry   INTEGER NOT NULL PRIMARY KEY REFERENCES entry (number),
  -- The last line of the log then.
  lsn     INTEGER NOT NULL,
  -- What still counts of a record: an entry with fewer fields. NULL: nothing.
  remains BLOB,
  -- Entities that an edit made and that stay: JSON, [[type, id] …]. NULL: none.
  makes   TEXT
) STRICT;
