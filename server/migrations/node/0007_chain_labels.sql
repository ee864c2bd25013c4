CREATE TABLE chain_label (
  -- What a street calls a level of the responsibility chain, where it is not the usual word.
  street TEXT NOT NULL CHECK (length(street) = 9),
  -- street, community, grid, building or household.
  level  TEXT NOT NULL,
  label  TEXT NOT NULL,
  PRIMARY KEY (street, level)
) STRICT, WITHOUT ROWID;
