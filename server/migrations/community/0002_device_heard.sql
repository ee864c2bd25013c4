-- When devices were heard from: a door that nobody recorded is not visited, or not yet heard
-- from, by this table. No entry says it, so no rebuild can make it again.

CREATE TABLE device_heard (
  device      BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 16),
  -- Home's clock at the last contact, news or not, milliseconds UTC.
  contact_ms  INTEGER NOT NULL,
  -- At the last contact after which all that the device said it had was here. NULL: never yet.
  complete_ms INTEGER
) STRICT, WITHOUT ROWID;

INSERT INTO device_heard (device, contact_ms, complete_ms)
SELECT d.device, max(c.at_ms), max(iif(c.last <= d.seq, c.at_ms, NULL))
  FROM device_contact c JOIN device_log d ON d.number = c.device
 GROUP BY d.device;
