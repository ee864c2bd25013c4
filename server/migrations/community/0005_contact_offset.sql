-- Between two contacts a phone's clock may be set. Which offset an entry was made under is then
-- told by the contact before it as well.

-- Home's clock minus device's clock at that contact. NULL: of before this was noted.
ALTER TABLE device_contact ADD COLUMN offset_ms INTEGER;
