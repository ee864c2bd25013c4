-- Every request of a phone is signed by its key: sessions are the desk's alone.
CREATE TABLE session_of_desk (
  -- One sign-in. The token itself is known to the browser alone.
  token_hash   BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  account      TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
  created_ms   INTEGER NOT NULL,
  expires_ms   INTEGER NOT NULL,
  -- Kept to a few minutes, not to the request.
  last_used_ms INTEGER NOT NULL,
  -- 1: it began with a second factor, or one was shown since.
  strong       INTEGER NOT NULL DEFAULT 0 CHECK (strong IN (0, 1)),
  -- When its holder last proved who they are; 0: before this was noted.
  proved_ms    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO session_of_desk
  SELECT token_hash, account, created_ms, expires_ms, last_used_ms, strong, proved_ms FROM session WHERE kind = 'desk';
DROP TABLE session;
ALTER TABLE session_of_desk RENAME TO session;
CREATE INDEX session_by_account ON session (account);
CREATE INDEX session_by_end ON session (expires_ms);
