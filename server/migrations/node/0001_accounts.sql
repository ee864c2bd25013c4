-- Node matters: who signs in here, with what, and which keys this server holds.
-- Nothing in this file is needed to understand a community's file.

CREATE TABLE account (
  -- Someone who signs in. An account belongs to one community.
  name          TEXT NOT NULL PRIMARY KEY,
  -- PHC string, Argon2id.
  password_hash TEXT NOT NULL,
  -- The worker that this person's entries name (16 bytes).
  worker        BLOB NOT NULL CHECK (length(worker) = 16),
  display_name  TEXT NOT NULL,
  -- 12-digit code.
  community     TEXT NOT NULL CHECK (length(community) = 12),
  -- A hint for the desk's menu. What someone may do is said by assignment records alone.
  role          TEXT NOT NULL CHECK (role IN ('secretary', 'worker')),
  created_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX account_by_worker ON account (community, worker);

CREATE TABLE session (
  -- One sign-in. The token itself is known to the client alone.
  token_hash   BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  account      TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
  kind         TEXT NOT NULL CHECK (kind IN ('phone', 'desk')),
  -- Phones only.
  device       BLOB CHECK (device IS NULL OR length(device) = 16),
  created_ms   INTEGER NOT NULL,
  expires_ms   INTEGER NOT NULL,
  -- Kept to a few minutes, not to the request.
  last_used_ms INTEGER NOT NULL,
  CHECK ((kind = 'phone') = (device IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_account ON session (account);
CREATE INDEX session_by_end ON session (expires_ms);

CREATE TABLE phone_device (
  -- A phone's key as it was registered. The community's log says the same in a record of
  -- kind device; `recorded` turns 1 once that record is in the log.
  device        BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 16),
  account       TEXT NOT NULL REFERENCES account (name),
  community     TEXT NOT NULL CHECK (length(community) = 12),
  -- Uncompressed P-256 point.
  public_key    BLOB NOT NULL CHECK (length(public_key) = 65),
  name          TEXT NOT NULL,
  registered_ms INTEGER NOT NULL,
  recorded      INTEGER NOT NULL DEFAULT 0 CHECK (recorded IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE office_device (
  -- A device of this server: desk accounts, the importer and the home write through one each.
  -- Holder is an account name, or `:home`, `:importer` (no account name has a colon).
  holder      TEXT NOT NULL,
  community   TEXT NOT NULL CHECK (length(community) = 12),
  device      BLOB NOT NULL UNIQUE CHECK (length(device) = 16),
  -- The worker whose name its entries carry.
  worker      BLOB NOT NULL CHECK (length(worker) = 16),
  -- P-256 secret scalar. The file is 0600 in a folder of 0700.
  secret_key  BLOB NOT NULL CHECK (length(secret_key) = 32),
  created_ms  INTEGER NOT NULL,
  PRIMARY KEY (holder, community)
) STRICT, WITHOUT ROWID;
