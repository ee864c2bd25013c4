-- What somebody at the desk shows beside a password, or instead of one.

-- 1: an invented account of the demonstration, whose password lies in a file beside this one: no
-- second factor is demanded of it.
ALTER TABLE account ADD COLUMN demo INTEGER NOT NULL DEFAULT 0 CHECK (demo IN (0, 1));

-- 1: it began with a second factor, or one was shown since.
ALTER TABLE session ADD COLUMN strong INTEGER NOT NULL DEFAULT 0 CHECK (strong IN (0, 1));
-- When its holder last proved who they are; 0: before this was noted.
ALTER TABLE session ADD COLUMN proved_ms INTEGER NOT NULL DEFAULT 0;

CREATE TABLE passkey (
  -- A key pair of an authenticator (WebAuthn); the public half is all that is here.
  credential    BLOB NOT NULL PRIMARY KEY,
  account       TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
  -- The host name it was made at: it serves at no other.
  relying_party TEXT NOT NULL,
  -- What its holder calls it.
  name          TEXT NOT NULL,
  -- Public key, counter and flags, as webauthn-rs keeps them.
  key_json      TEXT NOT NULL,
  created_ms    INTEGER NOT NULL,
  last_used_ms  INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX passkey_by_account ON passkey (account);

CREATE TABLE one_time_code (
  -- An authenticator app (TOTP, RFC 6238).
  account       TEXT NOT NULL PRIMARY KEY REFERENCES account (name) ON DELETE CASCADE,
  -- The shared secret, sealed with the home's sealing key and bound to the account.
  sealed_secret BLOB NOT NULL,
  -- The 30 seconds of the newest code that was taken: it and older ones are taken no more.
  last_step     INTEGER NOT NULL,
  created_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_code (
  -- For whoever has lost the second factor; each serves once.
  account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
  -- Argon2id of the code, with the salt of its set.
  hash    BLOB NOT NULL CHECK (length(hash) = 32),
  salt    BLOB NOT NULL CHECK (length(salt) = 16),
  PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE known_browser (
  -- A browser in which somebody has signed in: whoever guesses elsewhere does not slow it down.
  -- SHA-256 of what its cookie holds.
  token_hash   BLOB NOT NULL CHECK (length(token_hash) = 32),
  account      TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
  last_used_ms INTEGER NOT NULL,
  PRIMARY KEY (account, token_hash)
) STRICT, WITHOUT ROWID;
