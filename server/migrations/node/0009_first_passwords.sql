-- Until when the password serves that the office gave: with it its holder sets an own one, and does nothing else.
-- NULL: it is the holder's own, or was printed on the command line.
ALTER TABLE account ADD COLUMN first_until_ms INTEGER;
