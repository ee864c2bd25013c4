-- What the nights did, so that one broken off goes on where it stopped.

CREATE TABLE night_run (
  -- 12-digit code; `node` for what is nobody's alone.
  community   TEXT NOT NULL CHECK (length(community) = 12 OR community = 'node'),
  -- The day that the night closes, `2026-11-24`.
  day         TEXT NOT NULL CHECK (length(day) = 10),
  step        TEXT NOT NULL CHECK (step IN ('verify', 'close', 'list', 'backup')),
  started_ms  INTEGER NOT NULL,
  -- NULL: broken off, or under way.
  finished_ms INTEGER,
  -- done is not done again; anything else is.
  outcome     TEXT CHECK (outcome IN ('done', 'failed')),
  -- One sentence for people.
  detail      TEXT,
  PRIMARY KEY (community, day, step),
  CHECK ((finished_ms IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;
