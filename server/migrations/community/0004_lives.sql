-- A file put back from a copy begins another life of its log, under an id of its own.

-- The id that the chain begins with; NULL: this life is the first.
ALTER TABLE log_identity ADD COLUMN first_log BLOB CHECK (length(first_log) = 16);
-- Only in a copy, when it was made, milliseconds UTC: whoever opens it begins a new life.
ALTER TABLE log_identity ADD COLUMN copied_ms INTEGER;

-- What waits for a gap, by nothing, or for an entity, by its id.
CREATE INDEX log_line_waiting ON log_line (detail) WHERE verdict = 'waiting';
