-- Whoever knocks again and again within a minute is one row with a count, so that a flood of wrong
-- keys is seen whole and fills nothing. Rows from before stand for one each.
SET LOCAL ROLE anchor_owner;

ALTER TABLE security_events
  ADD COLUMN minute  timestamptz,
  ADD COLUMN count   bigint NOT NULL DEFAULT 1 CHECK (count > 0),
  ADD COLUMN last_at timestamptz;
UPDATE security_events SET last_at = at;
ALTER TABLE security_events
  ALTER COLUMN last_at SET NOT NULL,
  ALTER COLUMN last_at SET DEFAULT clock_timestamp();

CREATE UNIQUE INDEX security_events_repeats
  ON security_events (kind, coalesce(partner_id, ''), coalesce(address, ''), minute);
GRANT UPDATE (count, last_at), DELETE ON security_events TO anchor_app;

RESET ROLE;
