-- Derived from the log, beside the tables that the kind files give. Dropped and made again
-- from the log whenever kind files or this file change; never edited by hand.

CREATE TABLE kind (
  -- Kinds by number, so that rows stay small.
  number INTEGER NOT NULL PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE worker (
  -- The name the office last gave each worker.
  number INTEGER NOT NULL PRIMARY KEY,
  id     BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  -- NULL until an assignment names the worker.
  name   TEXT
) STRICT;

CREATE TABLE merged_entry (
  -- Every entry that counts: records and edits. What its fields say is in record_<kind>. Neither
  -- has foreign keys: they would look up again what was just written (menpai verify checks them).
  -- Number of the entry.
  entry             INTEGER NOT NULL PRIMARY KEY,
  -- The line that merged it.
  lsn               INTEGER NOT NULL,
  -- Numbers of its kind and its worker.
  kind              INTEGER NOT NULL,
  worker            INTEGER NOT NULL,
  -- Made-time, milliseconds UTC.
  made_ms           INTEGER NOT NULL,
  -- The device's clock, milliseconds UTC, and its offset from UTC.
  made_at_ms        INTEGER NOT NULL,
  made_at_offset_minutes INTEGER NOT NULL,
  -- Ids of the records that this one corrects or withdraws.
  supersedes        BLOB CHECK (length(supersedes) = 16),
  retracts          BLOB CHECK (length(retracts) = 16)
) STRICT;

CREATE INDEX merged_entry_by_time ON merged_entry (made_ms);
CREATE INDEX merged_entry_superseding ON merged_entry (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX merged_entry_retracting ON merged_entry (retracts) WHERE retracts IS NOT NULL;

CREATE TABLE sealed_number (
  -- Whose number a merged entry carries. The number stands nowhere in clear: what is kept is a keyed
  -- hash, by which two people with one number are found. The key is not in this file.
  entry   INTEGER NOT NULL PRIMARY KEY,
  -- A person.
  subject BLOB NOT NULL CHECK (length(subject) = 16),
  -- NULL: it was sealed to a key that the home has no longer.
  hash    BLOB CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE entity (
  -- Every registry entity that an edit makes. An id is never made twice.
  number INTEGER NOT NULL PRIMARY KEY,
  id     BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  -- Registry type.
  type   TEXT NOT NULL,
  -- NULL: the whole community.
  grid   BLOB CHECK (length(grid) = 16),
  -- The entry that makes it.
  maker  INTEGER NOT NULL REFERENCES entry (number),
  -- 1: that entry is held, so the entity exists for nobody.
  held   INTEGER NOT NULL CHECK (held IN (0, 1))
) STRICT;

CREATE TABLE held_entry (
  -- Every entry that is or was held or waiting, as its last line has it.
  entry   INTEGER NOT NULL PRIMARY KEY REFERENCES entry (number),
  device  INTEGER NOT NULL REFERENCES device_log (number),
  -- That line.
  lsn     INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  -- The held entry that alone makes what it is about, where that is why it is held.
  needs   BLOB CHECK (length(needs) = 16)
) STRICT;

CREATE INDEX held_entry_by_device ON held_entry (device, lsn);
CREATE INDEX held_entry_by_verdict ON held_entry (verdict, lsn);
CREATE INDEX held_entry_needing ON held_entry (needs) WHERE needs IS NOT NULL;

CREATE TABLE registry_value (
  -- Every distinct visible value of every registry field. More than one: a conflict.
  entity INTEGER NOT NULL REFERENCES entity (number),
  field  TEXT NOT NULL,
  -- 0 is the one shown.
  rank   INTEGER NOT NULL,
  part   INTEGER NOT NULL REFERENCES part (number),
  -- As JSON, so that a cleared field (null), 1 and true differ.
  value  TEXT NOT NULL,
  -- Who wrote it, and when by his clock, in whole seconds. NULL: not known.
  device BLOB CHECK (length(device) = 16),
  at_s   INTEGER NOT NULL,
  PRIMARY KEY (entity, field, rank)
) STRICT, WITHOUT ROWID;

CREATE INDEX registry_conflict ON registry_value (entity, field) WHERE rank > 0;

CREATE TABLE registry_head (
  -- Where each registry document stands: what an edit made now states as its base.
  part  INTEGER NOT NULL PRIMARY KEY REFERENCES part (number),
  epoch INTEGER NOT NULL,
  -- The line of its last change.
  lsn   INTEGER NOT NULL,
  -- 32 bytes each, sorted.
  heads BLOB NOT NULL CHECK (length(heads) % 32 = 0)
) STRICT;

CREATE TABLE registry_document (
  -- A registry document as it was at a line; the changes since are derived again from the
  -- log when it is loaded.
  part  INTEGER NOT NULL PRIMARY KEY REFERENCES part (number),
  epoch INTEGER NOT NULL,
  lsn   INTEGER NOT NULL,
  -- automerge's format.
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE snapshot (
  -- Parts as they were at a line, ready to travel (docs/protocol.md section 14). Made when
  -- asked for; the two newest of a part and sort are kept.
  part       INTEGER NOT NULL REFERENCES part (number),
  -- The sort. 1: made for devices that do without what was overtaken.
  leaves_out INTEGER NOT NULL CHECK (leaves_out IN (0, 1)),
  -- The part up to this line is in it.
  lsn        INTEGER NOT NULL,
  -- SHA-256 of bytes.
  id         BLOB NOT NULL CHECK (length(id) = 32),
  -- What its header says that it leaves out, or would say if there were anything, as JSON. NULL:
  -- it is of the other sort.
  left_out   TEXT,
  bytes      BLOB NOT NULL,
  PRIMARY KEY (part, leaves_out, lsn)
) STRICT;

CREATE VIEW conflict AS
-- Every value of every registry field that has more than one, the one shown first.
SELECT e.type, e.id AS entity, e.grid, v.field, v.rank, v.value, v.device, v.at_s
  FROM registry_value v JOIN entity e ON e.number = v.entity
 WHERE (v.entity, v.field) IN (SELECT entity, field FROM registry_value WHERE rank > 0)
 ORDER BY e.type, e.id, v.field, v.rank;

CREATE VIEW building_name AS
-- Buildings and other places, with the compound they stand in.
SELECT e.id, concat_ws(' ', compound.name, place.name) AS name
  FROM registry_place place JOIN entity e ON e.number = place.entity
  LEFT JOIN entity ce ON ce.id = place.parent_id
  LEFT JOIN registry_place compound ON compound.entity = ce.number AND compound.type IN ('compound', 'estate');

CREATE VIEW entity_address AS
-- Where things are, in words: building, unit and room; people by their household's door.
SELECT id, name AS address FROM building_name
UNION ALL
SELECT e.id, concat_ws(' ', b.name, nullif(d.unit, '') || '单元', d.room)
  FROM registry_dwelling d JOIN entity e ON e.number = d.entity
  LEFT JOIN building_name b ON b.id = d.building_id
UNION ALL
SELECT e.id, concat_ws(' ', b.name, nullif(d.unit, '') || '单元', d.room)
  FROM registry_household h JOIN entity e ON e.number = h.entity
  JOIN entity de ON de.id = h.dwelling_id JOIN registry_dwelling d ON d.entity = de.number
  LEFT JOIN building_name b ON b.id = d.building_id
UNION ALL
SELECT e.id, concat_ws(' ', b.name, nullif(d.unit, '') || '单元', d.room)
  FROM registry_person p JOIN entity e ON e.number = p.entity
  JOIN entity he ON he.id = p.household_id JOIN registry_household h ON h.entity = he.number
  JOIN entity de ON de.id = h.dwelling_id JOIN registry_dwelling d ON d.entity = de.number
  LEFT JOIN building_name b ON b.id = d.building_id;
