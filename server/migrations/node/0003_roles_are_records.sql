-- Who may do what is said by assignment records of a community, also at the desk.
ALTER TABLE account DROP COLUMN role;
