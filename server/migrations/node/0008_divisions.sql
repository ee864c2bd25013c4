CREATE TABLE division (
  -- Province 2, prefecture 4, county 6, street, town or township 9, community or village 12 digits.
  code TEXT NOT NULL PRIMARY KEY CHECK (length(code) IN (2, 4, 6, 9, 12)),
  -- As the imported table calls it.
  name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
