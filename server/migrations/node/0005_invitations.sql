-- How phones come in: somebody who may makes an invitation for one worker, a phone comes with its
-- code, and somebody compares six digits before the phone's key is registered.

CREATE TABLE invitation (
  -- A name for it that lets nobody in.
  id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  -- SHA-256 over the code, with a prefix of its own; the code itself is on a screen and nowhere here.
  code_hash  BLOB NOT NULL UNIQUE CHECK (length(code_hash) = 32),
  -- Whose phone it is to be.
  account    TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
  -- The worker who made it.
  issued_by  BLOB NOT NULL CHECK (length(issued_by) = 16),
  issued_ms  INTEGER NOT NULL,
  -- NULL: a standing one, of the demo: used any number of times, by whoever has it, while the home
  -- is served as a demo.
  expires_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment (
  -- A phone that came with an invitation: what it committed itself to before it knew `nonce`.
  commitment BLOB NOT NULL PRIMARY KEY CHECK (length(commitment) = 32),
  invitation BLOB NOT NULL REFERENCES invitation (id) ON DELETE CASCADE,
  -- The home's part of what the six digits are made of.
  nonce      BLOB NOT NULL CHECK (length(nonce) = 32),
  begun_ms   INTEGER NOT NULL,
  -- begun: it has not shown its key; shown: its key is here and somebody is to compare.
  state      TEXT NOT NULL CHECK (state IN ('begun', 'shown', 'confirmed', 'refused')),
  device     BLOB NOT NULL CHECK (length(device) = 16),
  -- The rest once it is shown. Uncompressed P-256 point.
  public_key BLOB CHECK (public_key IS NULL OR length(public_key) = 65),
  name       TEXT,
  -- The device that this installation was until it was stopped.
  replaces   BLOB CHECK (replaces IS NULL OR length(replaces) = 16),
  -- The six digits that both sides show.
  comparison TEXT CHECK (comparison IS NULL OR length(comparison) = 6),
  CHECK ((state = 'begun') = (public_key IS NULL) OR state = 'refused'),
  CHECK ((public_key IS NULL) = (comparison IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX enrolment_by_invitation ON enrolment (invitation);
